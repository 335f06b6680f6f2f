"""Sequence lifters: 2D joints of a window to 3D joints of the same window."""

from estimators.lifting.lifter import Lifter

__all__ = ["Lifter"]
