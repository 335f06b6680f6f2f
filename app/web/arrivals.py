"""A page that is loaded again shows what it showed before: its browser tab keeps a secret that only its session knows.

The secret lies in the tab's session storage, which lives as long as the tab, survives reloading and going back, and is
told to no other address. It comes to the app in the body of one request a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.web import panels
from app.web.form import QUIET
from app.web.handlers import Desk
from app.web.tab import Tab

_RECALL = "() => { try { return sessionStorage.getItem('d3p-visit') ?? ''; } catch { return ''; } }"
_KEEP = (
    "(token) => { try { sessionStorage.setItem('d3p-visit', token); } catch { /* a browser without it forgets */ } }"
)


class Arrivals:
    """Lets visitors in, and in again."""

    def __init__(self, blocks: gr.Blocks, desk: Desk, tabs: Sequence[Tab]) -> None:
        """Connect it inside the Blocks that are being built."""
        self._desk, self._tabs = desk, tabs
        self._token = gr.Textbox(visible=False)
        outputs: list[Any] = [self._token]
        for tab in tabs:
            outputs += [tab.files, tab.buttons.status, *tab.form.everything()]
        arrived = blocks.load(self._arrive, self._token, outputs, js=_RECALL, queue=False, **QUIET)
        arrived.success(None, self._token, None, js=_KEEP, queue=False, **QUIET)

    def _arrive(self, token: str | None, request: gr.Request) -> dict[Any, Any]:
        session = self._desk.sessions.again(request.session_hash or "", token) if token else None
        if session is None:
            own = {self._token: self._desk.session(request).token}
            return {**own, **{tab.buttons.status: panels.lost() for tab in self._tabs}} if token else own
        shown: dict[Any, Any] = {self._token: session.token}
        for tab in self._tabs:
            shown.update(tab.restored(session))
        return shown
