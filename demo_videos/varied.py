"""Varied shots: every one another person, dressed otherwise, in a room that the camera stands in, harder to see.

These are what a detector's errors are measured on for training. One in four is clean, as in the plain suite.
"""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from demo_videos.body import Build, shapes
from demo_videos.drawing import FRAMES, RATES, ROOMS, SKINS, activity_of, draw_motion, slug, varied_colour
from demo_videos.flaws import Flaws, Occluder
from demo_videos.meshes import Colour
from demo_videos.motion import Motion17
from demo_videos.scene import Box, Light, Material, Room, View
from demo_videos.shots import Shot
from demo_videos.wardrobe import Garment, Outfit

_SIZES = ((640, 360), (640, 360), (640, 480), (480, 360), (480, 270), (320, 240), (360, 640), (360, 640), (480, 640))
_HAIRS = ((0.012, 0.010, 0.009), (0.05, 0.03, 0.02), (0.20, 0.09, 0.03), (0.45, 0.30, 0.12), (0.40, 0.39, 0.38))
_HAIRDOS = ("short", "short", "bun", "long", "shaved", "bald")
_IDLE_SHARE = 0.06
_CUT = 0.9  # a person who fills more than this share of the frame may be cut off by it
_FLOORS = (Material.WOOD, Material.CONCRETE, Material.TILES, Material.CARPET, Material.PLAIN)
_WALLS = (Material.PLAIN, Material.PLAIN, Material.BRICK, Material.CONCRETE)


def draw_varied_shot(motions: list[Motion17], seed: int, index: int, frames: int = FRAMES) -> Shot:
    """Varied shot `index` of `seed`: always the same for the same motions, of so many frames at most."""
    rng = np.random.default_rng([1, seed, index])  # another stream than that of the plain shots
    idle = [motion for motion in motions if activity_of(motion.text).startswith("idle")]
    motion = draw_motion(idle if idle and rng.random() < _IDLE_SHARE else motions, rng)
    fps = RATES[rng.integers(len(RATES))]
    margin = 1 / float(fps)  # as in drawing.py
    available = (len(motion.joints) - 1) / motion.fps - 2 * margin
    seconds = min(frames / float(fps), available)
    clean = index % 4 == 0
    room, build = _draw_room(rng, clean), _draw_build(rng)
    view = _draw_view(rng, build.height_m, clean)
    shot = Shot(
        name=f"varied-{motion.split}-{seed}-{index:03d}-{slug(motion.text)}",
        motion=motion.name,
        start_s=margin + rng.uniform(0, max(0.0, available - seconds)),
        seconds=float(seconds),
        shape=build,
        outfit=_draw_outfit(rng, room),
        room=room,
        view=view,
        size=_SIZES[rng.integers(len(_SIZES))],
        fps=fps,
        grip=float(rng.uniform(0, 0.7)),
        room_turn_deg=float(rng.uniform(-25, 25)),
        occluders=() if clean or view.fill > _CUT else _draw_occluders(rng),
        flaws=Flaws(crf=int(rng.integers(18, 26)), preset="veryfast") if clean else _draw_flaws(rng),
    )
    blurred = shot.flaws.defocus_px > 0 or shot.flaws.shrink > 1
    return replace(shot, samples=0) if blurred else shot


def _draw_build(rng: np.random.Generator) -> Build:
    """Any mixture of the six shapes and a little beyond; mostly grown up, one in six a child."""
    count = len(shapes())
    mixture = 1.25 * rng.dirichlet(np.full(count, 0.6)) - 0.25 / count
    child = rng.random() < 1 / 6
    height = float(rng.uniform(1.15, 1.5) if child else np.clip(rng.normal(1.70, 0.11), 1.45, 2.0))
    head = (1.7 / height) ** 0.4  # small people have large heads
    return Build(tuple(map(float, mixture)), height, float(head * rng.uniform(0.97, 1.03)))


def _draw_cloth(rng: np.random.Generator, room: Room) -> Colour:
    """Any colour; often black, grey or white, now and then that of the room's walls."""
    kind = rng.random()
    if kind < 0.12:
        walls = [box.colour for box in room.boxes if box.inward] or [room.boxes[2].colour]
        return varied_colour(walls[0], rng)
    saturation = rng.uniform(0, 0.08) if kind < 0.35 else rng.uniform(0, 0.95)
    return colorsys.hsv_to_rgb(rng.random(), saturation, float(np.exp(rng.uniform(np.log(0.015), np.log(0.8)))))


def _draw_outfit(rng: np.random.Generator, room: Room) -> Outfit:
    base = _draw_cloth(rng, room)
    tight = rng.random() < 0.25
    top = Garment(
        colour=base,
        second=_draw_cloth(rng, room),
        pattern=int(rng.choice([0, 0, 0, 1, 3, 4])),
        low=rng.uniform(0.93, 1.12),
        sleeve=rng.uniform(0.02, 0.1) if rng.random() < 0.3 else rng.uniform(0.06, 0.62),
        offset=rng.uniform(0.004, 0.007) if tight else rng.uniform(0.008, 0.022),
        flare=0.0 if tight else rng.uniform(0.0, 0.02),
        smooth=int(rng.integers(2, 6)) if tight else int(rng.integers(6, 20)),
        high=2.0,
    )
    trousers = Garment(
        colour=base if rng.random() < 0.15 else _draw_cloth(rng, room),
        second=_draw_cloth(rng, room),
        pattern=int(rng.choice([0, 0, 2, 3])),
        low=float(rng.choice([0.02, 0.04, 0.1, 0.3, 0.5, 0.6, 0.72])),
        offset=min(top.offset - 0.002, rng.uniform(0.003, 0.012)),
        flare=0.0 if rng.random() < 0.5 else rng.uniform(0.0, 0.02),
        smooth=int(rng.integers(3, 16)),
    )
    skirt = None
    if rng.random() < 0.15:
        cloth = base if rng.random() < 0.5 else _draw_cloth(rng, room)
        pattern = top.pattern if cloth == base else int(rng.choice([0, 0, 1, 3]))
        skirt = Garment(cloth, top.second, pattern, low=rng.uniform(0.1, 0.72), offset=0.012)
        # short tights of the same cloth, which may show where the skirt is stretched
        trousers = replace(skirt, low=max(skirt.low, 0.72), high=1.15, offset=0.003, smooth=3)
    dark = rng.random()
    return Outfit(
        top=top,
        trousers=trousers,
        skirt=skirt,
        skin=varied_colour(_between(SKINS, dark), rng),
        hair=varied_colour(_between(_HAIRS, rng.random() ** (1 + dark)), rng),
        shoes=_draw_cloth(rng, room),
        soles=(0.5, 0.5, 0.5) if rng.random() < 0.5 else (0.05, 0.05, 0.05),
        hairdo=str(rng.choice(_HAIRDOS)),
        barefoot=bool(rng.random() < 0.25),
    )


def _between(colours: tuple[Colour, ...], where: float) -> Colour:
    """The colour at `where`, 0 to 1, of the way through `colours`."""
    at = np.linspace(0, 1, len(colours))
    r, g, b = (float(np.interp(where, at, channel)) for channel in zip(*colours, strict=True))
    return r, g, b


def _draw_room(rng: np.random.Generator, clean: bool) -> Room:
    """One of the four rooms, painted, mirrored and lit otherwise, with some more things along its back wall."""
    room = ROOMS[rng.integers(len(ROOMS))]
    mirror = -1 if rng.random() < 0.5 else 1
    paint = {colour: _draw_paint(rng, colour) for colour in dict.fromkeys(box.colour for box in room.boxes)}
    boxes = [
        replace(
            box,
            centre=(mirror * box.centre[0], *box.centre[1:]),
            colour=box.colour if box.material in (Material.GLOW, Material.GRASS) else paint[box.colour],
        )
        for box in room.boxes
    ]
    indoors = any(box.inward for box in boxes)
    wall = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.06, 0.75))
    floor = colorsys.hsv_to_rgb(rng.uniform(0, 0.15), rng.uniform(0, 0.6), rng.uniform(0.08, 0.5))
    if indoors:
        boxes[0] = replace(boxes[0], colour=floor, material=_FLOORS[rng.integers(len(_FLOORS))])
        material = _WALLS[rng.integers(len(_WALLS))]
        boxes = [replace(box, colour=wall, material=material) if box.inward else box for box in boxes]
    else:
        boxes[2] = replace(boxes[2], colour=wall, material=_WALLS[rng.integers(len(_WALLS))])
    back = -room.half[2] if indoors else -5.4
    boxes += [_draw_thing(rng, room, back) for _ in range(rng.integers(0, 7))]
    light = _draw_light(rng, room.light, backlit=not clean and rng.random() < 0.2)
    return replace(room, boxes=tuple(boxes), light=light, stretches=indoors)


def _draw_paint(rng: np.random.Generator, colour: Colour) -> Colour:
    """Every other colour of a room's furniture becomes another one, as light."""
    hue, saturation, value = rng.random(), rng.uniform(0, 0.8), max(colour) * rng.uniform(0.7, 1.3)
    return colour if rng.random() < 0.5 else colorsys.hsv_to_rgb(hue, saturation, min(value, 0.8))


def _draw_thing(rng: np.random.Generator, room: Room, back: float) -> Box:
    """A picture on the back wall, or something that stands before it."""
    x = float(rng.uniform(-0.9, 0.9) * min(room.half[0], 4.5))
    width, height = float(rng.uniform(0.25, 1.3)), float(rng.uniform(0.3, 1.9))
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.8), rng.uniform(0.03, 0.6))
    if rng.random() < 0.35:
        return Box((x, 1.6, back + 0.03), (width, 0.7 * width, 0.04), colour, Material.PICTURE, casts=False)
    material = (Material.PLAIN, Material.WOOD, Material.GRASS, Material.CONCRETE)[rng.integers(4)]
    depth = float(rng.uniform(0.2, 0.5))
    return Box((x, height / 2, back + 0.06 + depth / 2), (width, height, depth), colour, material)


def _draw_light(rng: np.random.Generator, light: Light, backlit: bool) -> Light:
    angle = rng.uniform(0, 2 * np.pi)
    direction = (float(np.cos(angle)), float(rng.uniform(0.5, 1.6)), float(np.sin(angle)))
    strength = light.strength * float(rng.uniform(0.4, 1.4))
    if not backlit:
        return replace(light, direction=direction, strength=strength, colour=varied_colour(light.colour, rng))
    dim = float(rng.uniform(0.25, 0.6))
    return replace(
        light,
        direction=(float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.5, 1.0)), -1.0),
        strength=light.strength * float(rng.uniform(1.5, 3.0)),
        colour=varied_colour(light.colour, rng),
        ambient=(light.ambient[0] * dim, light.ambient[1] * dim, light.ambient[2] * dim),
        bounce=(light.bounce[0] * dim, light.bounce[1] * dim, light.bounce[2] * dim),
    )


def _draw_view(rng: np.random.Generator, height_m: float, clean: bool) -> View:
    """Level or from any height, near or far; of the others one in three cut off by the frame, one in five far away."""
    azimuth, focal = float(rng.uniform(-180, 180)), float(rng.uniform(0.7, 1.25))
    height = height_m * (float(rng.uniform(0.7, 1.05)) if rng.random() < 0.5 else float(rng.uniform(0.2, 1.4)))
    if clean:
        return View(azimuth, height, focal, float(rng.uniform(0.6, 0.9)))
    roll, kind = float(rng.normal(0, 4.0)), rng.random()
    if kind < 0.33:  # near: the frame cuts off one side, or several
        aim = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5)))
        return View(azimuth, height, focal, float(rng.uniform(_CUT, 1.5)), roll, aim)
    fill = float(rng.uniform(0.25, 0.5)) if kind < 0.53 else float(rng.uniform(0.55, _CUT))
    aim = (float(rng.uniform(-1, 1) * (1 - fill)), float(rng.uniform(-0.3, 0.3) * (1 - fill)))
    return View(azimuth, height, focal, fill, roll, aim)


def _draw_occluders(rng: np.random.Generator) -> tuple[Occluder, ...]:
    """None mostly, else one to three of: table, crate, pillar, bush."""
    count = int(rng.choice([0, 1, 2, 3], p=[0.62, 0.24, 0.10, 0.04]))
    return tuple(_draw_occluder(rng) for _ in range(count))


def _draw_occluder(rng: np.random.Generator) -> Occluder:
    width, height, material = (
        (rng.uniform(0.6, 1.2), rng.uniform(0.5, 0.8), Material.WOOD),
        (rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.9), Material.PLAIN),
        (rng.uniform(0.1, 0.28), 2.6, Material.CONCRETE),
        (rng.uniform(0.3, 0.7), rng.uniform(0.4, 1.0), Material.GRASS),
    )[rng.integers(4)]
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.0, 0.7), rng.uniform(0.03, 0.5))
    return Occluder(float(width), float(height), float(rng.uniform(-1, 1)), colour, material)


def _draw_flaws(rng: np.random.Generator) -> Flaws:
    """Each by itself, so that some come together; light is dark in three of ten and too much in one."""
    kind = rng.random()
    dark, bright = kind < 0.3, kind > 0.9
    light = float(np.exp(rng.uniform(np.log(0.045), np.log(0.5)))) if dark else 1.0
    return Flaws(
        light=float(rng.uniform(1.5, 2.6)) if bright else light,
        grain=float(rng.uniform(3, 22)) if dark or rng.random() < 0.2 else 0.0,
        defocus_px=float(rng.uniform(0.8, 3.5)) if rng.random() < 0.2 else 0.0,
        open_shutter=bool(rng.random() < 0.15),
        crf=int(rng.integers(22, 46)),
        preset=str(rng.choice(["ultrafast", "veryfast", "medium"])),
        shrink=float(rng.uniform(1.5, 3.0)) if rng.random() < 0.2 else 1.0,
    )
