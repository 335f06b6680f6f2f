"""MoveNet as a model of mmpose: MultiPose finds everybody, Thunder one person's joints."""
