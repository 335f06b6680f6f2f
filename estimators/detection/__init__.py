"""People in images, through mmpose: `Detector` finds them, `track_people` follows them through a video."""

from estimators.detection.detections import Detections
from estimators.detection.detector import Detector
from estimators.detection.tracking import select_people, track_people

__all__ = ["Detections", "Detector", "select_people", "track_people"]
