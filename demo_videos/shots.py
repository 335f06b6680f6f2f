"""The shots of the bundled clips: who does what, dressed how, in which room, seen from where."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from demo_videos.body import Build
from demo_videos.flaws import CLEAN, Flaws, Occluder
from demo_videos.rooms import COURTYARD, HALL, LIVING_ROOM, STUDIO
from demo_videos.scene import Room, View
from demo_videos.wardrobe import Garment, Outfit


@dataclass(frozen=True)
class Shot:
    """All that one clip is rendered from: who does what, dressed how, where, and how it is filmed."""

    name: str
    motion: str  # name in the motion-capture file
    start_s: float
    seconds: float
    shape: str | Build
    outfit: Outfit
    room: Room
    view: View
    size: tuple[int, int]  # (width, height) pixels
    fps: Fraction
    grip: float = 0.0  # 0 relaxed fingers, 1 fists
    room_turn_deg: float = 0.0  # turns the room against the line of sight
    occluders: tuple[Occluder, ...] = ()
    flaws: Flaws = CLEAN
    samples: int = 4  # of a pixel, for smooth edges; 0 takes half the time


_BOXER = Outfit(
    top=Garment(colour=(0.50, 0.06, 0.05), low=1.02, sleeve=0.20, offset=0.012, flare=0.012, smooth=14, high=2.0),
    trousers=Garment(colour=(0.05, 0.06, 0.08), low=0.03, offset=0.009, smooth=10),
    skin=(0.60, 0.36, 0.25),
)
_DANCER = Outfit(
    top=Garment(
        colour=(0.62, 0.60, 0.55), second=(0.05, 0.10, 0.22), pattern=1, low=1.04, sleeve=0.5, offset=0.009,
        flare=0.004, high=2.0,
    ),
    trousers=Garment(colour=(0.07, 0.12, 0.24), pattern=2, low=0.06, offset=0.008),
    skin=(0.70, 0.46, 0.35), hair=(0.20, 0.09, 0.03), shoes=(0.55, 0.54, 0.52), hairdo="bun", iris=(0.08, 0.14, 0.20),
)  # fmt: skip
_WALKER = Outfit(
    top=Garment(colour=(0.10, 0.22, 0.17), low=1.0, sleeve=0.6, offset=0.016, flare=0.01, smooth=16, high=2.0),
    trousers=Garment(colour=(0.32, 0.25, 0.16), low=0.02, offset=0.011, smooth=12),
    skin=(0.22, 0.11, 0.065), hair=(0.012, 0.010, 0.009), shoes=(0.16, 0.08, 0.04), soles=(0.05, 0.04, 0.03),
    hairdo="shaved",
)  # fmt: skip
_HOPPER = Outfit(
    top=Garment(colour=(0.55, 0.36, 0.05), low=1.05, sleeve=0.08, offset=0.009, flare=0.004, high=2.0),
    trousers=Garment(colour=(0.06, 0.06, 0.07), low=0.55, offset=0.007),
    skin=(0.42, 0.24, 0.15), hair=(0.02, 0.014, 0.01), shoes=(0.30, 0.04, 0.10), hairdo="bun",
)  # fmt: skip

DEMO: tuple[Shot, ...] = (
    Shot(
        "boxer", motion="maxxgx/cmu_02/02_05", start_s=4.4, seconds=5.0, shape="male_average", outfit=_BOXER,
        room=STUDIO, view=View(azimuth_deg=20, height_m=1.5, focal=1.15), size=(854, 480), fps=Fraction(30),
        grip=0.35, room_turn_deg=18,
    ),
    Shot(
        "dancer", motion="maxxgx/cmu_05/05_10_p1", start_s=0.0, seconds=4.6, shape="female_slim_tall", outfit=_DANCER,
        room=LIVING_ROOM, view=View(azimuth_deg=-15, height_m=1.25, focal=0.85, fill=0.9), size=(480, 854),
        fps=Fraction(30000, 1001), room_turn_deg=-12,
    ),
    Shot(
        "walker", motion="maxxgx/cmu_09/09_12", start_s=1.0, seconds=6.0, shape="male_heavy", outfit=_WALKER, room=HALL,
        view=View(azimuth_deg=25, height_m=2.2, focal=1.0, fill=0.93), size=(640, 480), fps=Fraction(25),
        room_turn_deg=24,
    ),
    Shot(
        "hopper", motion="maxxgx/cmu_49/49_02", start_s=9.0, seconds=5.0, shape="female_average", outfit=_HOPPER,
        room=COURTYARD, view=View(azimuth_deg=-28, height_m=1.1, focal=0.9), size=(854, 480), fps=Fraction(24),
        room_turn_deg=-10,
    ),
)  # fmt: skip
