"""A request with a wrong value, or that does not fit, is refused in one sentence before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.doors import arguments, as_file, call, run, upload
from tests.support.serving import Served


@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"steps": 1.5}, "whole number from 1 to 20"),
        ({"steps": "2"}, "whole number from 1 to 20"),
        ({"steps": True}, "whole number from 1 to 20"),
        ({"refine": "yes"}, "true or false"),
        ({"refine": 1}, "true or false"),
        ({"looks": True}, "looks a second"),
        ({"looks": None}, "looks a second"),
        ({"rotate": "45"}, "degrees or 'auto'"),
        ({"rotate": 90}, "degrees or 'auto'"),
        ({"frames": "abc"}, "no weights for T = abc"),
        ({"frames": 81.5}, "no weights for T = 81.5"),
        ({"frames": [81]}, "no weights for T"),
        ({"person": "99"}, "find them first"),
        ({"person": {"a": 1}}, "is nobody"),
        ({"detector": 3}, "no detector"),
        ({"detector": "/tmp/x.py"}, "no detector"),
        ({"lifter": ["stcformer"]}, "no lifter"),
    ],
)
def test_a_wrong_value_is_said_before_any_work(
    http: httpx.Client,
    served: Served,
    clip: tuple[Path, Path],
    ask: Callable[..., tuple[bool, str]],
    wish: dict[str, Any],
    words: str,
) -> None:
    data = arguments("process", as_file(upload(http, clip[0])), **wish)
    answered, said = ask(http, "process", data, "careless")
    assert not answered and words in said, said
    assert not served.desk.slot.busy()


@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
def test_a_request_that_does_not_fit_gets_a_sentence(http: httpx.Client, ask: Callable[..., tuple[bool, str]]) -> None:
    for endpoint, data, words in [
        ("check", [], "takes 1: video"),
        ("process", [None], "takes 9: video, detector"),
        ("check", [3], "takes 1: video"),
        ("check", ["/etc/passwd"], "takes 1: video"),
        ("check", [{"path": 3}], "not uploaded here"),
        ("check", [{"path": "/etc/passwd", "meta": 3}], "not uploaded here"),
        ("check", [{"path": "/etc/passwd", "url": "http://localhost/x", "meta": {"_type": "x"}}], "not uploaded here"),
        ("check", [None], "no video yet"),
        ("folder", arguments("folder", None), "takes 9: videos"),
        ("folder", arguments("folder", {"path": None}), "takes 9: videos"),
        ("folder", arguments("process", None), "no videos yet"),
        ("folder", ["/etc/passwd", *arguments("process", None)[1:]], "takes 9: videos"),
    ]:
        answered, said = ask(http, endpoint, data)
        assert not answered and words in said and "upstream" not in said and "null" not in said, (endpoint, data, said)
