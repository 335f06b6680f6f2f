"""The networks of a run: those that its options name, loaded once and used for any number of videos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.options import Options

if TYPE_CHECKING:
    from estimators.detection import Detector
    from estimators.lifting.lifter import Lifter
    from refiner.refiner import Refiner


@dataclass
class Models:
    """The networks of a run; they can be used for any number of videos, one after the other."""

    detector: Detector
    lifter: Lifter
    refiner: Refiner | None

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
    def load_lifter(options: Options) -> Lifter:
        """The lifter alone."""
        from estimators.lifting.lifter import Lifter

        return Lifter.load(options.lifter_weights, options.device)

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
