"""Plots over time as inline SVG: curves, a band about one, shaded stretches; nothing but text, for one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from markupsafe import Markup

from estimators.stretches import runs

WIDTH, HEIGHT = 720, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22
_MOST_POINTS = 700  # a page of an hour's clip must open too

Curve = tuple[str, np.ndarray]  # CSS class, (N,) values


def over_time(
    seconds: np.ndarray,
    curves: Mapping[str, Curve],
    unit: str,
    band: np.ndarray | None = None,
    shaded: Sequence[tuple[str, np.ndarray]] = (),
    from_zero: bool = True,
) -> Markup:
    """An SVG of curves over time.

    Args:
        seconds: (N,) increasing.
        curves: name -> (CSS class, (N,) values; NaN leaves a gap).
        unit: of the values.
        band: (N,2) lower and upper end of an area behind the curves.
        shaded: (CSS class, (N,) bool) stretches of time marked at the foot of the plot, a strip each.
        from_zero: the values' axis begins at 0.
    """
    everything = np.concatenate(
        [values for _, values in curves.values()] + ([band.ravel()] if band is not None else [])
    )
    known = everything[np.isfinite(everything)]
    if not len(known):
        return Markup(f'<p class="none">No {escape(unit)} to show.</p>')
    low, high = (0.0 if from_zero else float(known.min())), float(np.quantile(known, 0.998))
    high = max(high, low + 1e-6)
    margin = 0.05 * (high - low)
    axis = _Axis(
        float(seconds[0]), float(max(seconds[-1], seconds[0] + 1e-3)), low - (not from_zero) * margin, high + margin
    )
    parts = [axis.grid(unit)]
    parts += [_strip(axis, seconds, kind, marks, index) for index, (kind, marks) in enumerate(shaded)]
    if band is not None:
        parts.append(_area(axis, seconds, band))
    parts += [_line(axis, seconds, kind, values, name) for name, (kind, values) in curves.items()]
    label = escape(", ".join(curves) + f", {unit}, over time")
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>')


def from_above(paths: Mapping[str, tuple[str, np.ndarray]], size: int = 260) -> Markup:
    """An SVG of paths (N,2) metres on the floor seen from above, x to the right, the camera at the bottom."""
    points = np.concatenate([path for _, path in paths.values()])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return Markup()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = max(0.5, float(np.ptp(points, axis=0).max()) * 0.55)
    scale = size / (2 * reach)
    parts = [
        f'<line class="grid" x1="{size / 2 + k * scale:.1f}" x2="{size / 2 + k * scale:.1f}" y1="0" y2="{size}"/>'
        f'<line class="grid" y1="{size / 2 + k * scale:.1f}" y2="{size / 2 + k * scale:.1f}" x1="0" x2="{size}"/>'
        for k in np.arange(-np.floor(reach), np.floor(reach) + 1)
    ]
    for name, (kind, path) in paths.items():
        at = (path - middle) * scale + size / 2
        parts.append(f'<path class="line {kind}" d="{_steps(at)}"><title>{escape(name)}</title></path>')
    head = f'<svg class="square" viewBox="0 0 {size} {size}" role="img" aria-label="paths from above">'
    return Markup(f"{head}{''.join(parts)}</svg>")


class _Axis:
    """Where seconds and values lie in the picture."""

    def __init__(self, start: float, end: float, low: float, high: float) -> None:
        self.start, self.end, self.low, self.high = start, end, low, high

    def x(self, seconds: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(seconds) - self.start) / (self.end - self.start)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, values: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(values) - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - np.clip(share, -0.02, 1.02) * (HEIGHT - _TOP - _BOTTOM)

    def grid(self, unit: str) -> str:
        lines = []
        for value in _ticks(self.low, self.high, 4):
            y = float(self.y(value))
            lines.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(f'<text x="{_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{value:g}</text>')
        for value in _ticks(self.start, self.end, 8):
            lines.append(
                f'<text x="{float(self.x(value)):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{value:g} s</text>'
            )
        lines.append(f'<text x="{_LEFT + 4}" y="{_TOP + 9}">{escape(unit)}</text>')
        return "".join(lines)


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two."""
    raw = (high - low) / about
    step = 10.0 ** np.floor(np.log10(raw))
    step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= raw)
    return [round(float(value), 10) + 0.0 for value in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]


def _thin(seconds: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most `_MOST_POINTS` of (N,) and (N,...): the mean of so many neighbours; NaN if one of them is."""
    width = -(-len(seconds) // _MOST_POINTS)
    count = len(seconds) // width * width
    means = [array[:count].reshape(-1, width, *array.shape[1:]).mean(axis=1) for array in (seconds, values)]
    return means[0], means[1]


def _line(axis: _Axis, seconds: np.ndarray, kind: str, values: np.ndarray, name: str) -> str:
    at, thin = _thin(seconds, values.astype(np.float64))
    points = np.stack([axis.x(at), np.where(np.isfinite(thin), axis.y(thin), np.nan)], axis=1)
    return f'<path class="line {kind}" d="{_steps(points)}"><title>{escape(name)}</title></path>'


def _steps(points: np.ndarray) -> str:
    """The `d` of (N,2) points; a gap where one is NaN."""
    parts, pen_down = [], False
    for x, y in points:
        if np.isfinite(x) and np.isfinite(y):
            parts.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
            pen_down = True
        else:
            pen_down = False
    return "".join(parts)


def _area(axis: _Axis, seconds: np.ndarray, band: np.ndarray) -> str:
    at, thin = _thin(seconds, band.astype(np.float64))
    known = np.isfinite(thin).all(axis=1)
    pieces = []
    for run in runs(known):
        x = axis.x(at[run])
        outline = np.concatenate([np.stack([x, axis.y(thin[run, 1])], 1), np.stack([x, axis.y(thin[run, 0])], 1)[::-1]])
        pieces.append(_steps(outline) + "Z")
    return f'<path class="band" d="{"".join(pieces)}"/>'


def _strip(axis: _Axis, seconds: np.ndarray, kind: str, marks: np.ndarray, index: int) -> str:
    frame = float(np.median(np.diff(seconds))) if len(seconds) > 1 else axis.end - axis.start
    y = HEIGHT - _BOTTOM - 5 * (index + 1)
    boxes = []
    for run in runs(marks):
        left, right = float(axis.x(seconds[run.start])), float(axis.x(min(seconds[run.stop - 1] + frame, axis.end)))
        boxes.append(f'<rect class="{kind}" x="{left:.1f}" y="{y}" width="{max(right - left, 0.5):.1f}" height="4"/>')
    return "".join(boxes)
