"""The networks of a run: those that its options name, loaded once and used for any number of videos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from app.options import Options
from estimators.finding import PersonDetector
from estimators.observation import Observation

if TYPE_CHECKING:
    from estimators.detection import Detector
    from estimators.lifting import Lifter, PictureLifter
    from refiner.refiner import Refined, Refiner


class Described(Protocol):
    """A network that can say what it is."""

    def description(self) -> dict[str, Any]:
        """Name, version and weight hash, for the record in a Motion."""


class FindsPeople(Described, PersonDetector, Protocol):
    """What a run needs of a detector, see `estimators.detection.detector.Detector`."""


class Lifts(Described, Protocol):
    """What a run needs of a lifter, see `estimators.lifting.lifter.Lifter`."""

    def lift(
        self, observed: Observation, flip: bool = True, on_progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """(N, 17, 3) metres, camera space, root-relative."""


class Refines(Described, Protocol):
    """What a run needs of a refiner, see `refiner.refiner.Refiner`."""

    def refine(
        self,
        observed: Observation,
        lifted: np.ndarray,
        steps: int = 2,
        guided: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Refined:
        """Poses, their sigma, and what that is made of."""


@dataclass
class Models:
    """The networks of a run; they can be used for any number of videos, one after the other."""

    detector: FindsPeople
    lifter: Lifts
    refiner: Refines | None

    @classmethod
    def load(cls, options: Options) -> Models:
        """Load what `options` names.

        Raises:
            ConfigError, WeightsError: see the models.
        """
        lifter, refiner = cls.load_lifter(options), cls.load_refiner(options) if options.refine else None
        return cls(cls.load_detector(options), lifter, refiner)

    # Imported in there: torch and mmpose take seconds, which `--help` and a mistyped file name should not cost.

    @staticmethod
    def load_detector(options: Options) -> Detector:
        """The detector alone."""
        from estimators.detection import Detector

        return Detector(options.detector, options.checkpoint, options.device)

    @staticmethod
    def load_lifter(options: Options) -> Lifter | PictureLifter:
        """The lifter alone.

        Raises:
            ConfigError: the detector gives it nothing. Others: see `load_lifter`.
        """
        from estimators.lifting import load_lifter
        from estimators.lifting.picture import check_detector

        check_detector(options.lifter, options.detector)
        return load_lifter(options.lifter_weights, options.device)

    @staticmethod
    def load_refiner(options: Options) -> Refiner:
        """The refiner alone."""
        from refiner.refiner import Refiner

        return Refiner.load(options.refiner_weights, options.device)

    def descriptions(self) -> dict[str, Any]:
        """Name, version and weight hash of each, for the record."""
        return {
            "detector": self.detector.description(),
            "lifter": self.lifter.description(),
            "refiner": self.refiner.description() if self.refiner else None,
        }
