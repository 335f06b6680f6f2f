"""The "About" tab: what the numbers mean, which models are at work, and under which licences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.templates import macros
from app.web.limits import Limits
from estimators import weights

_HERE = Path(__file__).parent


def about(limits: Limits) -> str:
    """The tab's text above the model cards, Markdown."""
    return (_HERE / "about.md").read_text(encoding="utf-8").replace("{limits}", limits.sentence())


def licences() -> str:
    """The tab's text below the model cards, Markdown."""
    return (_HERE / "licences.md").read_text(encoding="utf-8")


def model_cards() -> Markup:
    """The cards of all bundled weights, HTML."""
    cards = [
        {"name": name, "facts": _facts(card), "metrics": card.get("metrics") or {}}
        for name, card in weights.available().items()
    ]
    return Markup(macros(_HERE / "about.html").models(cards))


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
