"""People through a video: detections become one track a person."""

from estimators.tracking.select import real_people, select_people
from estimators.tracking.tracker import track_people

__all__ = ["real_people", "select_people", "track_people"]
