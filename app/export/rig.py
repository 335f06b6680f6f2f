"""Joint rotations from joint positions: the bones that BVH and GLB share.

Every bone has one length for the whole clip, its median. Rest pose: a T-pose, Y up, facing +z, the left side at +x.
Where several bones begin at one joint, those that the joint's own rotation cannot aim get a helper node of their own at
the same place (`right_pelvis`, `left_clavicle`, ...), so that every bone points exactly where the positions say:
positions differ from the given ones by the changes of bone length only.

A direction leaves the twist about itself open. It is taken from the neighbours: the hips' line for the hip, the
shoulders' line for the thorax, half of each for the spine, the plane of the elbow or the knee for upper arm and thigh
(the more, the more it is bent, and never against the joint). The rest follows its parent on the shortest way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from estimators.errors import DataError
from estimators.skeleton import H36M17, Skeleton

_X, _Y, _Z = np.eye(3)
# Where the bone that ends at a joint points in the rest pose.
_REST = {
    "spine": _Y, "thorax": _Y, "neck": _Y, "head": _Y,
    "right_hip": -_X, "right_knee": -_Y, "right_foot": -_Y,
    "left_hip": _X, "left_knee": -_Y, "left_foot": -_Y,
    "left_shoulder": _X, "left_elbow": _X, "left_wrist": _X,
    "right_shoulder": -_X, "right_elbow": -_X, "right_wrist": -_X,
}  # fmt: skip
# Joint -> helper node that aims the bone ending there.
_HELPERS = {
    "right_hip": "right_pelvis", "left_hip": "left_pelvis", "neck": "neck_base",
    "left_shoulder": "left_clavicle", "right_shoulder": "right_clavicle",
}  # fmt: skip
# Upper limb -> (middle, end, axis about which the lower limb bends, in the rest pose): direction x bent direction.
_HINGES = {
    "right_hip": ("right_knee", "right_foot", _X), "left_hip": ("left_knee", "left_foot", _X),
    "left_shoulder": ("left_elbow", "left_wrist", -_Y), "right_shoulder": ("right_elbow", "right_wrist", _Y),
}  # fmt: skip
_HINGE_WEIGHT = 4.0  # of the joint's plane at 90 degrees against the parent's twist; at 14 degrees they are even
STUB_M = 0.05  # the bone drawn beyond wrist, ankle and head, which have no length of their own
_TINY = 1e-6
STRETCHES_NOTE = (
    "missing, interpolated and, by joint, not believed: [first, last] frame from 0; missing frames hold the last pose, "
    "joints not believed a neutral one"
)  # what BVH and GLB say of their lists of frames


@dataclass(frozen=True)
class Rig:
    """Nodes in depth-first order; a node's parent precedes it.

    Attributes:
        names: of the joint, or of the helper.
        parents: -1 for the root.
        offsets: (B,3) metres from the parent in the rest pose.
        joints: index of the skeleton's joint at which the node lies.
        aims: index of the skeleton's joint at the far end of the bone that the node's rotation aims, or -1.
        stubs: (B,3) metres: where the last bone of a chain ends; NaN for nodes that have children.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    joints: tuple[int, ...]
    aims: tuple[int, ...]
    stubs: np.ndarray

    @property
    def rest(self) -> np.ndarray:
        """(B,3) metres: the nodes in the rest pose, relative to the root."""
        places = self.offsets.copy()
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                places[node] += places[parent]
        return places

    def children(self, node: int) -> list[int]:
        """The nodes whose parent this is."""
        return [child for child, parent in enumerate(self.parents) if parent == node]


def build_rig(positions: np.ndarray, skeleton: Skeleton) -> Rig:
    """The bones of one person.

    Args:
        positions: (N,17,3) metres in any space; NaN where missing, at least one frame finite.
        skeleton: must be Human3.6M's: the rest pose is that of its joints.

    Raises:
        DataError: another skeleton.
    """
    if (skeleton.joints, skeleton.parents) != (H36M17.joints, H36M17.parents):
        raise DataError(f"BVH and GLB know the joints of {H36M17.name} only, not those of {skeleton.name}.")
    parents, children = np.array(skeleton.bones).T
    seen = positions[np.isfinite(positions).all(axis=(1, 2))]
    lengths = np.zeros(len(skeleton.joints))
    lengths[children] = np.median(np.linalg.norm(seen[:, children] - seen[:, parents], axis=-1), axis=0)
    nodes: list[tuple[str, int, np.ndarray, int, int]] = []  # name, parent, offset, joint, aim

    def add(joint: int, parent: int) -> None:
        name = skeleton.joints[joint]
        offset = lengths[joint] * _REST[name] if parent >= 0 else np.zeros(3)
        below = [child for bone_parent, child in skeleton.bones if bone_parent == joint]
        aimed = [child for child in below if skeleton.joints[child] not in _HELPERS]
        node = len(nodes)
        nodes.append((name, parent, offset, joint, aimed[0] if aimed else -1))
        for child in below:
            if child in aimed:
                add(child, node)
            else:
                nodes.append((_HELPERS[skeleton.joints[child]], node, np.zeros(3), joint, child))
                add(child, len(nodes) - 1)

    add(0, -1)
    names, node_parents, offsets, joints, aims = zip(*nodes, strict=True)
    stubs = np.full((len(nodes), 3), np.nan)
    for node in set(range(len(nodes))) - set(node_parents):
        stubs[node] = STUB_M * _REST[names[node]]
    return Rig(names, node_parents, np.array(offsets), joints, aims, stubs)


def local_rotations(rig: Rig, positions: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N,B,3,3): rotations relative to the parent that turn the rest pose into the poses (column vectors).

    Args:
        rig: of the same person.
        positions: (N,17,3) metres, Y up, all finite.
        skeleton: names of the joints.
    """
    turned: list[np.ndarray] = []  # (N,3,3) each, in the space of `positions`
    for node, parent in enumerate(rig.parents):
        above = turned[parent] if parent >= 0 else np.broadcast_to(np.eye(3), (len(positions), 3, 3))
        turned.append(_turned(rig, node, above, positions, skeleton))
    local = [
        turned[node] if parent < 0 else np.swapaxes(turned[parent], 1, 2) @ turned[node]
        for node, parent in enumerate(rig.parents)
    ]
    return np.stack(local, axis=1)


def _turned(rig: Rig, node: int, above: np.ndarray, positions: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N,3,3): the rotation of one node, given that of its parent, both in the space of `positions`."""
    name = rig.names[node]

    def way(start: str, end: str) -> np.ndarray:
        return positions[:, skeleton.joints.index(end)] - positions[:, skeleton.joints.index(start)]

    hips, shoulders = way("right_hip", "left_hip"), way("right_shoulder", "left_shoulder")
    if name == "hip":
        return _frame(way("hip", "spine"), hips, _Y, _X)
    if name == "spine":
        return _frame(way("spine", "thorax"), _unit(hips, _X) + _unit(shoulders, _X), _Y, _X)
    if name == "thorax":
        return _frame(shoulders, way("spine", "thorax"), _X, _Y)
    if rig.aims[node] < 0:
        return above
    end = skeleton.joints[rig.aims[node]]
    bone = way(skeleton.joints[rig.joints[node]], end)
    swung = _swing(above @ _REST[end], bone) @ above
    if name not in _HINGES:
        return swung
    middle, tip, axis = _HINGES[name]
    follow = swung @ axis
    plane = np.cross(_unit(bone, above @ _REST[end]), _unit(way(middle, tip), above @ _REST[end]))
    against = np.minimum((plane * follow).sum(axis=1, keepdims=True), 0)  # bent the wrong way: noise
    return _frame(bone, follow + _HINGE_WEIGHT * (plane - against * follow), _REST[end], axis)


def _unit(vectors: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """(N,3) of length 1; `instead` (3,) or (N,3) for those that have no length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), instead)


def _frame(first: np.ndarray, second: np.ndarray, rest_first: np.ndarray, rest_second: np.ndarray) -> np.ndarray:
    """(N,3,3): rotations that take `rest_first` to `first` exactly and `rest_second` as near to `second` as possible.

    `first` and `second` are (N,3); the rest directions (3,) are of length 1 and square to each other.
    """
    one = _unit(first, rest_first)
    two = second - (second * one).sum(axis=1, keepdims=True) * one
    # Parallel to the first: whatever is least so.
    spare = np.eye(3)[np.abs(one).argmin(axis=1)]
    two = _unit(two, _unit(spare - (spare * one).sum(axis=1, keepdims=True) * one, _X))
    found = np.stack([one, two, np.cross(one, two)], axis=2)
    return found @ np.stack([rest_first, rest_second, np.cross(rest_first, rest_second)])


def _swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(N,3,3): the shortest rotations from the directions `start` (N,3) to `end` (N,3)."""
    start = _unit(start, _X)
    end = _unit(end, start)
    axis, cosine = np.cross(start, end), (start * end).sum(axis=1)
    cross = np.zeros((len(start), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= np.swapaxes(cross, 1, 2)
    turned = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, _TINY)[:, None, None]
    back = cosine < -1 + 1e-9  # half a turn: about any axis square to it
    spare = np.eye(3)[np.abs(start[back]).argmin(axis=1)]
    square = _unit(np.cross(start[back], spare), _X)
    turned[back] = 2 * square[:, :, None] * square[:, None, :] - np.eye(3)
    return turned
