"""What each bundled network takes of one thread for one picture: in torch, and on the engine that CPUs have for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from estimators.detection.networks import BUNDLED, Network

INPUT_PX = 256
WARM_UP = 3  # of which nothing is noted


@dataclass(frozen=True)
class Spread:
    """Quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """The quartiles of (N,) values."""
        return cls(*(float(value) for value in np.percentile(values, [25, 50, 75])))


@dataclass(frozen=True)
class NetworkCost:
    """What one picture of 256 x 256 pixels takes, from its bytes to the joints, in milliseconds of processor time.

    Attributes:
        engine: that is compared with torch.
        ratio: of each pair of looks, one after the other: the engine's time over torch's.
    """

    name: str
    engine: str
    torch_ms: Spread
    engine_ms: Spread
    ratio: Spread


def measure_networks(picture: np.ndarray, repeats: int) -> Iterator[NetworkCost]:
    """Each bundled network, on one thread. Processor time is measured, so that other programs do not count.

    Args:
        picture: (H,W,3) uint8 BGR, on which they look; it is brought to the networks' input.
        repeats: of each, at least one; torch and the engine take turns.
    """
    small = cv2.resize(picture, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA)
    with _one_thread():
        for network in dict.fromkeys(network for eyes in BUNDLED.values() for network in eyes.networks):
            yield _measured(network, small, repeats)


def _measured(network: Network, picture: np.ndarray, repeats: int) -> NetworkCost:
    import torch

    from estimators.detection import asking, engine, loading

    def built() -> Any:
        model: Any = loading.build(network.config)
        loading.load_into(model, network.weights)
        return model.to(memory_format=torch.channels_last)

    models = built(), built()
    name = engine.attach(models[1], torch.device("cpu"))
    taken = np.empty((repeats, 2))
    with torch.inference_mode():
        for number in range(-WARM_UP, repeats):
            for which, model in enumerate(models):
                began = time.process_time()
                asking.ask(model, [asking.Shown(picture)])
                if number >= 0:
                    taken[number, which] = 1000 * (time.process_time() - began)
    torchs, engines = taken.T
    return NetworkCost(network.weights, name, Spread.of(torchs), Spread.of(engines), Spread.of(engines / torchs))


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
