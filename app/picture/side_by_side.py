"""Side by side: the input with its 2D skeletons, the lifted 3D poses, and the refined ones, with a timeline below."""

from __future__ import annotations

import cv2
import numpy as np

from app.motion import Motion, PersonMotion
from app.picture.canvas import Colour, capsule, dashed, disc, mix, text, text_width
from app.picture.figure import (
    INK,
    LEFT,
    MIDDLE,
    MUTED,
    RIGHT,
    SKY_BOTTOM,
    SKY_TOP,
    limb_colour,
    paint_background,
    paint_floor,
    paint_people,
)
from app.picture.scene import Director, Scene, View
from estimators.confidence import SURE
from estimators.observation import Provenance

MIN_HEIGHT, MAX_HEIGHT = 360, 720  # of the panels: legible at least, and quick to encode and to play at most
_PANEL_ASPECT = 0.84  # width over height of a 3D panel: people are upright
_MAX_INPUT_ASPECT = 2.0  # wider pictures are shown less high
_FAINT = 0.35  # opacity of what is not believed

_TIMELINE: dict[Provenance, Colour] = {
    Provenance.DETECTED: (150, 178, 92),
    Provenance.INTERPOLATED: (70, 190, 245),
    Provenance.MISSING: (66, 56, 50),
}


class SideBySide:
    """Draws one frame after the other; scale, floor and layout are the same for the whole clip.

    Attributes:
        size: (width, height) pixels of the frames drawn, both even.
        input_size: (width, height) pixels of the input's panel, at the left.
    """

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        width, height = motion.image_size
        self._height = 2 * round(min(max(height, MIN_HEIGHT), MAX_HEIGHT) / 2)
        aspect = min(width / height, _MAX_INPUT_ASPECT)
        self.input_size = (2 * round(self._height * aspect / 2), self._height)
        self._panel_size = (2 * round(self._height * _PANEL_ASPECT / 2), self._height)
        self._gap = max(2, self._height // 240)
        self._font = max(11, self._height // 34)

        self._provenance = {person.id: motion.shown_provenance(person) for person in motion.people}
        self._scene = Scene(motion)
        self._bodies = [("Lifted 3D", self._model("lifter"), self._scene.lifted)]
        if self._scene.refined is not None:
            self._bodies.append(("Refined 3D", self._model("refiner"), self._scene.refined))
        self._director = Director(self._scene, self._panel_size, top=3.4 * self._font, bottom=1.2 * self._font)
        self._background = paint_background(self._panel_size)
        self._footer = self._paint_footer()
        footer = self._footer.shape[0]
        self.size = (self._total_width(), 2 * ((self._height + footer + 1) // 2))

    def draw(self, index: int, picture: np.ndarray) -> np.ndarray:
        """Frame `index` of the result.

        Args:
            index: 0 to N-1.
            picture: (H,W,3) uint8 BGR, this frame of the input, of the motion's image size.

        Returns:
            (height, width, 3) uint8 BGR of `size`.
        """
        canvas = np.full((self.size[1], self.size[0], 3), SKY_TOP, np.uint8)
        panels = [self._input_panel(index, picture)]
        view = self._director.at(index, float(self._motion.timestamps[index]))
        stage = self._background.copy()
        paint_floor(stage, view, self._scene.radius)
        panels += [self._pose_panel(index, stage.copy(), view, *panel) for panel in self._bodies]
        x = 0
        for panel in panels:
            canvas[: self._height, x : x + panel.shape[1]] = panel
            x += panel.shape[1] + self._gap
        canvas[self._height : self._height + self._footer.shape[0]] = self._footer
        self._paint_now(canvas, index)
        return canvas

    def _total_width(self) -> int:
        width = self.input_size[0] + len(self._bodies) * (self._gap + self._panel_size[0])
        return width + width % 2

    def _model(self, kind: str) -> str:
        """A short name for the caption."""
        return str((self._motion.models.get(kind) or {}).get("name", ""))

    # --- the input -------------------------------------------------------------------------------------------------

    def _input_panel(self, index: int, picture: np.ndarray) -> np.ndarray:
        width, height = self.input_size
        scale = min(width / picture.shape[1], height / picture.shape[0])
        inner = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        panel = np.zeros((height, width, 3), np.uint8)
        x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
        for person in self._motion.people:
            if person.present[index]:
                self._overlay(small, person, index, np.array(inner) / self._motion.image_size)
        panel[y : y + inner[1], x : x + inner[0]] = small
        self._caption(panel, "Input", self._model("detector"))
        return panel

    def _overlay(self, picture: np.ndarray, person: PersonMotion, index: int, scale: np.ndarray) -> None:
        """The 2D skeleton; dashed where interpolated, thin where the detector is unsure,
        faint where it is not believed."""
        skeleton = self._motion.skeleton
        points = (person.keypoints_2d[index] + 0.5) * scale - 0.5
        size = float(np.ptp(points, axis=0).max())
        radius = float(np.clip(size / 95, 1.1, 0.008 * self._height))
        interpolated = self._provenance[person.id][index] == Provenance.INTERPOLATED
        known = person.known[index]
        self._faint(picture, points, known, 0.5 * radius)
        for dark in (True, False):  # all rims first, then all colours: crossings stay clean
            for parent, child in skeleton.bones:
                sure = min(person.scores[index, parent], person.scores[index, child]) >= SURE
                if not (known[parent] and known[child]):
                    continue
                r = radius if sure else 0.5 * radius
                a, b = points[parent], points[child]
                if dark:
                    if not interpolated:
                        capsule(picture, a, b, r + 1.2, r + 1.2, (24, 20, 18))
                    continue
                colour = limb_colour(skeleton, child)
                (dashed if interpolated else _line)(picture, a, b, r, colour)
        for joint in np.flatnonzero(known):
            colour = LEFT if joint in skeleton.left else RIGHT if joint in skeleton.right else MIDDLE
            disc(picture, points[joint], 1.35 * radius + 1.0, (24, 20, 18))
            disc(picture, points[joint], 1.35 * radius, mix(colour, (255, 255, 255), 0.55))
        if len(self._motion.people) > 1:
            name = f"person {person.id}"
            half = text_width(name, self._font) / 2 + 4
            x = float(np.clip(points[skeleton.joints.index("head")][0], half, max(half, picture.shape[1] - half)))
            y = max(points[:, 1].min(), 1.8 * self._font)
            text(picture, name, (x, y - 0.6 * self._font), self._font, INK, "ms", halo=True)

    def _faint(self, picture: np.ndarray, points: np.ndarray, known: np.ndarray, radius: float) -> None:
        """The bones to joints that are not believed, hardly visible, in place."""
        skeleton = self._motion.skeleton
        if known.all():
            return
        drawn = picture.copy()
        for parent, child in skeleton.bones:
            if not (known[parent] and known[child]):
                _line(drawn, points[parent], points[child], radius, limb_colour(skeleton, child))
        picture[:] = cv2.addWeighted(drawn, _FAINT, picture, 1 - _FAINT, 0)

    # --- 3D --------------------------------------------------------------------------------------------------------

    def _pose_panel(
        self, index: int, panel: np.ndarray, view: View, title: str, model: str, bodies: list[np.ndarray]
    ) -> np.ndarray:
        """Paint the people on the empty stage `panel`."""
        people = [
            (person, body[index])
            for person, body in zip(self._motion.people, bodies, strict=True)
            if person.present[index]
        ]
        if people:
            paint_people(
                panel,
                view,
                [body for _, body in people],
                [person.id for person, _ in people] if len(self._motion.people) > 1 else [],
                self._motion.skeleton,
                [self._provenance[person.id][index] == Provenance.INTERPOLATED for person, _ in people],
                [person.known[index] for person, _ in people],
            )
        else:
            middle = (panel.shape[1] / 2, panel.shape[0] / 2)
            text(panel, "no pose in this frame", middle, self._font, MUTED, "mm")
        self._caption(panel, title, model)
        return panel

    # --- lettering -------------------------------------------------------------------------------------------------

    def _caption(self, panel: np.ndarray, title: str, detail: str) -> None:
        margin = 0.9 * self._font
        big = round(1.25 * self._font)
        text(panel, title, (margin, margin + 0.9 * big), big, INK, halo=True)
        below = (margin, margin + 0.9 * big + 1.25 * self._font)
        text(panel, detail, below, round(0.85 * self._font), mix(MUTED, INK, 0.5), halo=True)

    def _paint_footer(self) -> np.ndarray:
        """The timeline of all people and the legend, without what changes from frame to frame."""
        people, font = self._motion.people, self._font
        row = max(5, round((0.55 if len(people) == 1 else 0.9) * font))
        self._bar_y = round(0.7 * font)
        height = self._bar_y + len(people) * (row + 2) + round(2.1 * font)
        footer = np.full((height, self._total_width(), 3), SKY_TOP, np.uint8)
        left = round(0.9 * font) + (round(text_width("person 00", font)) if len(people) > 1 else 0)
        self._bar = (left, footer.shape[1] - round(0.9 * font))
        frames = len(self._motion)
        columns = np.arange(self._bar[1] - self._bar[0])
        # Each column shows the worst of the frames under it: a single missing frame stays visible in a long clip.
        first = columns * frames // len(columns)
        last = np.maximum((columns + 1) * frames // len(columns), first + 1)
        palette = np.array([_TIMELINE[kind] for kind in Provenance], np.uint8)
        for number, person in enumerate(people):
            y = self._bar_y + number * (row + 2)
            worst = np.array([self._provenance[person.id][a:b].min() for a, b in zip(first, last, strict=True)])
            footer[y : y + row, self._bar[0] : self._bar[1]] = palette[worst]
            if len(people) > 1:
                text(footer, f"person {person.id}", (0.9 * font, y + row / 2), round(0.8 * font), MUTED, "lm")
        self._bar_height = len(people) * (row + 2) - 2
        self._text_y = height - 0.8 * font
        self._paint_legend(footer)
        return footer

    def _paint_legend(self, footer: np.ndarray) -> None:
        font, x = self._font, float(self._bar[1])
        entries: list[tuple[str, Colour]] = [("right", RIGHT), ("left", LEFT)]
        entries += [(kind.name.lower(), _TIMELINE[kind]) for kind in Provenance]
        for words, colour in entries:
            x -= text_width(words, round(0.85 * font))
            text(footer, words, (x, self._text_y), round(0.85 * font), MUTED)
            x -= 0.75 * font
            dot = mix(colour, INK, 0.15) if words == "missing" else colour
            disc(footer, np.array([x, self._text_y - 0.3 * font]), 0.3 * font, dot)
            x -= 1.2 * font

    def _paint_now(self, canvas: np.ndarray, index: int) -> None:
        """The playhead and the time."""
        left, right = self._bar
        x = left + (index + 0.5) / len(self._motion) * (right - left)
        y0, y1 = self._height + self._bar_y - 4, self._height + self._bar_y + self._bar_height + 4
        capsule(canvas, np.array([x, y0]), np.array([x, y1]), 2.6, 2.6, SKY_BOTTOM)
        capsule(canvas, np.array([x, y0]), np.array([x, y1]), 1.4, 1.4, INK)
        seconds = float(self._motion.timestamps[index])
        words = f"{int(seconds // 60)}:{seconds % 60:05.2f}   frame {index + 1} of {len(self._motion)}"
        text(canvas, words, (0.9 * self._font, self._height + self._text_y), self._font, INK)


def _line(picture: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, colour: Colour) -> None:
    capsule(picture, start, end, radius, radius, colour)
