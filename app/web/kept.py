"""Networks stay loaded: the first run that needs one loads it, all others find it here."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

from app.models import Models
from app.options import Options
from estimators.detection import Detector

_MOST = 4  # kept of a kind: 10 to 25 MB each, of the bundled ones


class KeptModels:
    """The networks last used. Not for several threads at once: it lives in the work slot, which has one."""

    def __init__(self) -> None:
        self._kept: dict[str, OrderedDict[tuple[str | None, ...], Any]] = defaultdict(OrderedDict)

    def get(self, options: Options) -> Models:
        """The models that `options` names.

        Raises:
            ConfigError, WeightsError: see `Models.load`.
        """
        lifter = self._one("lifter", (options.lifter_weights,), options, Models.load_lifter)
        refiner = None
        if options.refine:
            refiner = self._one("refiner", (options.refiner_weights,), options, Models.load_refiner)
        return Models(self._detector(options), lifter, refiner)

    def detector(self, name: str) -> Detector:
        """The detector of this name.

        Raises:
            ConfigError, WeightsError: see `Models.load`.
        """
        return self._detector(Options(detector=name))

    def _detector(self, options: Options) -> Detector:
        found: Detector = self._one("detector", (options.detector, options.checkpoint), options, Models.load_detector)
        return found

    def _one(self, kind: str, names: tuple[str | None, ...], options: Options, load: Callable[[Options], Any]) -> Any:
        """The network of this kind and these names on the device of the options: kept, or loaded now and kept."""
        kept, key = self._kept[kind], (*names, options.device)
        network = kept.pop(key, None)
        if network is None:
            network = load(options)
            while len(kept) >= _MOST:
                kept.popitem(last=False)
        kept[key] = network
        return network
