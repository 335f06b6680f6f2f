"""Dress a body: skin, clothes, shoes and hair as one triangle mesh in rest space.

Clothes are copies of the body file's `tights` layer, smoothed and pushed outwards. Each layer carries a `cover` value
per vertex: metres inside its hem, neckline or cuff. The shader discards what is negative, which cuts clean edges across
triangles; skin that lies safely under a layer is dropped here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from demo_videos.body import TWIST_BONES, TWIST_STEPS, Body
from demo_videos.meshes import Colour, Mesh, MeshBuilder, Surface, smoothed, subdivided, vertex_normals
from demo_videos.rotations import unit

_HIDDEN_M = 0.03  # skin this far inside a garment is never seen
_HAND_PARTS = ("Hand", "Thumb", "FingerBase", "HandFinger1")
_ARM_PARTS = ("Arm", "ForeArm", *_HAND_PARTS)


@dataclass(frozen=True)
class Garment:
    """A top or trousers.

    `sleeve`: metres of arm covered from the shoulder. `low` and `high`: lower and upper edge as fractions of the way
    from ankle (0) over hip (1) to neck (2). `pattern`: 0 plain, 1 stripes around, 2 denim, 3 checks, 4 two-tone.
    """

    colour: Colour
    second: Colour = (0.8, 0.8, 0.8)
    pattern: int = 0
    sleeve: float = 0.0
    low: float = 0.0
    high: float = 1.18
    offset: float = 0.009  # metres between skin and cloth
    flare: float = 0.0  # extra metres at cuff and hem
    smooth: int = 8  # smoothing steps: more hang looser


@dataclass(frozen=True)
class Outfit:
    """Everything about a person's looks but the shape."""

    top: Garment
    trousers: Garment
    skin: Colour = (0.62, 0.38, 0.27)
    hair: Colour = (0.05, 0.03, 0.02)
    shoes: Colour = (0.05, 0.05, 0.06)
    soles: Colour = (0.7, 0.7, 0.7)
    hairdo: str = "short"  # short | bun | long | shaved | bald
    iris: Colour = (0.12, 0.07, 0.03)
    skirt: Garment | None = None  # worn over the trousers; of its edges only `low` counts
    barefoot: bool = False


def dress(body: Body, outfit: Outfit) -> Mesh:
    """The visible person: `body` in `outfit`, rest space."""
    builder = MeshBuilder()
    top, trousers = garment_cover(body, outfit.top), garment_cover(body, outfit.trousers)
    shoes = np.full(len(top), -1.0) if outfit.barefoot else _shoe_cover(body)
    _add_skin(builder, body, outfit, np.maximum.reduce([top, trousers, shoes]))
    _add_garment(builder, body, outfit.trousers)
    if outfit.skirt:
        _add_skirt(builder, body, outfit.skirt)
    _add_garment(builder, body, outfit.top)
    if not outfit.barefoot:
        _add_shoes(builder, body, outfit, shoes)
    if outfit.hairdo != "bald":
        _add_hair(builder, body, outfit)
    for layer in ("l_eye", "r_eye"):
        builder.add(body.vertices, body.weights, body.faces[layer], outfit.iris, Surface.EYE)
    return builder.mesh()


def garment_cover(body: Body, garment: Garment) -> np.ndarray:
    """(V,) metres that each body vertex lies inside the garment's edges; negative outside."""
    return np.minimum(*_edges(body, garment, body.vertices))


def _edges(body: Body, garment: Garment, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V,) metres inside the loose edges (hem, cuffs) and (V,) inside the tight one (collar or waist).

    `vertices` (V, 3) are the body's own or the same ones moved by smoothing, along which edges then run straight.
    """
    heights = [body.heads[body.bone(b), 1] for b in ("LeftFoot", "LeftUpLeg", "Neck")]
    low, high = np.interp([garment.low, garment.high], [0, 1, 2], heights)
    arm = _share(body, _ARM_PARTS) > 0.5
    hem = vertices[:, 1] - low
    if garment.sleeve <= 0:  # trousers: hanging hands pass their height
        return np.where(arm, -0.3, hem), high - vertices[:, 1]
    # A collar lies lower in front and higher at the nape than a level cut.
    neck = body.heads[body.bone("Neck")]
    collar = neck[1] + 0.012 - 0.55 * (vertices[:, 2] - neck[2]) - vertices[:, 1]
    cuff = garment.sleeve - _along_arm(body, vertices)
    return np.where(arm, np.minimum(0.3, cuff), hem), np.where(arm, 0.3, collar)


def _add_skin(builder: MeshBuilder, body: Body, outfit: Outfit, cover: np.ndarray) -> None:
    faces = body.faces["body"]
    faces = faces[~(cover[faces] > _HIDDEN_M).all(axis=1)]
    skin = np.array(outfit.skin)
    colour = np.repeat(skin[None], len(body.vertices), axis=0)
    warm = skin * [1.05, 0.78, 0.74]
    for mask, tint, amount in (
        ("lips", skin * [0.85, 0.48, 0.46], 0.85),
        ("ears", warm, 0.5),
        ("fingernails", skin * 1.15, 0.6),
        ("eyelids", skin * 0.82, 0.5),
    ):
        weight = (body.masks[mask] * amount)[:, None]
        colour = colour * (1 - weight) + tint * weight
    builder.add(body.vertices, body.weights, faces, colour, Surface.SKIN)


def _add_garment(builder: MeshBuilder, body: Body, garment: Garment) -> None:
    faces = body.faces["tights"]
    normals = vertex_normals(body.vertices, faces)
    smooth = smoothed(body.vertices, faces, garment.smooth)
    loose, tight = _edges(body, garment, smooth)
    sunk = np.sum((body.vertices - smooth) * normals, axis=1)  # how far smoothing went into the skin
    hem = np.clip(1 - loose / 0.25, 0, 1) ** 2 * garment.flare
    offset = garment.offset * np.clip(0.25 + tight / 0.06, 0.25, 1)
    offset *= 1 - 0.7 * np.clip(normals[:, 1], 0, 1)  # cloth rests on shoulders and hangs away from what is below
    lifted = smooth + normals * (np.maximum(sunk, 0) + offset + hem)[:, None]
    cover = np.minimum(loose, tight)
    keep = faces[(cover[faces] > -0.01).any(axis=1)]
    fine, weights, keep = subdivided(np.concatenate([lifted, cover[:, None]], axis=1), body.weights, keep)
    points = smoothed(fine[:, :3], keep, 1)
    builder.add(points, weights, keep, garment.colour, Surface.CLOTH, fine[:, 3], garment.second, garment.pattern)


def _add_skirt(builder: MeshBuilder, body: Body, skirt: Garment) -> None:
    """The body file's skirt layer, cut at the hem."""
    faces = body.faces["skirt"]
    normals = vertex_normals(body.vertices, faces)
    heights = [body.heads[body.bone(b), 1] for b in ("LeftFoot", "LeftUpLeg", "Neck")]
    cover = body.vertices[:, 1] - np.interp(skirt.low, [0, 1, 2], heights)
    points = body.vertices + normals * skirt.offset
    keep = faces[(cover[faces] > -0.01).any(axis=1)]
    builder.add(points, body.weights, keep, skirt.colour, Surface.CLOTH, cover, skirt.second, skirt.pattern)


def _shoe_cover(body: Body) -> np.ndarray:
    """(V,) metres inside a low shoe: under a line that rises from the instep to the heel."""
    ankle = body.heads[body.bone("LeftFoot")]
    ahead = np.clip((body.vertices[:, 2] - ankle[2]) / 0.1, -0.5, 1)
    rim = ankle[1] + 0.005 + 0.008 * np.cos(ahead * 3)
    foot = _share(body, ("Foot", "ToeBase", "Leg")) > 0.5
    return np.where(foot, rim - body.vertices[:, 1], -0.3)


def _add_shoes(builder: MeshBuilder, body: Body, outfit: Outfit, cover: np.ndarray) -> None:
    faces = body.faces["tights"]  # its feet have no toes
    faces = faces[(cover[faces] > -0.015).any(axis=1)]
    smooth = smoothed(body.vertices, faces, 6)
    normals = vertex_normals(smooth, faces)
    out = np.maximum(np.sum((body.vertices - smooth) * normals, axis=1), 0)
    shoe = smooth + normals * (np.minimum(out, 0.012) + 0.007)[:, None]
    sole = body.vertices[:, 1] < 0.010
    shoe[:, 1] = np.where(sole, 0.0, np.maximum(shoe[:, 1], 0.0))
    builder.add(shoe, body.weights, faces, outfit.shoes, Surface.SHOE, cover, outfit.soles)


def _add_hair(builder: MeshBuilder, body: Body, outfit: Outfit) -> None:
    """An extruded scalp, and for a bun a ball behind it, for long hair the part of the hair layer behind the face."""
    eye = body.vertices[body.face_points[1]].mean(axis=0) * [0, 1, 1]
    ear = body.vertices[body.face_points[3]].mean(axis=0) * [0, 1, 1]
    # Hairline: a slanted plane from the forehead over the ears down to the nape.
    front = eye + [0, {"bun": 0.078, "long": 0.078}.get(outfit.hairdo, 0.066), 0.0]
    nape = ear + [0, -0.062, -0.085]
    slope = unit(np.cross([1.0, 0, 0], nape - front))
    cover = (body.vertices - front) @ slope
    temple = 0.012 * np.clip((np.abs(body.vertices[:, 0]) - 0.045) / 0.03, 0, 1)
    cover = cover - temple * (body.vertices[:, 2] > ear[2] + 0.02)
    faces = body.faces["body"]
    head = _share(body, ("Head", "Neck1", "Neck")) > 0.5
    mouth = body.vertices[:, 2] < eye[2] + 0.03  # nothing in front of the forehead
    cover = np.where(head & mouth & (body.masks["ears"] < 0.3), cover, -0.3)
    faces = faces[(cover[faces] > -0.01).all(axis=1)]
    thickness = {"shaved": 0.002, "short": 0.024, "bun": 0.012, "long": 0.015}[outfit.hairdo]
    smooth = smoothed(body.vertices, faces, 4)
    top = np.clip((body.vertices[:, 1] - eye[1] - 0.02) / 0.07, 0, 1)  # cut shorter at the sides and the nape
    lift = thickness * np.clip(cover / 0.035, 0, 1) ** 0.7 * (0.4 + 0.6 * top) + 0.0015
    side = np.arctan2(body.vertices[:, 0], body.vertices[:, 2] - ear[2])
    lift *= 1 + 0.18 * np.sin(5 * side + 1.0) + 0.12 * np.sin(11 * side + 40 * body.vertices[:, 1])  # tufts
    hair = smooth + vertex_normals(smooth, faces) * lift[:, None]
    builder.add(hair, body.weights, faces, outfit.hair, Surface.HAIR, cover + 0.004)
    if outfit.hairdo == "bun":
        _add_bun(builder, body, outfit, ear)
    if outfit.hairdo == "long":
        _add_long_hair(builder, body, outfit, eye)


def _add_bun(builder: MeshBuilder, body: Body, outfit: Outfit, ear: np.ndarray) -> None:
    rings, sectors, radius = 10, 16, np.array([0.042, 0.040, 0.034])
    theta, phi = np.meshgrid(np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, sectors), indexing="ij")
    ball = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], axis=-1).reshape(-1, 3)
    behind = ear + [0, 0.075, -0.125]
    i, j = np.meshgrid(np.arange(rings - 1), np.arange(sectors - 1), indexing="ij")
    a = (i * sectors + j).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + sectors], 1), np.stack([a + 1, a + sectors + 1, a + sectors], 1)])
    head = np.zeros((len(ball), body.weights.shape[1]))
    head[:, body.bone("Head")] = 1
    weights = sparse.csr_matrix(head)
    builder.add(ball * radius + behind, weights, faces, outfit.hair, Surface.HAIR)


def _add_long_hair(builder: MeshBuilder, body: Body, outfit: Outfit, eye: np.ndarray) -> None:
    faces = body.faces["hair"]
    # The layer wraps the whole head like a hood: keep what lies behind the cheeks, to the shoulders.
    cover = np.minimum(eye[2] - 0.055 - body.vertices[:, 2], body.vertices[:, 1] - (eye[1] - 0.24))
    cover = np.where(body.vertices[:, 1] > eye[1] + 0.08, np.maximum(cover, eye[2] - 0.02 - body.vertices[:, 2]), cover)
    builder.add(body.vertices, body.weights, faces, outfit.hair, Surface.HAIR, cover)


def _share(body: Body, parts: tuple[str, ...]) -> np.ndarray:
    """(V,) skin weight on the left and right bones whose name ends in one of `parts` (twist bones included)."""
    names = list(body.bone_names) + [bone for bone in TWIST_BONES for _ in range(TWIST_STEPS)]
    bare = [name.removeprefix("Left").removeprefix("Right") for name in names]
    bare = [name[1:] if name in ("LThumb", "RThumb") else name for name in bare]
    chosen = np.array([name in parts for name in bare], dtype=float)
    return body.weights @ chosen


def _along_arm(body: Body, vertices: np.ndarray) -> np.ndarray:
    """(V,) metres from the shoulder joint along the nearer arm's upper arm and forearm."""
    along = np.empty(len(vertices))
    for side, sign in (("Left", 1), ("Right", -1)):
        shoulder, elbow, wrist = (body.heads[body.bone(side + b)] for b in ("Arm", "ForeArm", "Hand"))
        length = np.linalg.norm(elbow - shoulder)
        upper = (vertices - shoulder) @ unit(elbow - shoulder)
        lower = (vertices - elbow) @ unit(wrist - elbow)
        here = vertices[:, 0] * sign >= 0
        along[here] = np.where(lower > 0, length + lower, np.minimum(upper, length))[here]
    return along
