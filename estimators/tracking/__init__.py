"""People through a video: detections become one track a person."""

from estimators.tracking.select import select_people
from estimators.tracking.tracker import track_people

__all__ = ["select_people", "track_people"]
