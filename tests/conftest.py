"""What takes long because of what it stands on is `slow`, as is what is marked so."""

from __future__ import annotations

import pytest

SLOW_FIXTURES = {"browser", "cluster", "jump", "trained"}  # Chromium, a Ray cluster, two whole runs, two trainings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
