"""What a run leaves out, people whom it is not about and frames in which it has nobody, and sentences that say so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.motion import Motion
from estimators.observation import Observation, Provenance
from estimators.stretches import runs

_MOST = 3  # stretches, or people, that a sentence lists


def people_left_out(real: Sequence[Observation], chosen: Sequence[Observation]) -> tuple[dict[str, int], ...]:
    """Who of the real people of a video is not among those chosen, as `Motion.left_out` keeps it."""
    ids = {track.id for track in chosen}
    seen = {track.id: np.flatnonzero(track.provenance != Provenance.MISSING) for track in real if track.id not in ids}
    return tuple(
        {"id": number, "frames": len(frames), "first": int(frames[0]), "last": int(frames[-1])}
        for number, frames in seen.items()
    )


def sentences(motion: Motion) -> list[str]:
    """What is missing from a motion: a sentence for the people, one for the frames; none if nothing is."""
    return [*_people(motion), *_frames(motion)]


def _people(motion: Motion) -> list[str]:
    if not motion.left_out:
        return []
    spans = [_span(motion, one["first"], one["last"]) for one in motion.left_out]
    who = [
        f"person {one['id']}, seen in {one['frames']} of {len(motion)} frames ({span})"
        for one, span in zip(motion.left_out, spans, strict=True)
    ]
    count = len(who)
    others = "One more person is" if count == 1 else f"{count} more people are"
    them = "this person" if count == 1 else "them"
    return [f"{others} in the video and left out: {_listed(who)}; a run about everyone has {them} as well."]


def _frames(motion: Motion) -> list[str]:
    nobody = ~np.any([person.present for person in motion.people], axis=0)
    if not nobody.any():
        return []
    spans = [_span(motion, stretch.start, stretch.stop - 1) for stretch in runs(nobody)]
    who = f"Person {motion.people[0].id} is not seen" if len(motion.people) == 1 else "Nobody is seen"
    return [f"{who} in {int(nobody.sum())} of {len(motion)} frames ({_listed(spans)}), which stay empty."]


def _span(motion: Motion, first: int, last: int) -> str:
    """In seconds, from the first of some frames until the last is over."""
    times = motion.timestamps
    end = times[last + 1] if last + 1 < len(times) else times[last] + 1 / float(motion.fps)
    return f"{times[first]:.1f} to {end:.1f} s"


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _MOST
    return "; ".join(items[:_MOST]) + (f"; and {more} more" if more > 0 else "")
