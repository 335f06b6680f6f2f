"""quality.html: the measures of quality.json and their course over time, one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from app.left_out import sentences
from app.motion import Motion, PersonMotion
from app.quality.curves import MEASURES, curves
from app.quality.measures import UNITS, guesses, without_guesses
from app.quality.plots import from_above, over_time
from app.world.contacts import FEET
from estimators.files import complete_file
from estimators.observation import Provenance

# measure -> what the page calls it, its unit, and what it says
WORDS = {
    "acceleration": ("Acceleration", "m/s²", "Relative to the hip, mean over joints. Jitter makes it large."),
    "jerk": ("Jerk", "m/s³", "The change of acceleration: jitter once more, of higher frequency."),
    "bone_length_variation": ("Bone length variation", "%", "Bones do not change their lengths; how much these do."),
    "left_right_asymmetry": ("Left-right difference", "%", "Between the lengths of a left and a right bone."),
    "reprojection_error": ("Reprojection error", "px", "From the detected joints to the 3D ones seen by the same camera: faithfulness to the picture."),
    "foot_sliding": ("Foot sliding", "m/s", "Speed along the floor of feet that stand."),
    "left_right_swaps": ("Left-right swaps", "a minute", "Arms or legs that trade places from one frame to the next."),
}  # fmt: skip
_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent); --lifted: #d97706; --refined: #2563eb;
--bad: #c0392b; --good: #2e8b57; --some: #d9a406; }
@media (prefers-color-scheme: dark) { :root { --lifted: #fbbf24; --refined: #7ab0ff; --bad: #ff8a75; --good: #5fd39a; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin: 1.4rem 0 .1rem; }
p.sum, p.hint { margin-top: 0; opacity: .75; } p.none { opacity: .6; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .5rem; border-top: 1px solid var(--line); }
th { border-top: 0; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td small { opacity: .7; display: block; } .less { color: var(--good); } .more { color: var(--bad); }
svg { width: 100%; height: auto; display: block; } svg.square { max-width: 20rem; } svg text { font-size: 10px; fill: currentColor; opacity: .7; }
.line { fill: none; stroke-width: 1.4; stroke-linejoin: round; } .lifted { stroke: var(--lifted); } .refined { stroke: var(--refined); }
.left { stroke: #2563eb; } .right { stroke: #d97706; } rect.left { fill: #2563eb; stroke: none; } rect.right { fill: #d97706; stroke: none; }
.band { fill: var(--refined); opacity: .18; } .grid { stroke: currentColor; opacity: .12; }
.missing { fill: var(--bad); } .interpolated { fill: var(--some); } .detected { fill: var(--good); }
p.note { border-left: 3px solid var(--some); padding-left: .7rem; } .key i { display: inline-block; width: .9em; height: .3em; vertical-align: middle; margin: 0 .3em 0 1em; }
"""


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


def _page(motion: Motion, measures: dict[str, Any]) -> str:
    name = escape(str(motion.source.get("name", "motion")))
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in guesses(motion))
    people = len(motion.people)
    sections = []
    for person, entry, stands in zip(motion.people, measures["people"], motion.contacts, strict=True):
        heights = motion.ground.of(without_guesses(person.best, person).astype(np.float64) + person.root[:, None])
        sections.append(_person(motion, person, entry, stands, heights))
    left_out = "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in sentences(motion))
    who = "one person" if people == 1 else f"{people} people"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Quality of {name}</title><style>{_STYLE}</style></head><body>
<h1>Quality of {name}</h1>
<p class="sum">{len(motion)} frames, {float(motion.fps):.4g} a second, {motion.seconds:.1f} s, {who}. {escape(_models(motion))}</p>
<p>Nothing here knows the truth. Steadiness alone is no merit: a motion smoothed to death has little jerk. Read acceleration
and jerk together with the reprojection error, which grows where a pose leaves the picture.</p>
{told}{left_out}{_cuts(motion)}
{"".join(sections)}
</body></html>
"""


def _cuts(motion: Motion) -> str:
    """Where the video is cut; nothing if it is not."""
    if not motion.cuts:
        return ""
    times = ", ".join(f"{motion.timestamps[cut]:.2f} s" for cut in motion.cuts)
    return f'<p class="note">The video is cut at {times}; each shot is estimated by itself.</p>'


def _models(motion: Motion) -> str:
    names = [one.get("name", "") for one in motion.models.values() if isinstance(one, dict)]
    return "Made by " + ", ".join(names) + "." if names else ""


def _person(motion: Motion, person: PersonMotion, entry: dict[str, Any], stands: np.ndarray, world: np.ndarray) -> str:
    shares = ", ".join(f"{kind} {share or 0:g} %" for kind, share in entry["frames_percent"].items())
    head = f"<h2>Person {person.id}</h2><p>Frames: {shares}.</p>"
    if not person.present.any():
        return head
    variants = [name for name in ("lifted", "refined") if name in entry]
    key = "".join(f'<i style="background:var(--{name})"></i>{name}' for name in variants)
    parts = [head, _provenance(motion, person), _table(entry, variants)]
    parts.append(f'<p class="key">{key}</p>')
    found = curves(motion, person)
    for measure in MEASURES:
        lines = {name: (name, values) for name, values in found[measure.key].items()}
        parts.append(f"<h3>{escape(measure.label)}</h3>" + over_time(motion.timestamps, lines, measure.unit))
    parts += [_sigma(motion, person), _feet(motion, stands, world), _path(world)]
    return "".join(parts)


def _provenance(motion: Motion, person: PersonMotion) -> str:
    """The confidence over time, with strips of the kinds of frames."""
    confidence = np.where(person.present, person.scores.mean(axis=1), np.nan)
    shown = motion.shown_provenance(person)
    strips = [(kind.name.lower(), shown == kind) for kind in Provenance]
    plot = over_time(motion.timestamps, {"confidence": ("refined", confidence)}, "mean score", shaded=strips)
    colours = {"detected": "good", "interpolated": "some", "missing": "bad"}
    key = "".join(f'<i style="background:var(--{colour})"></i>{kind}' for kind, colour in colours.items())
    return f'<h3>Confidence of the 2D joints</h3>{plot}<p class="key">{key}</p>'


def _table(entry: dict[str, Any], variants: Sequence[str]) -> str:
    head = "".join(f'<th class="number">{name}</th>' for name in variants)
    change = "refined" in variants
    rows = []
    for name in UNITS:
        label, unit, hint = WORDS[name]
        cells = "".join(f'<td class="number">{_number(entry[variant][name])}</td>' for variant in variants)
        if change:
            percent = entry["change_percent"][name]
            kind = "" if not percent else "less" if percent < 0 else "more"
            cells += f'<td class="number {kind}">{"–" if percent is None else f"{percent:+.0f} %"}</td>'
        rows.append(f"<tr><td>{label}, {unit}<small>{escape(hint)}</small></td>{cells}</tr>")
    title = '<th class="number">change</th>' if change else ""
    return f'<div class="scroll"><table><tr><th></th>{head}{title}</tr>{"".join(rows)}</table></div>'


def _sigma(motion: Motion, person: PersonMotion) -> str:
    """Sigma of the joints over time: the median, and where nine in ten lie."""
    if person.sigma is None:
        return ""
    centimetres = np.where(person.present[:, None], 100 * person.sigma[:, 1:].astype(np.float64), np.nan)
    middle, low, high = np.quantile(centimetres, [0.5, 0.05, 0.95], axis=1)
    plot = over_time(motion.timestamps, {"median": ("refined", middle)}, "cm", band=np.stack([low, high], axis=1))
    hint = (
        "Sigma, of the median joint: 68 % of the errors of a coordinate are expected to be smaller, 95 % to be smaller than "
        f"{motion.sigma_95:.1f} sigma. The band holds nine joints in ten."
    )
    worst = sorted(zip(np.nanmean(centimetres, axis=0), motion.skeleton.joints[1:], strict=True), reverse=True)[:3]
    least_sure = ", ".join(f"{joint.replace('_', ' ')} {value:.1f} cm" for value, joint in worst if np.isfinite(value))
    return f'<h3>Uncertainty</h3><p class="hint">{hint} Least sure: {least_sure}.</p>{plot}'


def _feet(motion: Motion, stands: np.ndarray, world: np.ndarray) -> str:
    """Heights of the ankles, and when each foot stands."""
    sides = ("left", "right")
    ankles = {side: world[:, motion.skeleton.joints.index(name), 1] for side, name in zip(sides, FEET, strict=True)}
    lines = {side: (side, 100 * height) for side, height in ankles.items()}
    strips = [(side, stands[:, foot]) for foot, side in enumerate(sides)]
    plot = over_time(motion.timestamps, lines, "cm", shaded=strips, from_zero=False)
    key = '<i style="background:#2563eb"></i>left<i style="background:#d97706"></i>right'
    hint = "Height of the ankles above where they are while they stand; the strips say when each foot stands."
    return f'<h3>Feet</h3><p class="hint">{hint}</p>{plot}<p class="key">{key}</p>'


def _path(world: np.ndarray) -> str:
    plot = from_above({"hip": ("refined", world[:, 0][:, [0, 2]])})
    return f'<h3>Path of the hip from above</h3><p class="hint">A square is a metre; the camera is below.</p>{plot}'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
