"""Models stay loaded: the first run with a choice loads them, all others find them here."""

from __future__ import annotations

from collections import OrderedDict

from app.models import Models, Options
from estimators.detection import Detector

_MOST = 4  # choices kept; a choice holds a detector, a lifter and a refiner: some 50 MB with the bundled ones

_Key = tuple[str, str, bool, str]


class KeptModels:
    """The models last used. Not for several threads at once: it lives in the work slot, which has one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Models] = OrderedDict()

    def get(self, options: Options) -> Models:
        """The models that `options` names.

        Raises:
            ConfigError, WeightsError: see `Models.load`.
        """
        key = (options.detector, options.lifter_weights, options.refine, options.device)
        models = self._kept.pop(key, None)
        if models is None:
            models = self._load(options)
            while len(self._kept) >= _MOST:
                self._kept.popitem(last=False)
        self._kept[key] = models
        return models

    def detector(self, name: str) -> Detector:
        """The detector of this name.

        Raises:
            ConfigError, WeightsError: see `Models.load`.
        """
        return self.get(Options(detector=name)).detector

    def _load(self, options: Options) -> Models:
        """Load from the files, but for a detector that another choice has loaded already."""
        loaded = Models.load(options)
        for (detector, _, _, device), models in self._kept.items():
            if (detector, device) == (options.detector, options.device):
                return Models(models.detector, loaded.lifter, loaded.refiner)
        return loaded
