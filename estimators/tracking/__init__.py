"""People through a video: detections become one track a person."""

from estimators.tracking.tracker import real_people, select_people, track_people

__all__ = ["real_people", "select_people", "track_people"]
