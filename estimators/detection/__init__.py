"""People in pictures, through mmpose: `Detector` finds them."""

from estimators.detection.detections import Detections
from estimators.detection.detector import Detector

__all__ = ["Detections", "Detector"]
