"""What the viewer plays: one JSON file a run.

Poses are base64 of little-endian int16 millimetres in ground coordinates (x right, y up from the floor, z towards the
viewer; `app.picture.scene`), (N,17,3), -32768 where missing: a tenth of the size of decimal numbers. A person's
`believed` is base64 of (N,17) bytes, 0 for joints whose place is a neutral guess, or null if there are none.
`static/playback.js` reads it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.evaluation.accuracy import compare
from app.motion import Motion, PersonMotion
from app.picture.figure import joint_radius
from app.picture.scene import Scene
from app.picture.side_by_side import SideBySide
from app.quality.curves import CURVES, curves
from demo_videos.truth import Truth, demo_clips, load_truth
from estimators.files import complete_file
from estimators.hashes import file_sha256

VERSION = 1
_MISSING = -32768


def save_playback(played: dict[str, Any], path: Path) -> Path:
    """Write the file for the viewer, whole or not at all."""
    with complete_file(path) as temporary:
        temporary.write_text(json.dumps(played, allow_nan=False, separators=(",", ":")), encoding="utf-8")
    return path


def playback(motion: Motion) -> dict[str, Any]:
    """Everything the viewer needs, ready for JSON."""
    scene = Scene(motion)
    found = truth_of(motion)
    shown = motion.most_seen  # whom a truth is about: clips show one person
    return {
        "version": VERSION,
        "source": motion.source.get("name", ""),
        "fps": float(motion.fps),
        "timestamps": [round(float(seconds), 5) for seconds in motion.timestamps],
        "joints": [name.replace("_", " ") for name in motion.skeleton.joints],
        "parents": list(motion.skeleton.parents),
        "left": list(motion.skeleton.left),
        "right": list(motion.skeleton.right),
        "radii": [joint_radius(motion.skeleton, joint) for joint in range(len(motion.skeleton.joints))],
        "crop": input_pane(motion),
        "centre": [[round(float(value), 3) for value in point] for point in scene.centre],
        "radius": round(scene.radius, 3),
        "height": round(scene.height, 3),
        "measures": [asdict(curve) for curve in CURVES],
        "people": [
            _person(motion, scene, index, found[1] if found and person is shown else None)
            for index, person in enumerate(motion.people)
        ],
        "truth": found[0] if found else None,
        "errors": _errors(motion, found[1]) if found else None,
    }


def input_pane(motion: Motion) -> dict[str, int]:
    """Where the input lies in side_by_side.mp4: pixels from its top-left corner, and the video's size."""
    pictures = SideBySide(motion)
    width, height = pictures.input_size
    return {"width": width, "height": height, "of_width": pictures.size[0], "of_height": pictures.size[1]}


def truth_of(motion: Motion) -> tuple[str, Truth] | None:
    """Name and ground truth, if the video is a bundled clip, whatever its file is called."""
    found = _bundled().get(str(motion.source.get("sha256")))
    if found is None:
        return None
    truth = load_truth(found[1])
    return (found[0], truth) if len(truth) == len(motion) else None


@lru_cache(maxsize=1)
def _bundled() -> dict[str, tuple[str, Path]]:
    """Hash of each bundled clip: its name and ground-truth file."""
    return {file_sha256(video): (name, truth) for name, (video, truth) in demo_clips().items()}


def _person(motion: Motion, scene: Scene, index: int, truth: Truth | None) -> dict[str, Any]:
    person = motion.people[index]
    entry: dict[str, Any] = {
        "id": person.id,
        "provenance": motion.shown_provenance(person).tolist(),
        "confidence": _rounded(person.scores.mean(axis=1)),
        "scores": _base64(np.round(255 * np.clip(person.scores, 0, 1)).astype(np.uint8)),
        "lifted": _millimetres(scene.lifted[index]),
        "refined": _millimetres(scene.refined[index]) if scene.refined is not None else None,
        "sigma": _base64(_sigma(person)) if person.sigma is not None else None,
        "believed": None if person.known[person.present].all() else _base64(person.known.astype(np.uint8)),
        "truth": None,
        "curves": {
            key: {name: _rounded(values) for name, values in variants.items()}
            for key, variants in curves(motion, person).items()
        },
    }
    if truth is not None:
        joints = truth.joints_3d.astype(np.float64)
        placed = joints - joints[:, :1] + person.root[:, None]  # at the estimated root: the poses are compared
        entry["truth"] = _millimetres(scene.to_ground(placed))
    return entry


def _errors(motion: Motion, truth: Truth) -> dict[str, dict[str, float]]:
    """Against the truth, as `d3p demo` prints it: millimetres of lifted and refined."""
    compared = compare(motion, truth)
    found = {name: compared.errors(name) for name in compared.predicted}
    return {name: {"mpjpe": round(error.mpjpe, 1), "p_mpjpe": round(error.p_mpjpe, 1)} for name, error in found.items()}


def _sigma(person: PersonMotion) -> np.ndarray:
    """(N,17) uint8 millimetres, 255 and more as 255, 0 where missing."""
    assert person.sigma is not None
    return np.clip(np.nan_to_num(1000 * person.sigma), 0, 255).round().astype(np.uint8)


def _millimetres(points: np.ndarray) -> str:
    """(N,17,3) metres to base64 of int16 millimetres."""
    whole = np.clip(np.round(1000 * points), -32767, 32767)
    return _base64(np.where(np.isfinite(points), whole, _MISSING).astype("<i2"))


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _rounded(values: np.ndarray) -> list[float | None]:
    """Four significant digits; None where there is no value."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]
