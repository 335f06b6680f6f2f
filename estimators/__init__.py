"""From pixels to lifted 3D: people in pictures, people through a video, and the sequence lifters."""

from typing import TYPE_CHECKING

from estimators.lazy import lazily
from estimators.threads import be_a_good_neighbour

be_a_good_neighbour()  # before anything here, in the refiner or in the app loads torch

if TYPE_CHECKING:
    from estimators.detection.detector import Detector as Detector
    from estimators.errors import ConfigError as ConfigError
    from estimators.errors import D3PError as D3PError
    from estimators.errors import DataError as DataError
    from estimators.errors import NobodyFoundError as NobodyFoundError
    from estimators.errors import PersonError as PersonError
    from estimators.errors import SetupError as SetupError
    from estimators.errors import VideoError as VideoError
    from estimators.errors import WeightsError as WeightsError
    from estimators.lifting.lifter import Lifter as Lifter
    from estimators.observation import Observation as Observation
    from estimators.observation import Provenance as Provenance
    from estimators.tracking.tracker import track_people as track_people
else:
    _NAMES = {
        "Detector": "estimators.detection.detector",
        "ConfigError": "estimators.errors",
        "D3PError": "estimators.errors",
        "DataError": "estimators.errors",
        "NobodyFoundError": "estimators.errors",
        "PersonError": "estimators.errors",
        "SetupError": "estimators.errors",
        "VideoError": "estimators.errors",
        "WeightsError": "estimators.errors",
        "Lifter": "estimators.lifting.lifter",
        "Observation": "estimators.observation",
        "Provenance": "estimators.observation",
        "track_people": "estimators.tracking.tracker",
    }
    __all__, __getattr__, __dir__ = lazily(__name__, _NAMES)
