"""From pixels to lifted 3D: people in pictures, people through a video, and the sequence lifters."""

from typing import TYPE_CHECKING

from estimators.lazy import lazily

if TYPE_CHECKING:
    from estimators.detection.detector import Detector as Detector
    from estimators.errors import D3PError as D3PError
    from estimators.lifting.lifter import Lifter as Lifter
    from estimators.observation import Observation as Observation
    from estimators.observation import Provenance as Provenance
    from estimators.tracking.tracker import track_people as track_people
else:
    _NAMES = {
        "Detector": "estimators.detection.detector",
        "D3PError": "estimators.errors",
        "Lifter": "estimators.lifting.lifter",
        "Observation": "estimators.observation",
        "Provenance": "estimators.observation",
        "track_people": "estimators.tracking.tracker",
    }
    __all__ = list(_NAMES)
    __getattr__ = lazily(__name__, _NAMES)
