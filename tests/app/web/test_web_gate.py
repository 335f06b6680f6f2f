"""The gate alone, with visitors at addresses of one's choice: everybody's shares, and what a proxy may say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.web import gate as gate_module
from app.web.gate import Gate, Rules
from app.web.visitors import Budget, network


def test_a_visitor_is_a_network() -> None:
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"  # as a socket for both kinds tells it
    assert network("2001:db8::1") == network("2001:db8::2:3") != network("2001:db8:0:1::1")
    assert network("fe80::1%eth0") == "fe80::/64" and network("") == "" and network("testclient") == "testclient"


def rules(**changed: Any) -> Rules:
    some = Rules(
        hosts=frozenset({"app"}), any_address=False, foreign=frozenset(), upload_bytes=1000, share_bytes=0,
        readable=lambda path: True, full=lambda more: False, known=lambda event: True,
    )  # fmt: skip
    return replace(some, **changed)


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads what is sent and tells the headers that it was given."""
    while (await receive()).get("more_body"):
        pass
    headers = json.dumps({name.decode(): value.decode() for name, value in scope["headers"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": headers})


def with_gate(
    rules: Rules, act: Callable[[Callable[[str], httpx.AsyncClient]], Awaitable[None]], app: Any = None
) -> None:
    """Do something with clients at addresses of one's choice."""
    gate = Gate(app or answering, rules)

    def client(address: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(gate, client=(address, 1)), base_url="http://app")

    async def whole() -> None:
        await act(client)

    with ThreadPoolExecutor(1) as apart:  # another test's browser may have an event loop in this thread
        apart.submit(asyncio.run, whole()).result()


def test_nobody_begins_ever_new_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_SESSIONS", 3)

    async def act(client: Callable[[str], httpx.AsyncClient]) -> None:
        async def ask(address: str, session: str | None) -> int:
            body = {"data": [], "session_hash": session}
            return (await client(address).post("/gradio_api/call/check", json=body)).status_code

        assert [await ask("192.0.2.1", name) for name in ("a", "b", "a", None, "a", "c", "b", None)] == [
            200, 200, 200, 200, 200, 429, 200, 429,
        ]  # fmt: skip
        assert await ask("192.0.2.2", "d") == 200

    with_gate(rules(), act)


def test_nobody_uploads_all_that_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_UPLOAD_LEAST", 500)

    async def act(client: Callable[[str], httpx.AsyncClient]) -> None:
        async def ask(address: str, size: int) -> int:
            return (await client(address).post("/gradio_api/upload", content=b"0" * size)).status_code

        assert [await ask("192.0.2.1", size) for size in (1000, 1, 700, 1, 1)] == [200, 200, 429, 200, 429]
        assert await ask("192.0.2.2", 1000) == 200

    with_gate(rules(share_bytes=2000, upload_bytes=1000 - gate_module._FORM_BYTES), act)


def test_uploads_under_way_are_counted() -> None:
    asked: list[int] = []

    async def act(client: Callable[[str], httpx.AsyncClient]) -> None:
        sent = [client(f"192.0.2.{number}").post("/gradio_api/upload", content=b"0" * 100) for number in range(3)]
        await asyncio.gather(*sent)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        await answering(scope, receive, send)

    with_gate(rules(full=lambda more: asked.append(more) or False), act, slow)  # type: ignore[func-returns-value]
    assert max(asked) > 100


def test_nobody_keeps_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_REQUESTS", 2)

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        await answering(scope, receive, send)

    async def act(client: Callable[[str], httpx.AsyncClient]) -> None:
        one = [client("192.0.2.1").get("/gradio_api/heartbeat/a") for _ in range(3)]
        answers = await asyncio.gather(*one, client("192.0.2.2").get("/gradio_api/heartbeat/a"))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429]
        assert (await client("192.0.2.1").get("/config")).status_code == 200

    with_gate(rules(), act, waiting)


def test_a_body_may_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.bodies.SLOWEST_S", 0.2)

    async def drip() -> Any:
        for _ in range(10):
            yield b" "
            await asyncio.sleep(0.1)

    async def act(client: Callable[[str], httpx.AsyncClient]) -> None:
        assert (await client("192.0.2.1").post("/gradio_api/run/check", content=drip())).status_code == 413

    with_gate(rules(), act)


def test_a_proxy_is_believed_where_there_is_one() -> None:
    claims = {"x-forwarded-host": "motion.example", "x-forwarded-proto": "https", "x-gradio-server": "http://e.example"}

    async def told(client: Callable[[str], httpx.AsyncClient], **changed: str) -> set[str]:
        said = (await client("127.0.0.1").get("/config", headers={**claims, **changed})).json()
        return set(said) & set(claims)

    async def behind(client: Callable[[str], httpx.AsyncClient]) -> None:
        assert await told(client) == {"x-forwarded-host", "x-forwarded-proto"}
        assert await told(client, **{"x-forwarded-host": "e.example"}) == set()

    async def alone(client: Callable[[str], httpx.AsyncClient]) -> None:
        assert await told(client) == set()

    with_gate(rules(foreign=frozenset({"motion.example"})), behind)
    with_gate(rules(), alone)


def test_what_was_spent_comes_back() -> None:
    clock = [0.0]
    budget = Budget(4, 8, lambda: clock[0])
    assert [budget.take("a") for _ in range(5)] == [True] * 4 + [False] and budget.take("b", 4)
    clock[0] = 4
    assert [budget.take("a") for _ in range(3)] == [True, True, False] and not budget.take("c", 5)
