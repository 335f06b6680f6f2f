"""Networks that stay loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Models
from app.options import Options
from app.web.kept import KeptModels


def test_each_network_is_loaded_once_and_none_that_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, object]] = []

    def load(kind: str, name: Callable[[Options], object]) -> Any:
        return staticmethod(lambda options: loaded.append((kind, name(options))) or object())

    monkeypatch.setattr(Models, "load_detector", load("detector", lambda options: options.detector))
    monkeypatch.setattr(Models, "load_lifter", load("lifter", lambda options: options.lifter_weights))
    monkeypatch.setattr(Models, "load_refiner", load("refiner", lambda options: options.refiner_weights))
    kept = KeptModels()
    detector = kept.detector(Options().detector)
    assert loaded == [("detector", Options().detector)]
    first = kept.get(Options())
    assert first.detector is detector and sorted(kind for kind, _ in loaded) == ["detector", "lifter", "refiner"]
    again = kept.get(Options(steps=5, person="all"))
    assert (again.detector, again.lifter, again.refiner) == (detector, first.lifter, first.refiner)
    plain = kept.get(Options(refine=False))
    assert (plain.detector, plain.lifter, plain.refiner) == (detector, first.lifter, None) and len(loaded) == 3
    other = kept.get(Options(detector="rtmpose-t"))
    assert (other.lifter, other.refiner) == (first.lifter, first.refiner)
    assert other.detector is kept.detector("rtmpose-t") and loaded[3:] == [("detector", "rtmpose-t")]
    kept.get(Options(frames=27))
    assert loaded[4:] == [("lifter", "stcformer-27"), ("refiner", "refiner-stcformer-27")]
    for frames in range(1, 9):  # the last four of a kind are kept
        kept.get(Options(frames=frames))
    before = len(loaded)
    for frames in range(5, 9):
        kept.get(Options(frames=frames))
    assert len(loaded) == before and kept.get(Options(frames=1)) and len(loaded) == before + 2
