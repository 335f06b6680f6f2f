"""The tables of detectors side by side: means over clips, their intervals, and paired differences to the first.

Means weigh clips by their frames. A row is a detector; of poses, a detector and a lifter. Differences are to the first
row, on the same draws of clips: over all frames that each has found, and over those that both have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from app.evaluation.accuracy import Summary, by_group
from app.evaluation.detectors import VARIANTS, Measured
from app.evaluation.eyes import RIGHT_WITHIN
from app.evaluation.intervals import Interval, Resampling, interval
from refiner.evaluation.tables import table

SIGHT = {
    "error": ("2D error, % of height", 2),
    "right": ("PCK at 5 %", 1),
    "auroc": ("AUROC of the score", 3),
    "found": ("found %", 1),
    "on": ("found and on the person %", 1),
    "ghosts": ("ghosts, % of frames", 2),
    "swapped": ("swapped %", 2),
    "jitter": ("jitter, heights/s²", 2),
}
POSES = {"mpjpe": "MPJPE mm", "p_mpjpe": "P-MPJPE mm", "acceleration": "acceleration error m/s²"}
_COMPARED = ("mpjpe", "p_mpjpe", "acceleration")
A_WORD = 3.0  # mm of MPJPE by which a clip may be worse without being named


@dataclass(frozen=True)
class Difference:
    """A row of poses less the first one, refined where there is a refiner; less is better.

    Attributes:
        errors: by measure of `POSES`, over all frames that each has found.
        same: the same over the frames that both have found.
        clips: by name, mm of MPJPE by which the clip is worse, over all frames found.
    """

    errors: Mapping[str, Interval]
    same: Mapping[str, Interval]
    clips: Mapping[str, float]

    @property
    def worst(self) -> tuple[str, float]:
        """The clip that loses most, and by how many mm; it may still win."""
        return max(self.clips.items(), key=lambda item: item[1], default=("–", float("nan")))

    @property
    def counts(self) -> tuple[int, int]:
        """How many clips are better, and worse."""
        return sum(by < 0 for by in self.clips.values()), sum(by > 0 for by in self.clips.values())

    @property
    def with_a_word(self) -> dict[str, float]:
        """The clips that are worse by more than `A_WORD`, the worst first."""
        worse = [item for item in self.clips.items() if item[1] > A_WORD]
        return dict(sorted(worse, key=lambda item: -item[1]))


class Comparison:
    """What was measured on one folder of clips, by detector, the first of which the others are compared with.

    Args:
        measured: as many clips, in the same order, for every detector.
    """

    def __init__(self, measured: Mapping[str, Sequence[Measured]]) -> None:
        self.measured = measured
        self.frames = {name: [one.by_frame() for one in clips] for name, clips in measured.items()}
        self.names = [one.name for one in next(iter(measured.values()))]
        self.draws = Resampling(len(self.names))

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """(detector, lifter) of every row of poses."""
        return [(name, lifter) for name, clips in self.measured.items() for lifter in clips[0].results]

    @cached_property
    def summaries(self) -> dict[tuple[str, str], dict[str, Summary]]:
        """By row of poses and group of clips, see `accuracy.by_group`."""
        return {row: by_group([one.results[row[1]] for one in self.measured[row[0]]]) for row in self.rows}

    def sight(self, detector: str) -> dict[str, Interval]:
        """The measures of `SIGHT`."""
        clips = self.measured[detector]
        found = [one.seen.found for one in clips]
        scores = [one.seen.scores[where].ravel() for one, where in zip(clips, found, strict=True)]
        wrong = [one.seen.errors[where].ravel() > RIGHT_WITHIN for one, where in zip(clips, found, strict=True)]
        drawn = {name: self._mean(detector, name) for name in SIGHT if name != "auroc"}
        drawn["auroc"] = self.draws.auroc(scores, wrong)
        return {name: interval(drawn[name]) for name in SIGHT}

    def poses(self, detector: str, lifter: str) -> dict[str, dict[str, Interval]]:
        """The measures of `POSES`, by variant."""
        variants = [one for one in VARIANTS if self._has(detector, f"{lifter}/{one}/mpjpe")]
        return {
            variant: {name: interval(self._mean(detector, f"{lifter}/{variant}/{name}")) for name in POSES}
            for variant in variants
        }

    def difference(self, detector: str, lifter: str) -> Difference:
        """One row of poses less the first one."""
        first, second = (self._refined(*row) for row in (self.rows[0], (detector, lifter)))
        errors, same = {}, {}
        for name in _COMPARED:
            before = [clip.get(f"{first}/{name}") for clip in self.frames[self.rows[0][0]]]
            after = [clip.get(f"{second}/{name}") for clip in self.frames[detector]]
            errors[name] = interval(self._over(after) - self._over(before))
            gains = [None if a is None or b is None else a - b for a, b in zip(after, before, strict=True)]
            same[name] = interval(self._over(gains))
        pairs = zip(self.names, self.frames[self.rows[0][0]], self.frames[detector], strict=True)
        clips = {
            name: _mean_of(after[f"{second}/mpjpe"]) - _mean_of(before[f"{first}/mpjpe"])
            for name, before, after in pairs
            if f"{first}/mpjpe" in before and f"{second}/mpjpe" in after
        }
        return Difference(errors, same, clips)

    def sight_difference(self, detector: str) -> dict[str, Interval]:
        """The measures of `SIGHT` but AUROC, less the first detector's."""
        first = next(iter(self.measured))
        return {
            name: interval(self._mean(detector, name) - self._mean(first, name)) for name in SIGHT if name != "auroc"
        }

    def markdown(self) -> str:
        """The tables."""
        first = self.rows[0] if self.rows else None
        tables = [self._sight_table()]
        if first:
            tables += [self._poses_table(), *self._difference_tables(), self._groups_table()]
        return "\n\n".join(tables)

    def numbers(self) -> dict[str, Any]:
        """Everything in the tables, and every clip, ready for JSON."""
        return {
            "clips": self.names,
            "frames": int(sum(len(one.seen.found) for one in next(iter(self.measured.values())))),
            "sight": {name: _numbers(self.sight(name)) for name in self.measured},
            "poses": {
                f"{name}, {lifter}": {variant: _numbers(one) for variant, one in self.poses(name, lifter).items()}
                for name, lifter in self.rows
            },
            "sight_differences": {name: _numbers(self.sight_difference(name)) for name in list(self.measured)[1:]},
            "groups": {
                ", ".join(row): {group: _known(asdict(one)) for group, one in found.items()}
                for row, found in self.summaries.items()
            },
            "differences": {
                f"{name}, {lifter}": self._told(self.difference(name, lifter)) for name, lifter in self.rows[1:]
            },
            "each": {
                name: {clip: _means(values) for clip, values in zip(self.names, frames, strict=True)}
                for name, frames in self.frames.items()
            },
        }

    def _told(self, difference: Difference) -> dict[str, Any]:
        told = {"errors": _numbers(difference.errors), "same_frames": _numbers(difference.same)}
        return {**told, "clips_mpjpe": dict(difference.clips)}

    def _sight_table(self) -> str:
        rows = []
        for name in self.measured:
            rows.append([name, *(one.said(SIGHT[key][1]) for key, one in self.sight(name).items())])
        first, *others = self.measured
        for name in others:
            less = self.sight_difference(name)
            cells = (less[key].said(digits, "+") if key in less else "" for key, (_, digits) in SIGHT.items())
            rows.append([f"{name} less {first}", *cells])
        return table(["2D", *(title for title, _ in SIGHT.values())], rows)

    def _poses_table(self) -> str:
        heads = ["3D", *(f"{variant}: {title}" for variant in VARIANTS for title in POSES.values())]
        rows = []
        for name, lifter in self.rows:
            poses = self.poses(name, lifter)
            cells = (poses[variant][key].said() if variant in poses else "" for variant in VARIANTS for key in POSES)
            rows.append([f"{name}, {lifter}", *cells])
        return table(heads, rows)

    def _difference_tables(self) -> list[str]:
        if len(self.rows) < 2:
            return []
        first = ", ".join(self.rows[0])
        heads = [f"less {first}", *POSES.values(), "clips better", "worse", "the worst", "by mm",
                 *(f"same frames: {title}" for title in POSES.values())]  # fmt: skip
        rows, words = [], []
        for name, lifter in self.rows[1:]:
            less = self.difference(name, lifter)
            better, worse = less.counts
            worst, by = less.worst
            cells = [one.said(sign="+") for one in less.errors.values()]
            same = (one.said(sign="+") for one in less.same.values())
            rows.append([f"{name}, {lifter}", *cells, str(better), str(worse), worst, f"{by:+.1f}", *same])
            words += [[f"{name}, {lifter}", clip, f"{mm:+.1f}"] for clip, mm in less.with_a_word.items()]
        tables = [table(heads, rows)]
        if words:
            tables.append(table([f"worse than {first} by more than {A_WORD:g} mm", "clip", "MPJPE mm"], words))
        return tables

    def _groups_table(self) -> str:
        """By group of clips: the best poses' errors, the 2D error, found frames."""
        groups = list(dict.fromkeys(group for found in self.summaries.values() for group in found))
        body = []
        for group in groups:
            cells = [group, str(next(found[group].clips for found in self.summaries.values() if group in found))]
            for (detector, _), found in self.summaries.items():
                errors = list(found[group].errors.values())[-1:] if group in found else []
                error, there = (self._in_group(detector, name, group) for name in ("error", "found"))
                cells.append("; ".join([*(f"{one.mpjpe:.1f} / {one.p_mpjpe:.1f}" for one in errors),
                                        f"{error:.2f} %", f"{there:.0f} %"]))  # fmt: skip
            body.append(cells)
        heads = (f"{', '.join(row)}: MPJPE / P-MPJPE mm; 2D error; found" for row in self.rows)
        return table(["group", "clips", *heads], body)

    def _in_group(self, detector: str, name: str, group: str) -> float:
        """The plain mean of a measure over the frames of a group's clips; of all clips for a group of all."""
        kind, _, member = group.partition(": ")
        results = [next(iter(one.results.values())) for one in self.measured[detector]]
        inside = [not member or member in one.groups.get(kind, []) for one in results]
        values = [clip[name] for clip, wanted in zip(self.frames[detector], inside, strict=True) if wanted]
        return _mean_of(np.concatenate(values))

    def _refined(self, detector: str, lifter: str) -> str:
        """The name of the best poses of a row among `Measured.by_frame`'s."""
        variant = next((one for one in reversed(VARIANTS) if self._has(detector, f"{lifter}/{one}/mpjpe")), "refined")
        return f"{lifter}/{variant}"

    def _has(self, detector: str, name: str) -> bool:
        return any(name in clip for clip in self.frames[detector])

    def _mean(self, detector: str, name: str) -> np.ndarray:
        return self._over([clip.get(name) for clip in self.frames[detector]])

    def _over(self, clips: Sequence[np.ndarray | None]) -> np.ndarray:
        """Means over the frames of clips, of all and of each draw."""
        known = [np.zeros(0) if values is None else values[np.isfinite(values)] for values in clips]
        return self.draws.mean(np.array([one.sum() for one in known]), np.array([float(len(one)) for one in known]))


def _numbers(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: _known(asdict(one)) for name, one in found.items()}


def _means(values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return _known({name: _mean_of(one) for name, one in values.items()})


def _mean_of(values: np.ndarray) -> float:
    """Of those that are known; NaN if none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _known(told: Any) -> Any:
    """JSON has no NaN: None in its place."""
    if isinstance(told, dict):
        return {name: _known(one) for name, one in told.items()}
    return None if isinstance(told, float) and not np.isfinite(told) else told
