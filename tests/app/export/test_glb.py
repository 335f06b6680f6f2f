"""GLB, read back with pygltflib and posed by a skinning of the test's own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from app.export import export
from app.world.placing import place
from tests.support.motions import J, chain_slack, motion_of, walking

TYPES = {5126: "<f4", 5123: "<u2", 5125: "<u4", 5121: "u1"}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """A file's document and its arrays."""

    def __init__(self, path: Path) -> None:
        loaded = pygltflib.GLTF2().load(str(path))
        assert loaded is not None
        self.document: Any = loaded
        self.blob = loaded.binary_blob()
        assert self.blob is not None and len(self.blob) >= self.document.buffers[0].byteLength

    def array(self, index: int) -> np.ndarray:
        accessor = self.document.accessors[index]
        view = self.document.bufferViews[accessor.bufferView]
        width = WIDTHS[accessor.type]
        assert view.byteOffset % 4 == 0
        values = np.frombuffer(self.blob, TYPES[accessor.componentType], accessor.count * width, view.byteOffset)
        assert values.nbytes == view.byteLength
        values = values.reshape(accessor.count, width)
        if accessor.min:
            assert np.allclose(values.min(axis=0), accessor.min) and np.allclose(values.max(axis=0), accessor.max)
        return values[:, 0] if width == 1 else values

    def times(self) -> np.ndarray:
        (index,) = {sampler.input for sampler in self.document.animations[0].samplers}
        return self.array(index)

    def globals(self, frame: int | None) -> np.ndarray:
        """(nodes,4,4): where every node is at a frame of the animation, or without animation."""
        nodes = self.document.nodes
        locals_ = []
        for node in nodes:
            moved: dict[str, np.ndarray] = {
                "translation": np.array(node.translation or [0, 0, 0]),
                "rotation": np.array(node.rotation or [0, 0, 0, 1]),
            }
            locals_.append(moved)
        if frame is not None:
            animation = self.document.animations[0]
            for channel in animation.channels:
                values = self.array(animation.samplers[channel.sampler].output)
                locals_[channel.target.node][channel.target.path] = values[frame]
        found = np.zeros((len(nodes), 4, 4))

        def visit(node: int, above: np.ndarray) -> None:
            local = np.eye(4)
            local[:3, :3] = Rotation.from_quat(locals_[node]["rotation"]).as_matrix()
            local[:3, 3] = locals_[node]["translation"]
            found[node] = above @ local
            for child in nodes[node].children or []:
                visit(child, found[node])

        for root in self.document.scenes[self.document.scene].nodes:
            visit(root, np.eye(4))
        return found

    def joints(self, skin: int, frame: int | None) -> dict[str, np.ndarray]:
        """(3,) position of each joint of a person."""
        world = self.globals(frame)
        return {self.document.nodes[node].name: world[node][:3, 3] for node in self.document.skins[skin].joints}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Any, Glb]:
    bodies = [walking(20) - [0.8, 0, 0], walking(20, phase=1.0) + [0.7, 0, -1.0]]
    bodies[1] += np.random.default_rng(0).normal(0, 0.01, bodies[1].shape)
    motion = motion_of(bodies, Fraction(25), missing=slice(5, 9), interpolated=slice(12, 14))
    (path,) = export(motion, ["glb"], tmp_path)
    return place(motion), Glb(path)


def test_joints_are_where_the_motion_has_them(two: tuple[Any, Glb]) -> None:
    placed, glb = two
    assert len(glb.document.skins) == 2
    for skin in (0, 1):
        slack = chain_slack(placed.positions[skin])
        for frame in (0, 4, 10, 19):
            found = glb.joints(skin, frame)
            for name, joint in J.items():
                error = np.linalg.norm(found[name] - placed.positions[skin][frame, joint])
                assert error <= slack[frame, joint] + 1e-4, (name, frame)
        if skin == 0:
            assert np.nanmax(slack) < 1e-5  # constant bones: within a tenth of a millimetre


def test_without_animation_the_first_frame_is_seen(two: tuple[Any, Glb]) -> None:
    _, glb = two
    for skin in (0, 1):
        still, first = glb.joints(skin, None), glb.joints(skin, 0)
        assert all(np.allclose(still[name], first[name], atol=1e-6) for name in J)


def test_times_are_the_timestamps_and_quaternions_are_smooth(two: tuple[Any, Glb]) -> None:
    placed, glb = two
    assert np.allclose(glb.times(), placed.motion.timestamps, atol=1e-6)
    animation = glb.document.animations[0]
    for channel in animation.channels:
        values = glb.array(animation.samplers[channel.sampler].output)
        assert len(values) == 20
        if channel.target.path == "rotation":
            assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)
            assert ((values[1:] * values[:-1]).sum(axis=1) > 0).all()


def test_the_skin_follows_the_bones(two: tuple[Any, Glb]) -> None:
    """Every point of the body, posed by linear blend skinning, lies within 12 cm of the bones, facing outwards."""
    placed, glb = two
    frame = 15
    for node in glb.document.nodes:
        if node.mesh is None:
            continue
        skin = glb.document.skins[node.skin]
        world = glb.globals(frame)[skin.joints]
        bind = glb.array(skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)  # column-major
        joints = np.stack(list(glb.joints(node.skin, frame).values()))
        for primitive in glb.document.meshes[node.mesh].primitives:
            points = glb.array(primitive.attributes.POSITION)
            weights = glb.array(primitive.attributes.WEIGHTS_0)
            assert np.allclose(weights.sum(axis=1), 1)
            chosen = glb.array(primitive.attributes.JOINTS_0)[:, 0]
            padded = np.concatenate([points, np.ones((len(points), 1))], axis=1)
            posed = np.einsum("vij,vj->vi", world[chosen] @ bind[chosen], padded)[:, :3]
            low, high = joints.min(axis=0) - 0.12, joints.max(axis=0) + 0.12
            assert (posed > low).all() and (posed < high).all()
            start = world[chosen][:, :3, 3]
            assert np.linalg.norm(posed - start, axis=1).max() < 0.44 + 0.12  # of its own bone
            normals = glb.array(primitive.attributes.NORMAL)
            corners = glb.array(primitive.indices).reshape(-1, 3)
            a, b, c = (points[corners[:, i]] for i in range(3))
            faces = np.cross(b - a, c - a)
            large = np.linalg.norm(faces, axis=1) > 1e-8
            assert ((faces * normals[corners].mean(axis=1)).sum(axis=1)[large] > 0).all()
    assert placed.space == "world"


def test_gaps_hold_the_pose_and_the_extras_say_so(two: tuple[Any, Glb]) -> None:
    _, glb = two
    held, before = glb.joints(0, 7), glb.joints(0, 4)
    assert all(np.allclose(held[name], before[name], atol=1e-6) for name in J)
    extras = {node.name: node.extras for node in glb.document.nodes if node.extras}
    assert extras["person 1"]["missing"] == [[5, 8]] and extras["person 1"]["interpolated"] == [[12, 13]]
    assert extras["person 3"]["missing"] == []
    assert glb.document.asset.extras["units"] == "metre"
    assert glb.document.asset.extras["fps"] == "25/1"


def test_a_single_frame(tmp_path: Path) -> None:
    motion = motion_of([walking(1)])
    glb = Glb(export(motion, ["glb"], tmp_path)[0])
    assert len(glb.times()) == 1
    assert np.allclose(glb.joints(0, 0)["head"], place(motion).positions[0][0, J["head"]], atol=1e-3)
