"""BVH, read back by a reader of its own: text to tree to positions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from app.export import export
from app.world.placing import place
from tests.support.motions import J, chain_slack, motion_of, walking


@dataclass
class Node:
    name: str
    parent: int
    offset: list[float] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)


def read_bvh(path: Path) -> tuple[dict[str, np.ndarray], list[Node], int, float]:
    """(N,3) positions by name (ends of chains as NAME_end), the nodes, the number of frames, the frame time."""
    words = iter(path.read_text().split())
    nodes: list[Node] = []
    stack: list[int] = []
    assert next(words) == "HIERARCHY"
    for word in words:
        if word in ("ROOT", "JOINT"):
            nodes.append(Node(next(words), stack[-1] if stack else -1))
        elif word == "End":
            assert next(words) == "Site"
            nodes.append(Node(nodes[stack[-1]].name + "_end", stack[-1]))
        elif word == "{":
            stack.append(len(nodes) - 1)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            nodes[-1].offset = [float(next(words)) for _ in range(3)]
        elif word == "CHANNELS":
            nodes[-1].channels = [next(words) for _ in range(int(next(words)))]
        else:
            assert word == "MOTION"
            break
    assert next(words) == "Frames:"
    frames = int(next(words))
    assert (next(words), next(words)) == ("Frame", "Time:")
    seconds = float(next(words))
    values = np.array([float(word) for word in words]).reshape(frames, -1)
    return _forward(nodes, values), nodes, frames, seconds


def _forward(nodes: list[Node], values: np.ndarray) -> dict[str, np.ndarray]:
    column, turned, places = 0, [], []
    for node in nodes:
        offset = np.tile(node.offset, (len(values), 1))
        angles, order = [], ""
        for channel in node.channels:
            if channel.endswith("position"):
                offset[:, "XYZ".index(channel[0])] = values[:, column]
            else:
                angles.append(values[:, column])
                order += channel[0]
            column += 1
        local = Rotation.identity(len(values))
        if order:
            local = Rotation.from_euler(order, np.stack(angles, axis=1), degrees=True)
        if node.parent < 0:
            places.append(offset)
            turned.append(local)
        else:
            places.append(places[node.parent] + turned[node.parent].apply(offset))
            turned.append(turned[node.parent] * local)
    assert column == values.shape[1]
    return {node.name: place for node, place in zip(nodes, places, strict=True)}


def shaken(body: np.ndarray, metres: float = 0.02) -> np.ndarray:
    """Bones that change their length and point anywhere, as estimated ones do."""
    return body + np.random.default_rng(0).normal(0, metres, body.shape)


def test_positions_come_back_within_the_change_of_bone_length(tmp_path: Path) -> None:
    motion = motion_of([shaken(walking(40))])
    path, _ = export(motion, ["bvh"], tmp_path)
    assert path == tmp_path / "motion.bvh"
    found, nodes, frames, seconds = read_bvh(path)
    positions = place(motion).positions[0]
    slack = chain_slack(positions)
    assert slack.max() > 0.02
    for name, joint in J.items():
        error = np.linalg.norm(found[name] - positions[:, joint], axis=1)
        assert (error <= slack[:, joint] + 1e-4).all(), name
    assert frames == 40 and seconds == pytest.approx(1 / 30)
    assert nodes[0].name == "hip" and nodes[0].parent == -1


def test_constant_bones_come_back_exactly(tmp_path: Path) -> None:
    motion = motion_of([walking(60)])
    found, *_ = read_bvh(export(motion, ["bvh"], tmp_path)[0])
    positions = place(motion).positions[0]
    for name, joint in J.items():
        assert np.abs(found[name] - positions[:, joint]).max() < 2e-4, name
    assert (found["head"][:, 1] - found["hip"][:, 1]).min() > 0.6  # upright, metres


def test_angles_are_continuous_and_joints_bend_about_their_hinges(tmp_path: Path) -> None:
    """Somebody who turns round twice and walks: no channel jumps, and a knee's bend is a turn about x alone."""
    body = walking(120)
    turn = Rotation.from_euler("y", np.linspace(0, 4 * np.pi, 120)[:, None])
    hip = body[:, :1].copy()
    body = np.stack([turn[i].apply(body[i] - hip[i]) for i in range(120)]) + hip
    path = export(motion_of([body]), ["bvh"], tmp_path)[0]
    _, nodes, _, _ = read_bvh(path)
    values = np.loadtxt(path.read_text().split("Frame Time:")[1].splitlines()[1:])
    assert np.abs(np.diff(values[:, 3:], axis=0)).max() < 20
    start = 0
    for node in nodes:
        if node.name in ("left_knee", "right_knee"):
            z, x, y = values[:, start : start + 3].T
            assert x.min() >= -0.5 and x.max() > 10  # bends backwards only
            assert np.abs(z).max() < 1 and np.abs(y).max() < 1
        start += len(node.channels)


@pytest.mark.parametrize("degrees", [90.0, 180.0])
def test_impossible_poses_are_exact_too(tmp_path: Path, degrees: float) -> None:
    """Lying on the side and standing on the head: no frame of reference of the rig may break."""
    body = walking(4)
    turned = Rotation.from_euler("z", degrees, degrees=True).apply((body - body[:, :1]).reshape(-1, 3))
    body = np.concatenate([body, turned.reshape(4, 17, 3) + body[:, :1]])
    body[6, J["left_elbow"]] = body[6, J["left_shoulder"]] - [0.28, 0, 0]  # across the chest
    body[7] = body[7, :1]  # all joints in one point: nothing to aim at
    motion = motion_of([body])
    found, *_ = read_bvh(export(motion, ["bvh"], tmp_path, space="camera")[0])
    positions = place(motion, "camera").positions[0] * [1, -1, -1]
    slack = chain_slack(positions)
    for name, joint in J.items():
        assert (np.linalg.norm(found[name] - positions[:, joint], axis=1) <= slack[:, joint] + 1e-3).all(), name


def test_a_gap_holds_the_pose_and_the_sidecar_says_so(tmp_path: Path) -> None:
    motion = motion_of([walking(20)], missing=slice(5, 9), interpolated=slice(12, 14))
    path, sidecar = export(motion, ["bvh"], tmp_path)
    found, _, frames, _ = read_bvh(path)
    assert frames == 20
    for place_of in found.values():
        assert (place_of[5:9] == place_of[4]).all() and np.isfinite(place_of).all()
    said = json.loads(sidecar.read_text())
    assert said["missing"] == [[5, 8]] and said["interpolated"] == [[12, 13]]
    assert said["units"] == "metre, degree" and "y up" in said["axes"]


def test_a_file_a_person(tmp_path: Path) -> None:
    bodies = [walking(10) - [0.8, 0, 0], walking(10) + [0.8, 0, 0]]
    files = export(motion_of(bodies, Fraction(30000, 1001)), ["bvh"], tmp_path)
    assert [file.name for file in files if file.suffix == ".bvh"] == ["motion_person1.bvh", "motion_person3.bvh"]
    one, other = (read_bvh(file) for file in files if file.suffix == ".bvh")
    assert np.allclose(other[0]["hip"] - one[0]["hip"], [1.6, 0, 0], atol=0.01)
    assert one[3] == pytest.approx(1001 / 30000, abs=1e-9)


def test_a_single_frame(tmp_path: Path) -> None:
    found, _, frames, _ = read_bvh(export(motion_of([walking(1)]), ["bvh"], tmp_path)[0])
    assert frames == 1 and np.isfinite(found["head"]).all()
