"""People through a video: detections become one track a person."""

from estimators.tracking.tracker import select_people, track_people

__all__ = ["select_people", "track_people"]
