"""The page: a header, three tabs, and the API beside them."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from app.web import about
from app.web.api import add_endpoints
from app.web.folder_tab import FolderTab
from app.web.handlers import Desk
from app.web.workbench import Workbench

STATIC = Path(__file__).parent / "static"
WORK_ID = "work"  # all that computes shares one place in gradio's queue

_HEADER = """\
<header class="d3p-header"><h1>D3PRefiner</h1>
<p>Video in, 3D human motion out: found in 2D, lifted to 3D, refined by diffusion.</p></header>
"""


def build_page(desk: Desk, clips: dict[str, tuple[Path, Path]], max_age_s: int) -> gr.Blocks:
    """All of the page and its API; `clips` are the examples, files older than `max_age_s` seconds are deleted."""
    with gr.Blocks(
        title="D3PRefiner", analytics_enabled=False, delete_cache=(min(600, max_age_s), max_age_s), fill_width=False
    ) as blocks:
        gr.HTML(_HEADER)
        with gr.Tabs():
            with gr.Tab("Your video", id="run"):
                Workbench(desk, clips, WORK_ID)
            with gr.Tab("Folder", id="folder"):
                FolderTab(desk, WORK_ID)
            with gr.Tab("About", id="about"):
                gr.Markdown(about.about(desk.limits), elem_classes="d3p-prose")
                gr.HTML(about.model_cards())
                gr.Markdown(about.licences(), elem_classes="d3p-prose")
        add_endpoints(desk, WORK_ID)
        blocks.unload(desk.leave)
    return blocks
