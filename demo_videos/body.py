"""The CC0 body: mesh, rig, skinning, and the joints that ground truth is made of.

World and rest space: metres, Y up, +Z where the person looks, +X the person's left. A rotation of a bone carries its
rest directions to the posed ones (rest rotations are identities), so R = I everywhere is the A-pose of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import sparse

from demo_videos.rotations import about, apply, unit
from estimators.errors import DataError

BODY_FILE = Path(__file__).resolve().parent / "human_cc0.npz"

# Upper limbs whose twist is spread along their length. One matrix for a whole upper arm would wring the skin at the
# shoulder like a sweet wrapper; each of these gets TWIST_STEPS virtual bones,
# from no twist at its head to all at its tail.
TWIST_BONES = ("LeftArm", "RightArm", "LeftUpLeg", "RightUpLeg")
TWIST_STEPS = 4

_LIMBS = {  # Human3.6M-17 joint -> bone whose head it is
    1: "RightUpLeg", 2: "RightLeg", 3: "RightFoot", 4: "LeftUpLeg", 5: "LeftLeg", 6: "LeftFoot",
    7: "Spine", 11: "LeftArm", 12: "LeftForeArm", 13: "LeftHand", 14: "RightArm",
    15: "RightForeArm", 16: "RightHand",
}  # fmt: skip
# Joints 9 and 10 are those of the motion capture that lifters are trained on, not bones of the rig: a point inside the
# face, 12 cm above the neck base and 7 cm in front of the line to the head's end, which lies 7 cm below the crown.
_FACE_FROM_HEAD = np.array([0.0, -0.033, 0.050])  # metres, from the head bone's head, at rest
_HEAD_BELOW_CROWN = 0.07
_COCO_LIMBS = (11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3)  # H36M joints that are COCO's joints 5 to 16


@dataclass(frozen=True)
class Pose:
    """N poses of one body.

    Attributes:
        rotations: (N, B, 3, 3) world rotation of each bone.
        positions: (N, B, 3) world position of each bone's head, metres.
        twists: (N, 4) radians: how far each of `TWIST_BONES` is turned about its own axis against a pure swing.
        scale: how many times larger than at rest the body is, in all that it shows.
    """

    rotations: np.ndarray
    positions: np.ndarray
    twists: np.ndarray
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.rotations)

    def __getitem__(self, chosen: slice) -> Pose:
        return Pose(self.rotations[chosen], self.positions[chosen], self.twists[chosen], self.scale)

    def scaled(self, factor: float) -> Pose:
        """The same motion of a body that is `factor` times as large, about the world's origin: floors stay floors."""
        return Pose(self.rotations, self.positions * factor, self.twists, self.scale * factor)


@dataclass(frozen=True)
class Build:
    """A body between the six shapes.

    Attributes:
        mixture: share of each shape in the order of `shapes()`; they sum to 1, and one may be a little below 0.
        height_m: from sole to crown.
        head: size of the head against that of a grown-up of the same mixture, before all is scaled to the height.
    """

    mixture: tuple[float, ...]
    height_m: float
    head: float = 1.0


@dataclass(frozen=True)
class Body:
    """One of the six shapes, or a mixture of them. V vertices, B bones."""

    vertices: np.ndarray  # (V, 3)
    weights: sparse.csr_matrix  # (V, B + 4 * TWIST_STEPS), rows sum to 1
    bone_names: tuple[str, ...]
    parents: np.ndarray  # (B,)
    heads: np.ndarray  # (B, 3)
    tails: np.ndarray  # (B, 3)
    clavicle_mid: np.ndarray  # (3,)
    faces: dict[str, np.ndarray]  # layer name -> (F, 3) vertex indices
    masks: dict[str, np.ndarray]  # name -> (V,) 0..1
    face_points: tuple[np.ndarray, ...]  # vertex indices of nose, left eye, right eye, left ear, right ear
    crown: int  # vertex on top of the head

    def bone(self, name: str) -> int:
        """Index of the bone `name`."""
        return self.bone_names.index(name)

    @cached_property
    def rest_joints(self) -> np.ndarray:
        """(17, 3) Human3.6M joints of the rest pose."""
        n = len(self.bone_names)
        rest = Pose(np.broadcast_to(np.eye(3), (1, n, 3, 3)), self.heads[None], np.zeros((1, len(TWIST_BONES))))
        return self.joints_h36m(rest)[0]

    def bone_heads(self, rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Forward kinematics: (N, B, 3, 3) rotations and (N, 3) root to (N, B, 3) bone heads."""
        positions = np.empty((*rotations.shape[:2], 3))
        for bone, parent in enumerate(self.parents):
            if parent < 0:
                positions[:, bone] = root
            else:
                offset = self.heads[bone] - self.heads[parent]
                positions[:, bone] = positions[:, parent] + apply(rotations[:, parent], offset)
        return positions

    def carried(self, pose: Pose, bone: str, point: np.ndarray) -> np.ndarray:
        """(N, 3) world positions of a rest-space `point` that is fixed to `bone`."""
        b = self.bone(bone)
        return pose.positions[:, b] + apply(pose.rotations[:, b], point - self.heads[b]) * pose.scale

    def joints_h36m(self, pose: Pose) -> np.ndarray:
        """(N, 17, 3) Human3.6M-17 joints of the posed rig, world metres."""
        joints = np.empty((len(pose), 17, 3))
        for joint, bone in _LIMBS.items():
            joints[:, joint] = pose.positions[:, self.bone(bone)]
        joints[:, 0] = (joints[:, 1] + joints[:, 4]) / 2
        neck = pose.positions[:, self.bone("Neck")]
        joints[:, 8] = (self.carried(pose, "Spine1", self.clavicle_mid) + neck) / 2
        head, tail = self.heads[self.bone("Head")], self.tails[self.bone("Head")]
        joints[:, 9] = self.carried(pose, "Head", head + _FACE_FROM_HEAD)
        joints[:, 10] = self.carried(pose, "Head", tail - _HEAD_BELOW_CROWN * unit(tail - head))
        return joints

    def crowns(self, pose: Pose) -> np.ndarray:
        """(N, 3) top of the head, world metres."""
        return self.carried(pose, "Head", self.tails[self.bone("Head")])

    def joints_coco(self, pose: Pose) -> np.ndarray:
        """(N, 17, 3) COCO-17 joints: face points of the skinned mesh, limb joints of the rig, world metres."""
        coco = np.empty((len(pose), 17, 3))
        coco[:, 5:] = self.joints_h36m(pose)[:, _COCO_LIMBS]
        used = np.concatenate(self.face_points)
        ends = np.cumsum([len(p) for p in self.face_points])[:-1]
        rest, weights = self.vertices[used], self.weights[used]
        for i in range(len(pose)):
            points = skin(rest, weights, self.transforms(pose, i))
            coco[i, :5] = [part.mean(axis=0) for part in np.split(points, ends)]
        return coco

    def transforms(self, pose: Pose, index: int) -> np.ndarray:
        """(B + 4 * TWIST_STEPS, 3, 4) skinning matrices of frame `index`, virtual twist bones last."""
        rotations, positions = [pose.rotations[index]], [pose.positions[index]]
        origins = [self.heads]
        for bone, twist in zip(map(self.bone, TWIST_BONES), pose.twists[index], strict=True):
            axis = unit(self.tails[bone] - self.heads[bone])
            undo = twist * (np.arange(TWIST_STEPS) / (TWIST_STEPS - 1) - 1)  # all of it at the head, none at the tail
            rotations.append(pose.rotations[index, bone] @ about(axis, undo))
            positions.append(np.broadcast_to(pose.positions[index, bone], (TWIST_STEPS, 3)))
            origins.append(np.broadcast_to(self.heads[bone], (TWIST_STEPS, 3)))
        rotation = np.concatenate(rotations) * pose.scale
        shift = np.concatenate(positions) - apply(rotation, np.concatenate(origins))
        return np.concatenate([rotation, shift[..., None]], axis=-1)


def skin(rest: np.ndarray, weights: sparse.csr_matrix, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning: (V, 3) rest points, (V, T) weights, (T, 3, 4) matrices to (V, 3) posed points."""
    blended = (weights @ transforms.reshape(len(transforms), 12)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blended[..., :3], rest) + blended[..., 3]


def skin_normals(normals: np.ndarray, weights: sparse.csr_matrix, transforms: np.ndarray) -> np.ndarray:
    """(V, 3) rest normals turned along with the skin."""
    blended = (weights @ transforms[..., :3].reshape(len(transforms), 9)).reshape(-1, 3, 3)
    return unit(np.einsum("vij,vj->vi", blended, normals))


def shapes() -> tuple[str, ...]:
    """Names of the bodies in the file."""
    with np.load(BODY_FILE, allow_pickle=False) as data:
        return tuple(map(str, data["shape_names"]))


def load_body(shape: str | Build) -> Body:
    """Read one shape of `human_cc0.npz`, or mix its shapes, which share their vertices and bones.

    A mixture is as tall at rest as its shapes' mean: `Pose.scaled` by `growth` makes it as tall as it should be.

    Raises:
        DataError: there is no such shape.
    """
    with np.load(BODY_FILE, allow_pickle=False) as data:
        names = [str(name) for name in data["shape_names"]]
        if isinstance(shape, str) and shape not in names:
            raise DataError(f"No body shape {shape!r}; there are: {', '.join(names)}.")
        mixture = shape.mixture if isinstance(shape, Build) else np.eye(len(names))[names.index(shape)]

        def mixed(key: str) -> np.ndarray:
            return np.tensordot(mixture, data[key].astype(np.float64), axes=1)

        vertices, heads, tails = mixed("vertices"), mixed("bone_heads"), mixed("bone_tails")
        bones = tuple(map(str, data["bone_names"]))
        share = data["skin_weight"].astype(np.float64)
        if isinstance(shape, Build):
            _grow_head(shape.head, bones.index("Head"), data["skin_index"], share, vertices, heads, tails)
        weights = _weights(data["skin_index"], share, vertices, bones, heads, tails)
        points = [np.atleast_1d(data["nose_vertex"])]
        points += [data[key] for key in ("l_eye_vertices", "r_eye_vertices", "l_ear_vertices", "r_ear_vertices")]
        return Body(
            vertices=vertices,
            weights=weights,
            bone_names=bones,
            parents=data["bone_parents"].astype(int),
            heads=heads,
            tails=tails,
            clavicle_mid=mixed("clavicle_mid"),
            faces={k: data[f"faces_{k}"].astype(int) for k in ("body", "tights", "skirt", "hair", "l_eye", "r_eye")},
            masks={k: data[f"mask_{k}"] / 255.0 for k in ("lips", "ears", "fingernails", "face", "eyelids")},
            face_points=tuple(p.astype(int) for p in points),
            crown=int(data["head_top_vertex"]),
        )


def growth(shape: str | Build, body: Body) -> float:
    """How many times larger than at rest `body`, loaded for `shape`, is to be: 1 for a shape of the file."""
    return shape.height_m / float(body.vertices[body.crown, 1]) if isinstance(shape, Build) else 1.0


def _grow_head(
    factor: float,
    head: int,
    index: np.ndarray,
    weight: np.ndarray,
    vertices: np.ndarray,
    heads: np.ndarray,
    tails: np.ndarray,
) -> None:
    """Enlarge the head by `factor` about its joint, in place, in `vertices` by their skin weight on bone `head`."""
    share = (weight * (index == head)).sum(axis=1) / weight.sum(axis=1)
    vertices += share[:, None] * (factor - 1) * (vertices - heads[head])
    tails[head] = heads[head] + factor * (tails[head] - heads[head])


def _weights(
    index: np.ndarray,
    weight: np.ndarray,
    vertices: np.ndarray,
    bones: tuple[str, ...],
    heads: np.ndarray,
    tails: np.ndarray,
) -> sparse.csr_matrix:
    """Sparse skin weights with each twisted bone's share handed to its virtual bones by position along the bone."""
    weight = weight / weight.sum(axis=1, keepdims=True)  # float16 in the file: rows do not sum to one exactly
    rows = np.repeat(np.arange(len(index)), index.shape[1])
    dense = sparse.coo_matrix((weight.ravel(), (rows, index.ravel())), shape=(len(index), len(bones))).toarray()
    columns = [dense]
    for bone in map(bones.index, TWIST_BONES):
        axis = tails[bone] - heads[bone]
        along = np.clip((vertices - heads[bone]) @ axis / (axis @ axis), 0, 1) * (TWIST_STEPS - 1)
        hat = np.maximum(1 - np.abs(along[:, None] - np.arange(TWIST_STEPS)), 0)  # (V, TWIST_STEPS), rows sum to one
        columns.append(dense[:, [bone]] * hat)
        dense[:, bone] = 0
    return sparse.csr_matrix(np.concatenate(columns, axis=1))
