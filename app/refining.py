"""Poses of any other lifter, refined, as a `Motion`: with a root, so that it is exported like any other."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app import motion_file
from app.media.focal import camera_of
from app.motion import Motion, PersonMotion
from app.version import __version__
from app.world.root import estimate_roots
from estimators.hashes import file_sha256
from estimators.observation import Observation
from refiner.refiner import Refiner


def refine_poses(
    observed: Observation, poses: np.ndarray, refiner: Refiner, steps: int = 2, source: dict[str, Any] | None = None
) -> Motion:
    """Refine poses of one person, and estimate where the person is, as in a run.

    Args:
        observed: of N frames, Human3.6M-17: what was lifted; without a focal length one is assumed.
        poses: (N, 17, 3) metres, camera space, root-relative; read where `observed` is present.
        steps: K, see `refiner.steps`.
        source: where they are from, for the motion: `name`, and `sha256` if it is a file.

    Raises:
        ConfigError: K out of range, or a focal length that no camera has.
    """
    camera = camera_of(observed.image_size, observed.focal)
    present = observed.present[:, None, None]
    seen = replace(
        observed,
        focal=camera["focal_px"],
        keypoints=np.where(present, observed.keypoints, np.nan).astype(np.float32),
        scores=np.where(observed.present[:, None], observed.scores, 0).astype(np.float32),
    )
    lifted = np.where(present, poses, np.nan).astype(np.float32)
    refined = np.full_like(lifted, np.nan)
    sigma = np.full(lifted.shape[:2], np.nan, np.float32)
    for run in observed.runs():
        found = refiner.refine(observed.part(run), lifted[run], steps)
        refined[run], sigma[run] = found.poses, found.sigma
    (root,) = estimate_roots([seen], [refined])
    person = PersonMotion(
        observed.id, seen.keypoints, seen.scores, observed.provenance, lifted, root, refined=refined, sigma=sigma
    )
    return Motion(
        people=(person,),
        timestamps=np.arange(len(observed)) / float(observed.fps),
        fps=Fraction(observed.fps).limit_denominator(1001),
        image_size=observed.image_size,
        source=source or {"name": "poses", "sha256": None},
        camera=camera,
        models={"detector": None, "lifter": None, "refiner": refiner.description(), "d3prefiner": __version__},
        options={"steps": steps},
        cuts=observed.cuts,
    )


def source_of(path: Path) -> dict[str, Any]:
    """How a motion names the file that it was made of.

    Raises:
        OSError: it cannot be read.
    """
    return {"name": path.name, "sha256": file_sha256(path)}


def save_refined(motion: Motion, path: str | Path) -> Path:
    """Write a motion of one person as a motion file that has, besides, `refined` and `sigma` under these plain names.

    Raises:
        ConfigError: it cannot be written.
    """
    (person,) = motion.people
    return motion_file.save(motion, path, {"refined": person.refined, "sigma": person.sigma})
