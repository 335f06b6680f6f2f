"""quality.html: the measures of quality.json and their course over time, one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from app.left_out import sentences
from app.motion import Motion, PersonMotion
from app.quality.curves import CURVES, curves
from app.quality.measures import guesses, without_guesses
from app.quality.plots import from_above, over_time
from app.quality.table import MEASURES
from app.templates import fill
from app.world.contacts import FEET
from estimators.files import complete_file
from estimators.observation import Provenance

_TEMPLATE = Path(__file__).with_name("page.html")


def save_report(motion: Motion, measures: dict[str, Any], path: str | Path) -> Path:
    """Write the page, whole or not at all.

    Args:
        motion: the people.
        measures: of `app.quality.measures.quality` for this motion.
        path: the .html file.
    """
    with complete_file(path) as temporary:
        temporary.write_text(_page(motion, measures), "utf-8", "backslashreplace")  # names may be no text
    return Path(path)


@dataclass(frozen=True)
class _Section:
    """A plot with its heading, a sentence about it, and what its colours (CSS) mean."""

    title: str
    plot: Markup
    hint: str = ""
    key: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class _Row:
    """A measure in the table: in words, before and after refinement, and the change, whose kind is "less" or "more"."""

    label: str
    unit: str
    hint: str
    numbers: Sequence[str]
    change: str = ""
    kind: str = ""


@dataclass(frozen=True)
class _Shown:
    """A person on the page. The first section stands above the table; there are none of somebody never seen."""

    id: int
    frames: str
    variants: Sequence[str]
    rows: Sequence[_Row]
    sections: Sequence[_Section]

    @property
    def key(self) -> list[tuple[str, str]]:
        """The colours of the curves."""
        return [(f"var(--{name})", name) for name in self.variants]


def _page(motion: Motion, measures: dict[str, Any]) -> Markup:
    people = []
    for person, entry, stands in zip(motion.people, measures["people"], motion.contacts, strict=True):
        heights = motion.ground.of(without_guesses(person.best, person).astype(np.float64) + person.root[:, None])
        people.append(_person(motion, person, entry, stands, heights))
    return fill(
        _TEMPLATE,
        name=str(motion.source.get("name", "motion")),
        about=_about(motion),
        guesses=guesses(motion),
        notes=[*sentences(motion), *_cuts(motion)],
        people=people,
    )


def _about(motion: Motion) -> str:
    people = len(motion.people)
    who = "one person" if people == 1 else f"{people} people"
    names = [one.get("name", "") for one in motion.models.values() if isinstance(one, dict)]
    made = "Made by " + ", ".join(names) + "." if names else ""
    return f"{len(motion)} frames, {float(motion.fps):.4g} a second, {motion.seconds:.1f} s, {who}. {made}"


def _cuts(motion: Motion) -> list[str]:
    """Where the video is cut; nothing if it is not."""
    times = ", ".join(f"{motion.timestamps[cut]:.2f} s" for cut in motion.cuts)
    return [f"The video is cut at {times}; each shot is estimated by itself."] if times else []


def _person(
    motion: Motion, person: PersonMotion, entry: dict[str, Any], stands: np.ndarray, world: np.ndarray
) -> _Shown:
    """Of a person (N,17,3) `world`, metres over the floor, whose feet stand where `stands` (N,2) says so."""
    shares = ", ".join(f"{kind} {share or 0:g} %" for kind, share in entry["frames_percent"].items())
    variants = [name for name in ("lifted", "refined") if name in entry]
    if not person.present.any():
        return _Shown(person.id, shares, variants, [], [])
    sections = [_provenance(motion, person)]
    found = curves(motion, person)
    for curve in CURVES:
        lines = {name: (name, values) for name, values in found[curve.key].items()}
        sections.append(_Section(curve.label, over_time(motion.timestamps, lines, curve.unit)))
    sections += _sigma(motion, person)
    sections += [_feet(motion, stands, world), _path(world)]
    return _Shown(person.id, shares, variants, [_row(entry, name, variants) for name in MEASURES], sections)


def _provenance(motion: Motion, person: PersonMotion) -> _Section:
    """The confidence over time, with strips of the kinds of frames."""
    confidence = np.where(person.present, person.scores.mean(axis=1), np.nan)
    shown = motion.shown_provenance(person)
    strips = [(kind.name.lower(), shown == kind) for kind in Provenance]
    plot = over_time(motion.timestamps, {"confidence": ("refined", confidence)}, "mean score", shaded=strips)
    colours = {"detected": "good", "interpolated": "some", "missing": "bad"}
    key = [(f"var(--{colour})", kind) for kind, colour in colours.items()]
    return _Section("Confidence of the 2D joints", plot, key=key)


def _row(entry: dict[str, Any], name: str, variants: Sequence[str]) -> _Row:
    numbers, measure = [_number(entry[variant][name]) for variant in variants], MEASURES[name]
    words = (measure.label, measure.unit, measure.hint)
    if "refined" not in variants:
        return _Row(*words, numbers)
    percent = entry["change_percent"][name]
    change = "–" if percent is None else f"{percent:+.0f} %"
    return _Row(*words, numbers, change, "" if not percent else "less" if percent < 0 else "more")


def _sigma(motion: Motion, person: PersonMotion) -> list[_Section]:
    """Sigma of the joints over time: the median, and where nine in ten lie."""
    if person.sigma is None:
        return []
    centimetres = np.where(person.present[:, None], 100 * person.sigma[:, 1:].astype(np.float64), np.nan)
    middle, low, high = np.quantile(centimetres, [0.5, 0.05, 0.95], axis=1)
    plot = over_time(motion.timestamps, {"median": ("refined", middle)}, "cm", band=np.stack([low, high], axis=1))
    hint = (
        "Sigma, of the median joint: 68 % of the errors of a coordinate are expected to be smaller, 95 % to be smaller "
        f"than {motion.sigma_95:.1f} sigma. The band holds nine joints in ten."
    )
    worst = sorted(zip(np.nanmean(centimetres, axis=0), motion.skeleton.joints[1:], strict=True), reverse=True)[:3]
    least_sure = ", ".join(f"{joint.replace('_', ' ')} {value:.1f} cm" for value, joint in worst if np.isfinite(value))
    return [_Section("Uncertainty", plot, f"{hint} Least sure: {least_sure}.")]


def _feet(motion: Motion, stands: np.ndarray, world: np.ndarray) -> _Section:
    """Heights of the ankles, and when each foot stands."""
    sides = ("left", "right")
    ankles = {side: world[:, motion.skeleton.joints.index(name), 1] for side, name in zip(sides, FEET, strict=True)}
    lines = {side: (side, 100 * height) for side, height in ankles.items()}
    strips = [(side, stands[:, foot]) for foot, side in enumerate(sides)]
    plot = over_time(motion.timestamps, lines, "cm", shaded=strips, from_zero=False)
    hint = "Height of the ankles above where they are while they stand; the strips say when each foot stands."
    return _Section("Feet", plot, hint, [("#2563eb", "left"), ("#d97706", "right")])


def _path(world: np.ndarray) -> _Section:
    plot = from_above({"hip": ("refined", world[:, 0][:, [0, 2]])})
    return _Section("Path of the hip from above", plot, "A square is a metre; the camera is below.")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
