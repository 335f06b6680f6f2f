"""Human3.6M-17 joint positions onto the rig of a `Body`.

Limb bones take the captured directions exactly. What positions do not say is filled in: the twist of upper arms and
thighs from the hinge of elbow and knee, feet from the shin and the floor, the spine between pelvis and chest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, median_filter, percentile_filter, uniform_filter1d

from demo_videos.body import TWIST_BONES, Body, Pose
from demo_videos.rotations import about, apply, between, frame, reject, swing, unit

UP, FORWARD, LEFT = np.eye(3)[1], np.eye(3)[2], np.eye(3)[0]

# Captured shoulders lie beside the neck base, 2 degrees up, when the arms hang; those of the rig 19 degrees below it.
# Clavicles therefore turn by how far the capture leaves its own rest, not to its absolute direction.
_SHOULDER_REST = unit(np.array([1.0, 0.03, 0.0]))
_HINGE_FROM, _HINGE_TO = np.radians([20.0, 50.0])  # bend over which a hinge becomes trusted
_TWIST_SMOOTHING_S = 0.15
_GROUND_WINDOW_S = 2.0
_LIFT_S = 0.4
_THICK = ("Hips", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head")
_TRUNK_M = 0.09  # of flesh below such a bone


@dataclass(frozen=True)
class _Limb:
    """A two-bone limb: bones, joints (root, hinge, end), and how much an unbent limb keeps to its parent's twist."""

    upper: str
    lower: str
    joints: tuple[int, int, int]
    hinge: tuple[float, float, float] | None  # rest hinge axis; None: the rest pose is bent enough to show it
    prior: float


_ARMS = (_Limb("LeftArm", "LeftForeArm", (11, 12, 13), None, 0.03),
         _Limb("RightArm", "RightForeArm", (14, 15, 16), None, 0.03))  # fmt: skip
_LEGS = (_Limb("LeftUpLeg", "LeftLeg", (4, 5, 6), (1, 0, 0), 0.3),
         _Limb("RightUpLeg", "RightLeg", (1, 2, 3), (1, 0, 0), 0.3))  # fmt: skip


def retarget(body: Body, joints: np.ndarray, fps: float, grip: float = 0.0) -> Pose:
    """Pose `body` like the captured person, standing on the ground y = 0.

    Args:
        body: the body to pose.
        joints: (N, 17, 3) Human3.6M-17 positions, metres, Y up.
        fps: their rate, for the smoothing of what is filled in.
        grip: 0 relaxed fingers, 1 fists; joints do not tell.

    Returns:
        N poses; thighs, shins, upper arms, forearms and the hip line have exactly the captured directions.
    """
    n = len(joints)
    rotations = np.broadcast_to(np.eye(3), (n, len(body.bone_names), 3, 3)).copy()
    twists = np.zeros((n, len(TWIST_BONES)))
    chest = _torso(body, joints, rotations)
    for limb in _ARMS:
        twists[:, TWIST_BONES.index(limb.upper)] = _pose_limb(body, limb, joints, chest, rotations, fps)
    pelvis = rotations[:, body.bone("Hips")]
    for limb in _LEGS:
        twists[:, TWIST_BONES.index(limb.upper)] = _pose_limb(body, limb, joints, pelvis, rotations, fps)
    _carry_children(body, rotations, grip)

    scale = _leg_length(body.rest_joints[None])[0] / np.median(_leg_length(joints))
    middle = body.rest_joints[0] - body.heads[body.bone("Hips")]
    root = joints[:, 0] * scale - apply(pelvis, middle)
    ankles = body.bone_heads(rotations, root)[:, [body.bone("LeftFoot"), body.bone("RightFoot")], 1]
    floor = _running_low(ankles.min(axis=1), fps) - body.heads[body.bone("LeftFoot"), 1]
    for side, height in zip(("Left", "Right"), ankles.T, strict=True):
        _pose_foot(body, side, height - floor, rotations, fps)
    root[:, 1] -= _running_low(_sole_height(body, rotations, root), fps)
    return Pose(rotations, body.bone_heads(rotations, root), twists)


def lifted(body: Body, pose: Pose, fps: float) -> Pose:
    """`pose` raised where hands, knees or head would be under the floor: `retarget` looks at the soles alone."""
    thickness = np.zeros(len(body.bone_names))
    thickness[[body.bone(bone) for bone in _THICK]] = _TRUNK_M
    lowest = np.minimum(
        (pose.positions[..., 1] - thickness * pose.scale).min(axis=1), body.crowns(pose)[:, 1] - 0.02 * pose.scale
    )
    need = np.maximum(-lowest, 0)
    window = max(1, round(_LIFT_S * fps))
    # The largest need in the window, then its mean over the same window: smooth, and never less than the need.
    rise = uniform_filter1d(maximum_filter1d(need, window, mode="nearest"), window, mode="nearest")
    return Pose(pose.rotations, pose.positions + rise[:, None, None] * UP, pose.twists, pose.scale)


def _torso(body: Body, joints: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Pelvis, spine, neck, head and clavicles into `rotations`; returns the chest's (N, 3, 3)."""
    rest = body.rest_joints

    def turn(first: tuple[int, int], second: tuple[int, int]) -> np.ndarray:
        target, source = (
            frame(j[..., first[1], :] - j[..., first[0], :], j[..., second[1], :] - j[..., second[0], :])
            for j in (joints, rest)
        )
        return target @ source.T

    pelvis = turn((1, 4), (0, 7))
    chest = turn((7, 8), (14, 11))
    # In the capture joint 9 lies 7 cm in front of the line from neck base to head end, rigidly: it shows where the
    # head looks. On the rig that offset is small, so its forward is the body's own.
    captured = frame(joints[:, 10] - joints[:, 8], joints[:, 9] - joints[:, 8])
    head = captured @ frame(body.tails[body.bone("Head")] - rest[8], FORWARD).T
    for bones, start, end in (
        (("Hips", "LowerBack", "Spine", "Spine1"), pelvis, chest),
        (("Spine1", "Neck", "Neck1", "Head"), chest, head),
    ):
        for i, bone in enumerate(bones):
            rotations[:, body.bone(bone)] = between(start, end, i / 3)
    across = np.swapaxes(chest, -1, -2)
    for bone, shoulder, side in (("LeftShoulder", 11, 1.0), ("RightShoulder", 14, -1.0)):
        # Directions in the chest's own frame, whose up is the rest direction from joint 7 to 8.
        upright = frame(LEFT, rest[8] - rest[7])
        seen = apply(upright.T @ across, unit(joints[:, shoulder] - joints[:, 8]))
        shrug = upright @ swing(_SHOULDER_REST * [side, 1, 1], seen) @ upright.T
        rotations[:, body.bone(bone)] = chest @ shrug
    return chest


def _pose_limb(
    body: Body, limb: _Limb, joints: np.ndarray, parent: np.ndarray, rotations: np.ndarray, fps: float
) -> np.ndarray:
    """Both bones of a limb into `rotations`; returns the twist (N,) of the upper one against a pure swing."""
    rest_upper, rest_lower = (unit(np.diff(body.rest_joints[list(limb.joints)], axis=0))[i] for i in (0, 1))
    upper, lower = (unit(joints[:, limb.joints[i + 1]] - joints[:, limb.joints[i]]) for i in (0, 1))
    if limb.hinge is None:
        rest_hinge = unit(np.cross(rest_upper, rest_lower))
    else:
        rest_hinge = unit(reject(np.array(limb.hinge, dtype=float), rest_upper))
    swung = swing(apply(parent, rest_upper), upper) @ parent

    hinge = np.cross(upper, lower)  # as long as the sine of the bend
    bend = np.arctan2(np.linalg.norm(hinge, axis=-1), np.sum(upper * lower, axis=-1))
    unturned = apply(swung, rest_hinge)
    angle = np.arctan2(
        np.sum(np.cross(unturned, unit(hinge)) * upper, axis=-1), np.sum(unturned * unit(hinge), axis=-1)
    )
    trust = _smoothstep(bend, _HINGE_FROM, _HINGE_TO)
    twist = _smooth_angle(angle, trust, limb.prior, fps)
    rotations[:, body.bone(limb.upper)] = turned = about(upper, twist) @ swung
    rotations[:, body.bone(limb.lower)] = swing(apply(turned, rest_lower), lower) @ turned
    return twist


def _smooth_angle(angle: np.ndarray, trust: np.ndarray, prior: float, fps: float) -> np.ndarray:
    """The smooth angle (N,), without jumps of a whole turn,
    that follows `angle` where trusted and leans to 0 elsewhere.

    Minimises sum trust |z - exp(i angle)|^2 + prior |z - 1|^2 + smoothness |second difference of z|^2 over complex z.
    """
    n = len(angle)
    data = trust * np.exp(1j * angle) + prior
    stiffness = (_TWIST_SMOOTHING_S * fps) ** 4
    band = np.zeros((3, n))  # upper banded form of the normal matrix; D'D of second differences has 2 off-diagonals
    for k, (a, b, c) in enumerate([(1, -2, 1)] * max(n - 2, 0)):
        band[2, k : k + 3] += stiffness * np.array([a * a, b * b, c * c])
        band[1, k + 1 : k + 3] += stiffness * np.array([a * b, b * c])
        band[0, k + 2] += stiffness * a * c
    band[2] += trust + prior
    return np.unwrap(np.angle(solveh_banded(band, data)))


def _pose_foot(body: Body, side: str, height: np.ndarray, rotations: np.ndarray, fps: float) -> None:
    """Foot and toes into `rotations`, from the shin and the ankle's `height` (N,) over the floor, metres.

    A foot follows its shin at a right angle, unless toe or heel would sink into the floor; near the floor it also
    stands flat sideways.
    """
    shin = rotations[:, body.bone(f"{side}Leg")]
    heel, toe = _sole_ends(body, side)
    ankle = body.heads[body.bone(f"{side}Foot")]
    sole, ahead, behind = ankle[1], toe[2] - ankle[2], ankle[2] - heel[2]

    looks = apply(shin, FORWARD)
    # The forward of a shin near level says little about heading; its up then points forward (kneeling) or back.
    heading = unit((looks - 0.6 * looks[:, 1:2] * apply(shin, UP)) * [1, 0, 1])
    down = -np.arcsin(np.clip(looks[:, 1], -1, 1))
    reach = np.maximum(height, sole)
    most = np.arcsin(np.minimum(reach / np.hypot(sole, ahead), 1)) - np.arctan2(sole, ahead)
    least = np.arctan2(sole, behind) - np.arcsin(np.minimum(reach / np.hypot(sole, behind), 1))
    down = np.clip(down, least, most)
    down = gaussian_filter1d(median_filter(down, 5, mode="nearest"), 0.03 * fps, mode="nearest")

    lateral = np.cross(UP, heading)
    standing = about(lateral, down) @ frame(lateral, np.broadcast_to(UP, lateral.shape))
    hanging = shin @ about(LEFT, np.full(len(shin), 0.35))  # relaxed feet point down a little
    air = _smoothstep(height - sole, 0.06, 0.25)
    foot = between(standing, hanging, gaussian_filter1d(air, 0.04 * fps, mode="nearest"))
    # Toes bend back to the floor while the heel is up.
    flat = np.where(height - sole < 0.12, np.maximum(down, 0), 0) * 0.8
    flat = gaussian_filter1d(flat, 0.03 * fps, mode="nearest")
    rotations[:, body.bone(f"{side}Foot")] = foot
    rotations[:, body.bone(f"{side}ToeBase")] = foot @ about(LEFT, -flat)


def _carry_children(body: Body, rotations: np.ndarray, grip: float) -> None:
    """Hip joints turn with the pelvis, hands with the forearm; fingers bend by `grip`."""
    for hip in ("LHipJoint", "RHipJoint"):
        rotations[:, body.bone(hip)] = rotations[:, body.bone("Hips")]
    for side in ("Left", "Right"):
        hand = rotations[:, body.bone(f"{side}ForeArm")]
        base, end = body.bone(f"{side}FingerBase"), body.bone(f"{side}HandFinger1")
        rotations[:, body.bone(f"{side}Hand")] = rotations[:, body.bone(f"{side[0]}Thumb")] = hand
        # At rest the fingers are a little bent already, which shows about which axis they bend.
        axis = unit(np.cross(body.tails[base] - body.heads[base], body.tails[end] - body.heads[end]))
        for bone, degrees in ((base, 14 + 56 * grip), (end, 32 + 118 * grip)):
            rotations[:, bone] = hand @ about(axis, np.radians(degrees))


def _sole_ends(body: Body, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Rest positions (3,) of the back end of the heel and the tip of the toes, on the floor."""
    sign = 1 if side == "Left" else -1
    skin = np.unique(body.faces["body"])
    foot = body.vertices[skin][(body.vertices[skin, 0] * sign > 0) & (body.vertices[skin, 1] < 0.04)]
    ends = foot[np.argmin(foot[:, 2])], foot[np.argmax(foot[:, 2])]
    return ends[0] * [1, 0, 1], ends[1] * [1, 0, 1]


def _sole_height(body: Body, rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(N,) height of the lowest point of both soles, metres."""
    pose = Pose(rotations, body.bone_heads(rotations, root), np.zeros((len(root), len(TWIST_BONES))))
    heights = []
    for side in ("Left", "Right"):
        heel, toe = _sole_ends(body, side)
        ball = heel + 0.7 * (toe - heel)
        heights += [body.carried(pose, f"{side}Foot", p)[:, 1] for p in (heel, ball)]
    return np.min(heights, axis=0)


def _running_low(values: np.ndarray, fps: float) -> np.ndarray:
    """The smoothed 20th percentile of (N,) values over a window: the ground under a person who may also jump."""
    low = percentile_filter(values, 20, size=int(_GROUND_WINDOW_S * fps), mode="nearest")
    return gaussian_filter1d(low, _GROUND_WINDOW_S * fps / 4, mode="nearest")


def _leg_length(joints: np.ndarray) -> np.ndarray:
    """(N,) mean length of thigh plus shin over both legs."""
    bones = [(1, 2), (2, 3), (4, 5), (5, 6)]
    return sum(np.linalg.norm(joints[:, a] - joints[:, b], axis=-1) for a, b in bones) / 2


def _smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
