"""Everything that is measured of a lifter and its refiner on rendered clips, from pixels; and sigma, fitted to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.evaluation import accuracy, ranks, space
from app.models import Models
from app.options import Options
from app.people import People
from app.pipeline import Estimate
from demo_videos.truth import Truth
from estimators.errors import ConfigError, DataError
from refiner.evaluation import calibration
from refiner.evaluation.calibration import Calibrated, Samples
from refiner.refiner import Refiner

RANKED_BY = ("mpjpe", "acceleration")  # errors with which measures that need no truth are compared


@dataclass(frozen=True)
class RenderedAccuracy:
    """What was measured on a folder of clips.

    Attributes:
        clips: every clip's poses and errors.
        worlds: by clip in which somebody is found: root path, gravity, floor, feet.
        covered: by such a clip: share of coordinates within each band of sigma.
        rated: measures and errors of the poses of every such clip.
        samples: errors and what was known of them; None if nobody was found in any clip.
    """

    clips: list[accuracy.ClipResult]
    worlds: dict[str, space.WorldErrors]
    covered: dict[str, dict[str, float]]
    rated: list[ranks.Rated]
    samples: Samples | None

    @property
    def pooled(self) -> dict[str, float]:
        """Share of the coordinates of all clips together within each band of sigma."""
        frames = {clip.name: len(clip.target) for clip in self.clips}
        known = {name: shares for name, shares in self.covered.items() if shares}
        weights = [frames[name] for name in known]
        bands = next(iter(known.values()), {})
        return {band: float(np.average([one[band] for one in known.values()], weights=weights)) for band in bands}

    def markdown(self) -> str:
        """The tables: by group of clips; in space; coverage; ranks."""
        tables = [accuracy.markdown(accuracy.by_group(self.clips))]
        if self.worlds:
            tables += [space.markdown(self.worlds), space.coverage_markdown(self.covered, self.pooled)]
            tables += [ranks.markdown(self.rated, error) for error in RANKED_BY]
        return "\n\n".join(tables)

    def numbers(self) -> dict[str, Any]:
        """The groups of clips, every clip, and the rank correlations, ready for JSON."""
        return {
            "groups": {name: asdict(summary) for name, summary in accuracy.by_group(self.clips).items()},
            "clips": {clip.name: self._clip(clip) for clip in self.clips},
            "ranks": {error: ranks.rank_correlations(self.rated, error) for error in RANKED_BY},
        }

    def _clip(self, clip: accuracy.ClipResult) -> dict[str, Any]:
        world = self.worlds.get(clip.name)
        return {
            "found": clip.found,
            "keypoint_error": clip.keypoint_error,
            **{variant: asdict(clip.errors(variant)) for variant in clip.predicted},
            "world": asdict(world) if world else None,
            "coverage": self.covered.get(clip.name),
        }


def evaluate_rendered(
    folder: str | Path,
    models: Models,
    options: Options | None = None,
    seen: dict[str, People] | None = None,
    on_clip: Callable[[accuracy.ClipResult, int, int], None] | None = None,
) -> RenderedAccuracy:
    """Measure the pipeline with these networks on every clip of a folder; arguments as for `accuracy.measure_clips`.

    Raises:
        ConfigError: there is no refiner among the networks. DataError: there are no clips, or a truth cannot be read.
    """
    _refiner(models)
    worlds: dict[str, space.WorldErrors] = {}
    covered: dict[str, dict[str, float]] = {}
    rated: list[ranks.Rated] = []
    parts: list[Samples] = []

    def look(name: str, made: Estimate, truth: Truth) -> None:
        parts.append(space.samples_of(made, truth))
        worlds[name] = space.world_errors(made.motion, truth)
        covered[name] = space.coverage(made.motion, truth)
        rated.extend(ranks.rated_poses(made.motion, truth, name))

    clips = accuracy.measure_clips(folder, models, options, on_clip=on_clip, on_estimate=look, seen=seen)
    samples = calibration.together(parts) if parts else None
    return RenderedAccuracy(clips, worlds, covered, rated, samples)


def calibrate_rendered(
    folder: str | Path, models: Models, options: Options | None = None, seen: dict[str, People] | None = None
) -> Calibrated:
    """Fit how sigma grows where the detector is unsure, on top of what the refiner's card says; nothing is written.

    Args:
        folder: rendered clips of validation people.
        seen: as for `accuracy.measure_clips`.

    Raises:
        ConfigError: there is no refiner among the networks. DataError: there are no clips, or nobody in any of them.
    """
    refiner = _refiner(models)
    parts: list[Samples] = []
    accuracy.measure_clips(
        folder, models, options, seen=seen,
        on_estimate=lambda _, made, truth: parts.append(space.samples_of(made, truth)),
    )  # fmt: skip
    if not parts:
        raise DataError("Nobody was found in these clips, so there are no errors to fit sigma to.")
    samples = {"rendered": calibration.together(parts)}
    return Calibrated(refiner, calibration.fit(samples["rendered"], refiner.calibration), samples)


def _refiner(models: Models) -> Refiner:
    if not isinstance(models.refiner, Refiner):
        raise ConfigError("There is nothing to measure of sigma without a refiner.")
    return models.refiner
