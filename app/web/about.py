"""The "About" tab: what the numbers mean, which models are at work, and under which licences."""

from __future__ import annotations

from html import escape
from typing import Any

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


def model_cards() -> str:
    """The cards of all bundled weights, HTML."""
    cards = "".join(_card(name, card) for name, card in weights.available().items())
    return f"<h2>Models</h2><div class='d3p-cards'>{cards}</div>"


def _card(name: str, card: dict[str, Any]) -> str:
    facts: dict[str, object] = {"Kind": card.get("kind"), "Architecture": _architecture(card)}
    if card.get("frames"):
        facts["Window"] = f"T = {card['frames']} frames at {card.get('tds_fps', 0):.4g} a second"
    training = card.get("training") or {}
    facts["Trained on"] = training.get("data") or card.get("training_data")
    facts["People"] = training.get("people")
    facts["Licence"] = card.get("licence")
    facts["SHA-256"] = str(card.get("sha256", ""))[:16] + " …"
    rows = "".join(f"<dt>{key}</dt><dd>{escape(str(value))}</dd>" for key, value in facts.items() if value)
    metrics = "".join(
        f"<tr><th scope='row'>{escape(str(key))}</th><td>{escape(str(value))}</td></tr>"
        for key, value in (card.get("metrics") or {}).items()
    )
    table = f"<table class='d3p-table'><tbody>{metrics}</tbody></table>" if metrics else ""
    return f"<section class='d3p-card'><h3>{escape(name)}</h3><dl>{rows}</dl>{table}</section>"


def _architecture(card: dict[str, Any]) -> str:
    architecture = card.get("architecture") or {}
    kind = architecture.get("type") or str(architecture.get("class", "")).rsplit(".", 1)[-1]
    sizes = ", ".join(f"{key} {architecture[key]}" for key in ("channels", "depth") if key in architecture)
    parameters = f"{card['parameters'] / 1e6:.1f} million parameters" if card.get("parameters") else ""
    return ", ".join(part for part in (kind, sizes, parameters) if part)
