"""What may be chosen, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from app.options import Options
from app.web import choices
from estimators.errors import ConfigError


def test_only_what_is_offered_can_be_chosen() -> None:
    asked = choices.defaults().asked

    def wished(**other: Any) -> Options:
        return choices.Wish({**asked, **other}).options()

    assert wished() == Options()
    assert wished(person="2", steps=3, refine=False) == Options(person="2", steps=3, refine=False)
    assert wished(looks=12) == Options(looks=12)
    assert wished(rotate="270") == Options(rotate="270")
    assert wished(lifter="blazepose") == Options(lifter="blazepose") and list(choices.lifters())[-1] == "blazepose"
    assert wished(lifter="blazepose", frames=27) == Options(lifter="blazepose", frames=27)
    wrong: list[dict[str, Any]] = [
        {"detector": "../../etc/config.py"},
        {"lifter": "/tmp/evil.safetensors"},
        {"frames": 5},
        {"frames": "../5"},
        {"person": "nobody"},
        {"person": "pick"},
        {"steps": 1000},
        {"steps": 1.5},
        {"looks": -1},
        {"looks": "12"},
        {"rotate": "45"},
        {"rotate": 90},
    ]
    for change in wrong:
        with pytest.raises(ConfigError):
            wished(**change)
