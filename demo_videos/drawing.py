"""The plain shots of the rendered benchmark, drawn from a seed: six bodies, four rooms, phone or studio."""

from __future__ import annotations

import colorsys
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np

from demo_videos.body import shapes
from demo_videos.flaws import Flaws, Occluder
from demo_videos.meshes import Colour
from demo_videos.motion import Motion17
from demo_videos.rooms import COURTYARD, HALL, LIVING_ROOM, STUDIO
from demo_videos.scene import Material, Room, View
from demo_videos.shots import Shot
from demo_videos.wardrobe import Garment, Outfit

FRAMES = 200  # of a clip, if the motion is long enough
MIN_SECONDS = 2.0
RATES = (Fraction(24), Fraction(25), Fraction(30), Fraction(30), Fraction(30000, 1001), Fraction(50), Fraction(60))
_SIZES = ((640, 480), (640, 360), (854, 480), (360, 640), (480, 640))
SKINS = ((0.70, 0.47, 0.36), (0.60, 0.36, 0.25), (0.42, 0.24, 0.15), (0.22, 0.11, 0.065))
_HAIRS = ((0.02, 0.014, 0.01), (0.20, 0.09, 0.03), (0.45, 0.30, 0.12), (0.35, 0.34, 0.33))
ROOMS = (STUDIO, LIVING_ROOM, HALL, COURTYARD)


def draw_shot(motions: list[Motion17], seed: int, index: int, frames: int = FRAMES) -> Shot:
    """Shot `index` of the suite `seed`: always the same for the same motions,
    of so many frames where the motion is long enough.

    Every fourth shot is clean, so that what flaws cost can be read off.
    """
    rng = np.random.default_rng([seed, index])
    motion = draw_motion(motions, rng)
    fps = RATES[rng.integers(len(RATES))]
    # an open shutter looks a third of a frame back and ahead
    margin = 1 / float(fps)
    available = (len(motion.joints) - 1) / motion.fps - 2 * margin
    seconds = min(frames / float(fps), available)
    clean = index % 4 == 0
    return Shot(
        name=f"{motion.split}-{seed}-{index:03d}-{slug(motion.text)}",
        motion=motion.name,
        start_s=margin + rng.uniform(0, max(0.0, available - seconds)),
        seconds=float(seconds),
        shape=str(rng.choice(shapes())),
        outfit=_draw_outfit(rng),
        room=_draw_room(rng),
        view=_draw_view(rng, clean),
        size=_SIZES[rng.integers(len(_SIZES))],
        fps=fps,
        grip=float(rng.uniform(0, 0.6)),
        room_turn_deg=float(rng.uniform(-25, 25)),
        occluders=() if clean or rng.random() < 0.6 else (_draw_occluder(rng),),
        flaws=Flaws(crf=20) if clean else _draw_flaws(rng),
    )


def draw_motion(motions: list[Motion17], rng: np.random.Generator) -> Motion17:
    """Activities alike, whatever their length: idling would drown the rest."""
    long_enough = [m for m in motions if len(m.joints) / m.fps > MIN_SECONDS + 0.2]
    activities = sorted({activity_of(m.text) for m in long_enough})
    activity = activities[rng.integers(len(activities))]
    among = [m for m in long_enough if activity_of(m.text) == activity]
    return among[rng.integers(len(among))]


def activity_of(text: str) -> str:
    """The kind of motion: the first word or two of its description, so that thirty sorts of dance are one."""
    return re.split(r"[-,/(]", text.strip().lower())[0].strip()


def _draw_outfit(rng: np.random.Generator) -> Outfit:
    def cloth() -> Colour:
        return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.9), rng.uniform(0.03, 0.6))

    top = Garment(
        colour=cloth(),
        second=cloth(),
        pattern=int(rng.choice([0, 0, 0, 1, 3])),
        low=rng.uniform(0.95, 1.06),
        sleeve=rng.uniform(0.06, 0.62),
        offset=rng.uniform(0.008, 0.017),
        flare=rng.uniform(0.0, 0.012),
        smooth=int(rng.integers(6, 17)),
        high=2.0,
    )
    trousers = Garment(
        colour=cloth(),
        pattern=int(rng.choice([0, 0, 2])),
        low=float(rng.choice([0.02, 0.06, 0.3, 0.55])),
        offset=rng.uniform(0.006, 0.012),
        smooth=int(rng.integers(6, 13)),
    )
    return Outfit(
        top=top,
        trousers=trousers,
        skin=varied_colour(SKINS[rng.integers(len(SKINS))], rng),
        hair=_HAIRS[rng.integers(len(_HAIRS))],
        shoes=cloth(),
        soles=(0.5, 0.5, 0.5) if rng.random() < 0.5 else (0.05, 0.05, 0.05),
        hairdo=str(rng.choice(["short", "bun", "long", "shaved"])),
    )


def varied_colour(colour: Colour, rng: np.random.Generator) -> Colour:
    r, g, b = (float(np.clip(c * rng.uniform(0.85, 1.15), 0, 1)) for c in colour)
    return r, g, b


def _draw_room(rng: np.random.Generator) -> Room:
    room = ROOMS[rng.integers(len(ROOMS))]
    angle = rng.uniform(0, 2 * np.pi)
    light = replace(
        room.light,
        direction=(float(np.cos(angle)), float(rng.uniform(0.7, 1.5)), float(np.sin(angle))),
        strength=room.light.strength * float(rng.uniform(0.6, 1.3)),
        colour=varied_colour(room.light.colour, rng),
    )
    return replace(room, light=light)


def _draw_view(rng: np.random.Generator, clean: bool) -> View:
    """Studio-like (far, level, the whole body) or phone-like (near, any height, now and then cut off,
    a little tilted)."""
    azimuth = float(rng.uniform(-180, 180))
    if rng.random() < 0.5:
        return View(azimuth, float(rng.uniform(1.3, 1.8)), float(rng.uniform(1.05, 1.25)), float(rng.uniform(0.7, 0.9)))
    cut = not clean and rng.random() < 0.3
    fill = rng.uniform(1.1, 1.4) if cut else rng.uniform(0.6, 0.95)
    return View(
        azimuth, float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.7, 1.1)), float(fill), float(rng.normal(0, 2.0))
    )


def _draw_occluder(rng: np.random.Generator) -> Occluder:
    """A table, a crate or a pillar."""
    width, height, material = (
        (rng.uniform(0.9, 1.4), rng.uniform(0.65, 0.85), Material.WOOD),
        (rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.9), Material.PLAIN),
        (rng.uniform(0.15, 0.28), 2.6, Material.CONCRETE),
    )[rng.integers(3)]
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.5))
    return Occluder(float(width), float(height), float(rng.uniform(-0.6, 0.6)), colour, material)


def _draw_flaws(rng: np.random.Generator) -> Flaws:
    dark = rng.random() < 0.3
    return Flaws(
        light=float(rng.uniform(0.12, 0.5)) if dark else 1.0,
        grain=float(rng.uniform(4, 14)) if dark or rng.random() < 0.2 else 0.0,
        defocus_px=float(rng.uniform(0.8, 2.2)) if rng.random() < 0.25 else 0.0,
        open_shutter=bool(rng.random() < 0.25),
        crf=int(rng.integers(22, 40)),
    )


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", activity_of(text)).strip("-")[:24] or "motion"
