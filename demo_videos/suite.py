"""The rendered benchmark: shots of many people, rooms, views and flaws, drawn from a seed.

    python -m demo_videos.suite --mocap mocap17.npz --out suite          # 34 clips of test people
    python -m demo_videos.suite --mocap mocap17.npz --out suite --split train --clips 60

writes NAME.mp4 and NAME.npz (see truth.py) for every shot; clips that are there already are left alone, so that a
stopped run goes on where it was. `d3p evaluate rendered suite` measures the pipeline on them. The suite is not part of
the project, for its size: the same seed makes the same shots again.
"""

from __future__ import annotations

import argparse
import colorsys
import re
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from demo_videos.body import shapes
from demo_videos.flaws import Flaws, Occluder
from demo_videos.meshes import Colour
from demo_videos.motion import Motion17, motions_of
from demo_videos.render import render_shot
from demo_videos.rooms import COURTYARD, HALL, LIVING_ROOM, STUDIO
from demo_videos.scene import Material, Room, View
from demo_videos.shots import Shot
from demo_videos.wardrobe import Garment, Outfit
from estimators.errors import exit_status

FRAMES = 200  # of a clip, if the motion is long enough
MIN_SECONDS = 2.0
_RATES = (Fraction(24), Fraction(25), Fraction(30), Fraction(30), Fraction(30000, 1001), Fraction(50), Fraction(60))
_SIZES = ((640, 480), (640, 360), (854, 480), (360, 640), (480, 640))
_SKINS = ((0.70, 0.47, 0.36), (0.60, 0.36, 0.25), (0.42, 0.24, 0.15), (0.22, 0.11, 0.065))
_HAIRS = ((0.02, 0.014, 0.01), (0.20, 0.09, 0.03), (0.45, 0.30, 0.12), (0.35, 0.34, 0.33))
_ROOMS = (STUDIO, LIVING_ROOM, HALL, COURTYARD)


def draw_shot(motions: list[Motion17], seed: int, index: int, frames: int = FRAMES) -> Shot:
    """Shot `index` of the suite `seed`: always the same for the same motions,
    of so many frames where the motion is long enough.

    Every fourth shot is clean, so that what flaws cost can be read off.
    """
    rng = np.random.default_rng([seed, index])
    motion = _draw_motion(motions, rng)
    fps = _RATES[rng.integers(len(_RATES))]
    # an open shutter looks a third of a frame back and ahead
    margin = 1 / float(fps)
    available = (len(motion.joints) - 1) / motion.fps - 2 * margin
    seconds = min(frames / float(fps), available)
    clean = index % 4 == 0
    return Shot(
        name=f"{motion.split}-{seed}-{index:03d}-{_slug(motion.text)}",
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
        occluder=None if clean or rng.random() < 0.6 else _draw_occluder(rng),
        flaws=Flaws(crf=20) if clean else _draw_flaws(rng),
    )


def _draw_motion(motions: list[Motion17], rng: np.random.Generator) -> Motion17:
    """Activities alike, whatever their length: idling would drown the rest."""
    long_enough = [m for m in motions if len(m.joints) / m.fps > MIN_SECONDS + 0.2]
    activities = sorted({_activity(m.text) for m in long_enough})
    activity = activities[rng.integers(len(activities))]
    among = [m for m in long_enough if _activity(m.text) == activity]
    return among[rng.integers(len(among))]


def _activity(text: str) -> str:
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
        skin=_vary(_SKINS[rng.integers(len(_SKINS))], rng),
        hair=_HAIRS[rng.integers(len(_HAIRS))],
        shoes=cloth(),
        soles=(0.5, 0.5, 0.5) if rng.random() < 0.5 else (0.05, 0.05, 0.05),
        hairdo=str(rng.choice(["short", "bun", "long", "shaved"])),
    )


def _vary(colour: Colour, rng: np.random.Generator) -> Colour:
    r, g, b = (float(np.clip(c * rng.uniform(0.85, 1.15), 0, 1)) for c in colour)
    return r, g, b


def _draw_room(rng: np.random.Generator) -> Room:
    room = _ROOMS[rng.integers(len(_ROOMS))]
    angle = rng.uniform(0, 2 * np.pi)
    light = replace(
        room.light,
        direction=(float(np.cos(angle)), float(rng.uniform(0.7, 1.5)), float(np.sin(angle))),
        strength=room.light.strength * float(rng.uniform(0.6, 1.3)),
        colour=_vary(room.light.colour, rng),
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


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _activity(text)).strip("-")[:24] or "motion"


def _count(text: str) -> int:
    """A command line's number of at least one."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


@exit_status
def main(arguments: list[str] | None = None) -> None:
    """Render the clips of a suite that are not there yet, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_videos.suite", description=__doc__.splitlines()[0])
    parser.add_argument("--mocap", type=Path, required=True, help="motion-capture file in the mocap17 format")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="whose motion (default: test)"
    )
    parser.add_argument("--clips", type=_count, default=34, metavar="N", help="default: 34")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--frames", type=_count, default=FRAMES, metavar="N", help=f"of a clip at most (default: {FRAMES})"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    motions = motions_of(options.mocap, options.split)
    by_name = {motion.name: motion for motion in motions}
    for index in range(options.clips):
        shot = draw_shot(motions, options.seed, index, options.frames)
        if (options.out / f"{shot.name}.npz").is_file():  # written last
            continue
        path, seconds = render_shot(shot, by_name[shot.motion], options.out)
        print(f"{index + 1}/{options.clips} {path.name}: {seconds:.2f} s a frame", flush=True)


if __name__ == "__main__":
    sys.exit(main())
