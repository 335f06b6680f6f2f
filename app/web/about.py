"""The "About" tab: what the numbers mean, which models are at work, and under which licences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.templates import macros
from app.web.limits import Limits
from estimators import weights

_WHAT = """\
## What happens to your video

A **detector** finds people in every frame (with the preset "fast", in a dozen a second) and follows them; what it misses for less
than half a second is *interpolated*, longer gaps stay *missing*. A **lifter** turns a window of 2D poses into 3D. The
**refiner**, a conditional diffusion model after *D3PRefiner* ([arXiv 2401.03914](https://arxiv.org/abs/2401.03914)), corrects
what the lifter tends to get wrong.

The video is processed on the machine that runs this app, is not sent anywhere else, and is deleted when you close the page.

## What the numbers mean

| Number | What it says |
|---|---|
| **Acceleration, jerk** | How abruptly the joints move, relative to the hip. Real movement has some; trembling has much more. |
| **Bone length variation** | Bones do not stretch. The less, the better. |
| **Left-right difference** | Of the lengths of left and right bones. |
| **Reprojection error** | How far the 3D joints, seen by the camera, are from the joints found in the picture. Smoothing that leaves the picture behind shows here. |
| **Foot sliding** | Speed of a foot along the floor while it stands. |
| **Confidence** | The detector's, mean over the joints. |
| **MPJPE, P-MPJPE** | Mean distance of the joints from the exact truth in millimetres; P: after the best turn, shift and scale. Only for the example clips, whose truth is known. |

The first six need no truth, so they cannot say whether a pose is right: read them together. Scale is that of an average
person, and the camera is taken to stand still.
"""

_LICENCES = """\
## Licences

This app: Apache-2.0. Weights and the motion capture behind them: the `NOTICE` file of the project. "The data used in this
project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF EIA-0196217." The people of the
example clips: MakeHuman, CC0. 3D view: three.js, MIT. Page: Gradio, Apache-2.0.
"""


def about(limits: Limits) -> str:
    """The tab's text above the model cards, Markdown."""
    return f"{_WHAT}\n## Limits\n\n{limits.sentence()} One run at a time; others wait in a queue.\n"


def licences() -> str:
    """The tab's text below the model cards, Markdown."""
    return _LICENCES


def model_cards() -> Markup:
    """The cards of all bundled weights, HTML."""
    cards = [
        {"name": name, "facts": _facts(card), "metrics": card.get("metrics") or {}}
        for name, card in weights.available().items()
    ]
    return Markup(macros(Path(__file__).with_name("about.html")).models(cards))


def _facts(card: dict[str, Any]) -> dict[str, Any]:
    """What a card says, by heading; the empty ones are not shown."""
    training = card.get("training") or {}
    window = f"T = {card['frames']} frames at {card.get('tds_fps', 0):.4g} a second" if card.get("frames") else ""
    return {
        "Kind": card.get("kind"),
        "Architecture": _architecture(card),
        "Window": window,
        "Trained on": training.get("data") or card.get("training_data"),
        "People": training.get("people"),
        "Licence": card.get("licence"),
        "SHA-256": str(card.get("sha256", ""))[:16] + " …",
    }


def _architecture(card: dict[str, Any]) -> str:
    architecture = card.get("architecture") or {}
    kind = architecture.get("type") or str(architecture.get("class", "")).rsplit(".", 1)[-1]
    sizes = ", ".join(f"{key} {architecture[key]}" for key in ("channels", "depth") if key in architecture)
    parameters = f"{card['parameters'] / 1e6:.1f} million parameters" if card.get("parameters") else ""
    return ", ".join(part for part in (kind, sizes, parameters) if part)
