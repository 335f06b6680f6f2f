"""GLB (binary glTF 2.0): an animated body of capsules, everybody in one file.

Metres, Y up (glTF's own axes). Each person is a skinned mesh on the rig of `app.export.rig`: constant bone lengths, the
same rotations as in BVH, as quaternions; the hip is moved. Keys lie at the frames' timestamps, in seconds, interpolated
linearly; a video whose frames come unevenly is resampled, see `Motion.even`.
Left and right have the colours of the side-by-side pictures.

glTF cannot say that somebody is missing: gaps hold the last pose, and the first one before it. The `extras` of each
person's node list the frames that are missing or interpolated,
and by joint those in which its place is a neutral guess; those of `asset` hold units, axes, frame rate and source.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from app.export.capsules import Part, build_body
from app.export.rig import STRETCHES_NOTE, Rig, build_rig, local_rotations
from app.world.placing import Placed, not_believed, stretches
from estimators.observation import Provenance

_FLOAT, _USHORT, _UINT, _UBYTE = 5126, 5123, 5125, 5121
_TYPES = {_FLOAT: np.float32, _USHORT: np.uint16, _UINT: np.uint32, _UBYTE: np.uint8}
_SHAPES = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_VERTICES, _INDICES = 34962, 34963


def write(placed: Placed, path: Path) -> None:
    """Write all people of a placed motion as one GLB scene."""
    document = _Document(placed)
    for index in range(len(placed.motion.people)):
        document.add_person(placed, index)
    path.write_bytes(document.to_bytes())


class _Document:
    """A glTF document that grows by people. Keys and values of its parts are those of the glTF 2.0 specification."""

    def __init__(self, placed: Placed) -> None:
        motion = placed.motion
        self.blob = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.meshes: list[dict[str, Any]] = []
        self.materials: list[dict[str, Any]] = []
        self.skins: list[dict[str, Any]] = []
        self.roots: list[int] = []
        self.samplers: list[dict[str, Any]] = []
        self.channels: list[dict[str, Any]] = []
        self.times = self.add(motion.timestamps - motion.timestamps[0], _FLOAT, bounds=True)
        self.extras = {
            "units": "metre",
            "axes": placed.upright_axes,
            "space": placed.space,
            "scale": placed.scale,
            "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
            "frames": len(motion),
            "source": motion.source.get("name"),
        }

    def add(self, values: np.ndarray, kind: int, target: int | None = None, bounds: bool = False) -> int:
        """Append an array to the binary part; returns its accessor."""
        array = np.ascontiguousarray(values, dtype=np.dtype(_TYPES[kind]).newbyteorder("<"))
        self.blob += b"\0" * (-len(self.blob) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.blob), "byteLength": array.nbytes}
        if target:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views), "componentType": kind, "count": len(array), "type": _SHAPES[array.shape[1:]],
        }  # fmt: skip
        if bounds:
            accessor["min"] = np.atleast_1d(array.min(axis=0)).astype(float).tolist()
            accessor["max"] = np.atleast_1d(array.max(axis=0)).astype(float).tolist()
        self.blob += array.tobytes()
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def add_person(self, placed: Placed, index: int) -> None:
        """Append nodes, skin, mesh and animation of the person at `index`."""
        motion, person = placed.motion, placed.motion.people[index]
        rig = build_rig(placed.positions[index], motion.skeleton)
        poses = placed.upright(index)
        rotations = _quaternions(local_rotations(rig, poses, motion.skeleton))  # (N,B,4)
        first = len(self.nodes)
        for node, name in enumerate(rig.names):
            entry: dict[str, Any] = {
                "name": name,
                "translation": (poses[0, 0] if node == 0 else rig.offsets[node]).tolist(),
                "rotation": rotations[0, node].tolist(),
            }
            if children := rig.children(node):
                entry["children"] = [first + child for child in children]
            self.nodes.append(entry)
        self._animate(first, rig, poses[:, 0], rotations)
        mesh = self._add_mesh(build_body(rig, motion.skeleton), poses[0, 0], f"person {person.id}")
        # The binding pose stands where the person is in the first frame: viewers frame it.
        inverse = np.tile(np.eye(4), (len(rig.names), 1, 1))
        inverse[:, 3, :3] = -(rig.rest + poses[0, 0])  # column-major: the translation is in the last row
        joints = [first + node for node in range(len(rig.names))]
        self.skins.append({"joints": joints, "skeleton": first, "inverseBindMatrices": self.add(inverse, _FLOAT)})
        body = {"name": f"person {person.id} body", "mesh": mesh, "skin": len(self.skins) - 1}
        extras = {
            "id": person.id,
            "frames": person.counts(),
            "missing": stretches(person, Provenance.MISSING),
            "interpolated": stretches(person, Provenance.INTERPOLATED),
            "not_believed": not_believed(person, motion.skeleton),
            "note": STRETCHES_NOTE,
        }
        self.nodes += [body, {"name": f"person {person.id}", "children": [first], "extras": extras}]
        self.roots += [len(self.nodes) - 1, len(self.nodes) - 2]

    def _animate(self, first: int, rig: Rig, root: np.ndarray, rotations: np.ndarray) -> None:
        """Keys of the root's position (N,3) and of the rotations (N,B,4) of all nodes but the ends of chains."""
        tracks = [(0, "translation", root)]
        tracks += [(node, "rotation", rotations[:, node]) for node in range(len(rig.names)) if rig.children(node)]
        for node, path, values in tracks:
            self.channels.append({"sampler": len(self.samplers), "target": {"node": first + node, "path": path}})
            self.samplers.append({"input": self.times, "output": self.add(values, _FLOAT), "interpolation": "LINEAR"})

    def _add_mesh(self, parts: list[Part], root: np.ndarray, name: str) -> int:
        """Append a body whose rest pose stands with its root at (3,) metres."""
        primitives = []
        for part in parts:
            joints = np.zeros((len(part.nodes), 4))
            weights = np.zeros((len(part.nodes), 4))
            joints[:, 0], weights[:, 0] = part.nodes, 1
            attributes = {
                "POSITION": self.add(part.points + root, _FLOAT, _VERTICES, bounds=True),
                "NORMAL": self.add(part.normals, _FLOAT, _VERTICES),
                "JOINTS_0": self.add(joints, _UBYTE, _VERTICES),
                "WEIGHTS_0": self.add(weights, _FLOAT, _VERTICES),
            }
            triangles = self.add(part.triangles.ravel(), _UINT, _INDICES)
            primitives.append({"attributes": attributes, "indices": triangles, "material": self._material(part.colour)})
        self.meshes.append({"name": f"{name} body", "primitives": primitives})
        return len(self.meshes) - 1

    def _material(self, colour: tuple[int, int, int]) -> int:
        """The matt material of an sRGB colour, 0 to 255; glTF wants linear light."""
        linear = [((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
        factors = {
            "baseColorFactor": [*(round(value, 6) for value in linear), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": 0.8,
        }
        material = {"name": "#{:02x}{:02x}{:02x}".format(*colour), "pbrMetallicRoughness": factors}
        if material not in self.materials:
            self.materials.append(material)
        return self.materials.index(material)

    def to_bytes(self) -> bytes:
        """The whole file: header, JSON chunk, binary chunk."""
        document = {
            "asset": {"version": "2.0", "generator": "D3PRefiner", "extras": self.extras},
            "scene": 0,
            "scenes": [{"nodes": self.roots}],
            "nodes": self.nodes,
            "meshes": self.meshes,
            "materials": self.materials,
            "skins": self.skins,
            "animations": [{"name": "motion", "channels": self.channels, "samplers": self.samplers}],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.blob)}],
        }
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        blob = bytes(self.blob) + b"\0" * (-len(self.blob) % 4)
        length = 12 + 8 + len(text) + 8 + len(blob)
        head = struct.pack("<4sII", b"glTF", 2, length)
        return b"".join(
            [head, struct.pack("<I4s", len(text), b"JSON"), text, struct.pack("<I4s", len(blob), b"BIN\0"), blob]
        )


def _quaternions(rotations: np.ndarray) -> np.ndarray:
    """(N,B,3,3) to (N,B,4) x, y, z, w; neighbouring frames lie on the same side, for linear interpolation."""
    found = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_quat().reshape(*rotations.shape[:2], 4)
    turned = (found[1:] * found[:-1]).sum(axis=-1) < 0
    signs = np.where(np.logical_xor.accumulate(turned, axis=0), -1.0, 1.0)
    found[1:] *= signs[..., None]
    return found
