"""Who of the people of a video is wanted: all who are real, the most prominent one, or one by id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from estimators.boxes import joint_box, long_side
from estimators.errors import NobodyFoundError, PersonError
from estimators.observation import Observation, Provenance

REAL_SECONDS = 0.3  # a shorter track is a ghost, unless the clip itself is hardly longer
REAL_SCORE = 0.3  # mean confidence below which a track is a false positive on the background


def select_people(tracks: Sequence[Observation], person: str | int) -> list[Observation]:
    """Choose among the people of a video.

    Args:
        tracks: as `track_people` returns them.
        person: "all" for everybody real (ghosts, which are short or faint, are left out), "largest" for the one who
            is largest over the clip (see `_prominence`), or an id.

    Raises:
        NobodyFoundError: no real person in the video.
        PersonError: no person of that id, or not an id at all.
    """
    real = real_people(tracks)
    if person in ("all", "largest"):
        if not real:
            raise NobodyFoundError("Nobody was seen in this video; use one in which a person is clearly visible.")
        return real if person == "all" else [max(real, key=_prominence)]
    if not tracks:
        raise NobodyFoundError("Nobody was seen in this video; use one in which a person is clearly visible.")
    chosen = [track for track in tracks if str(track.id) == str(person).strip()]
    if not chosen:
        known = ", ".join(str(track.id) for track in tracks)
        raise PersonError(f"No person {person!r} in this video; choose 'largest', 'all' or one of the ids: {known}.")
    return chosen


def real_people(tracks: Sequence[Observation]) -> list[Observation]:
    """Without ghosts, which are short or faint."""
    return [track for track in tracks if _is_real(track)]


def _is_real(track: Observation) -> bool:
    seen = track.provenance == Provenance.DETECTED
    enough = min(REAL_SECONDS * float(track.fps), len(seen) / 2)
    return bool(seen.sum() * track.every >= enough and track.scores[seen].mean() >= REAL_SCORE)


def _prominence(track: Observation) -> float:
    """Mean squared body size x mean confidence x root of the share of frames in which the person is seen.

    Size is the long side of the box, not its area, which would favour spread arms. Presence counts with its root: who
    is larger beats who stays somewhat longer, but not somebody who only flits past the camera.
    """
    seen = np.flatnonzero(track.provenance == Provenance.DETECTED)
    sizes = [long_side(joint_box(track.keypoints[index], track.scores[index])) for index in seen]
    presence = len(seen) * track.every / len(track.provenance)
    return float(np.mean(np.square(sizes)) * track.scores[seen].mean() * np.sqrt(presence))
