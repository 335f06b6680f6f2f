"""The browser app: drop in a video, watch it move.

    limits, choices    what may come in: videos and options
    sessions, jobs     who is here, with a directory of their own; the one slot in which work is done, and its progress
    kept               models, loaded once
    delivery           one run: the pipeline, then what the page shows (playback) and offers (downloads)
    people, folder     the people of a video, to pick one of; several videos in a row, by the batch
    page, workbench, folder_tab, form, panels, pictures, about, theme, static/    what people see
    handlers, api      what happens on a click, and the same for programs
    server             the whole, behind a port

Nothing is loaded from outside and nothing is sent there. Import this package before gradio: it turns its analytics off.
"""

import importlib.util
import os

from estimators.errors import SetupError

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

MODULES = ("gradio", "fastapi", "starlette", "uvicorn")


def require() -> None:
    """Nothing, if the libraries that only this package needs are installed.

    Raises:
        SetupError: they are not; says what to run.
    """
    if any(importlib.util.find_spec(name) is None for name in MODULES):
        raise SetupError("The browser app needs libraries of its own: run `pip install 'd3prefiner[app]'` once.")
