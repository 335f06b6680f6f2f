"""The page: a header, three tabs, and the API beside them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import gradio as gr

from app.web import about
from app.web.api import add_endpoints
from app.web.arrivals import Arrivals
from app.web.folder import OUR_FAULT
from app.web.folder_tab import FolderTab
from app.web.handlers import Desk, sentence
from app.web.uploads import Uploads
from app.web.workbench import Workbench
from estimators.errors import D3PError

STATIC = Path(__file__).parent / "static"

_HEADER = """\
<header class="d3p-header"><h1>D3PRefiner</h1>
<p>Video in, 3D human motion out: found in 2D, lifted to 3D, refined by diffusion.</p></header>
"""


_SESSIONS = 2000  # whose states gradio keeps

_log = logging.getLogger(__name__)


class Page(gr.Blocks):
    """Blocks that look at what a request sends before gradio does, and whose every error is one sentence."""

    def __init__(self, uploads: Uploads, **settings: Any) -> None:
        super().__init__(**settings)
        self._uploads = uploads
        # gradio checks that files were uploaded only once `launch()` has set these, and a page that is mounted is not
        # launched. That is the second lock; `Uploads` is the first.
        self.has_launched = self.is_running = True
        self.state_session_capacity = _SESSIONS

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> Any:
        """Check the values of a request, then let gradio make Python values of them.

        Raises:
            gr.Error: they do not fit.
        """
        try:
            self._uploads.admit_all(inputs)
            return await super().preprocess_data(block_fn, inputs, *rest, **named)
        except gr.Error:
            raise
        except D3PError as error:
            raise sentence(error) from error
        except Exception as error:
            name = f"/{block_fn.api_name}" if isinstance(block_fn.api_name, str) else "this event"
            wanted = ", ".join(str(getattr(block, "label", None) or "a value") for block in block_fn.inputs)
            words = f"The values sent do not fit {name}, which takes {len(block_fn.inputs)}: {wanted[:300]}."
            raise gr.Error(words, print_exception=False) from error

    async def process_api(self, *request: Any, **named: Any) -> dict[str, Any]:
        """Answer a request; what was not foreseen is logged, and told as our fault.

        Raises:
            gr.Error: it cannot be answered.
        """
        try:
            return await super().process_api(*request, **named)
        except gr.Error:
            raise
        except Exception as error:
            _log.error("A request failed.", exc_info=error)
            raise gr.Error(OUR_FAULT, print_exception=False) from error


def build_page(desk: Desk, clips: dict[str, tuple[Path, Path]], max_age_s: int) -> gr.Blocks:
    """All of the page and its API; `clips` are the examples, files older than `max_age_s` seconds are deleted."""
    with Page(
        desk.uploads,
        title="D3PRefiner",
        analytics_enabled=False,
        delete_cache=(min(600, max_age_s), max_age_s),
        fill_width=False,
    ) as blocks:
        gr.HTML(_HEADER)
        with gr.Tabs():
            with gr.Tab("Your video", id="run"):
                workbench = Workbench(desk, clips)
            with gr.Tab("Folder", id="folder"):
                folder = FolderTab(desk)
            with gr.Tab("About", id="about"):
                gr.Markdown(about.about(desk.limits), elem_classes="d3p-prose")
                gr.HTML(about.model_cards())
                gr.Markdown(about.licences(), elem_classes="d3p-prose")
        Arrivals(blocks, desk, [workbench, folder])
        add_endpoints(desk)
        blocks.unload(desk.leave)
    blocks.i18n_instance = gr.I18n(en={"common.upload": "Upload"})  # gradio names a button by a word it lacks
    return blocks
