"""Sequence lifters: 2D joints of a window to 3D joints of the same window; and one that needs no network."""

from typing import TYPE_CHECKING

from estimators.lazy import lazily

if TYPE_CHECKING:
    from estimators.lifting.lifter import Lifter as Lifter
    from estimators.lifting.picture import PictureLifter as PictureLifter
    from estimators.lifting.picture import load_lifter as load_lifter
else:
    _NAMES = {
        "Lifter": "estimators.lifting.lifter",
        "PictureLifter": "estimators.lifting.picture",
        "load_lifter": "estimators.lifting.picture",
    }
    __all__, __getattr__, __dir__ = lazily(__name__, _NAMES)
