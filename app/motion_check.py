"""Whether a `Motion` agrees with itself, be it from a run or from somebody's file."""

from __future__ import annotations

import numpy as np

from app.motion import ARRAYS, Motion, PersonMotion
from estimators.errors import DataError
from estimators.observation import Provenance


def check(motion: Motion) -> None:
    """Whether a motion agrees with itself.

    Raises:
        DataError: shapes, types or missing frames contradict each other.
    """
    if motion.timestamps.ndim != 1:
        raise DataError("The timestamps of a motion must be a list of seconds.")
    n = len(motion.timestamps)
    if n == 0 or not motion.people:
        raise DataError("A motion needs at least one frame and one person.")
    if not np.isfinite(motion.timestamps).all() or (np.diff(motion.timestamps) <= 0).any():
        raise DataError("The timestamps of a motion must increase from frame to frame.")
    if motion.looked is not None and (motion.looked.shape != (n,) or motion.looked.dtype != bool):
        raise DataError(f"What a motion of {n} frames has looked at must be as many times true or false.")
    if any(not 0 < cut < n for cut in motion.cuts) or list(motion.cuts) != sorted(set(motion.cuts)):
        raise DataError("The cuts of a motion must be frames after its first, rising.")
    if motion.fps <= 0 or min(motion.image_size) <= 0:
        raise DataError("The frame rate and the image size of a motion must be positive.")
    if len({person.id for person in motion.people}) < len(motion.people):
        raise DataError("Two people of a motion have the same id.")
    for person in motion.people:
        _check_person(person, n)


def _check_person(person: PersonMotion, n: int) -> None:
    for name, (shape, dtype, optional) in ARRAYS.items():
        array = getattr(person, name)
        if array is None:
            if not optional:
                raise DataError(f"Person {person.id} of the motion has no {name}.")
            continue
        if array.shape != (n, *shape) or array.dtype != dtype:
            raise DataError(
                f"{name} of person {person.id} must be {np.dtype(dtype)} {(n, *shape)}, "
                f"not {array.dtype} {array.shape}."
            )
    if not np.isin(person.provenance, list(Provenance)).all():
        raise DataError(f"The provenance of person {person.id} holds values other than 0, 1 and 2.")
    present = person.present
    for name in ("keypoints_2d", "lifted", "refined", "root"):
        array = getattr(person, name)
        if array is None:
            continue
        finite = np.isfinite(array).reshape(n, -1)
        if not finite[present].all() or finite[~present].any():
            raise DataError(f"{name} of person {person.id} must be finite where the person is seen, and NaN elsewhere.")
    _check_picture_pose(person)


def _check_picture_pose(person: PersonMotion) -> None:
    """What the picture itself gives: whole poses, or none, with scores."""
    poses, scores = person.pose_3d, person.pose_3d_scores
    if poses is None and scores is None:
        return
    if poses is None or scores is None:
        raise DataError(f"Person {person.id} has only one of pose_3d and pose_3d_scores; a motion has both or none.")
    finite = np.isfinite(poses).reshape(len(poses), -1)
    there = finite.all(axis=1)
    if (finite.any(axis=1) & ~there).any() or there[~person.present].any():
        raise DataError(
            f"pose_3d of person {person.id} must be finite or NaN throughout a frame, and NaN where nobody is seen."
        )
    if not ((scores >= 0) & (scores <= 1)).all() or scores[~there].any():
        raise DataError(f"pose_3d_scores of person {person.id} must lie between 0 and 1, and be 0 without a pose_3d.")
