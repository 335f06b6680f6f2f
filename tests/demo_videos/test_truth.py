"""The bundled clips and the files of their ground truth."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from demo_videos import truth as truth_module
from demo_videos.truth import demo_clips, load_truth, save_truth
from estimators.errors import DataError
from estimators.skeleton import COCO17, H36M17

CLIPS = demo_clips()
# Bones that one rig bone spans; the spine and the clavicles have more bones than 17 joints and bend between them.
RIGID = [(0, 1), (0, 4), (1, 2), (2, 3), (4, 5), (5, 6), (9, 10), (11, 12), (12, 13), (14, 15), (15, 16)]

each_clip = pytest.mark.parametrize("name", CLIPS)


def test_at_least_three_clips_under_five_megabytes():
    assert len(CLIPS) >= 3
    assert sum(path.stat().st_size for files in CLIPS.values() for path in files) < 5e6


def test_the_clips_differ_in_person_motion_room_and_picture():
    truths = [load_truth(path) for _, path in CLIPS.values()]
    for key in ("motion", "shape", "room"):
        assert len({t.meta[key] for t in truths}) >= 3
    assert all(t.meta["split"] == "test" for t in truths)
    assert len({t.image_size for t in truths}) >= 3
    assert any(t.image_size[0] < t.image_size[1] for t in truths), "no clip is held upright"
    assert sum(len(t) > 81 for t in truths) >= 2


@each_clip
def test_the_video_has_the_frames_rate_and_size_of_its_truth(name):
    video, path = CLIPS[name]
    truth = load_truth(path)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == truth.fps
        assert stream.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == truth.image_size
        assert min(truth.image_size) >= 480
        assert sum(1 for _ in container.decode(stream)) == len(truth)


@each_clip
def test_keypoints_are_the_projection_of_the_joints(name):
    truth = load_truth(CLIPS[name][1])
    (fx, fy), (cx, cy) = truth.focal, truth.center
    x, y, z = np.moveaxis(truth.joints_3d.astype(float), -1, 0)
    projected = np.stack([fx * x / z + cx, fy * y / z + cy], axis=-1)
    assert np.abs(projected - truth.keypoints_2d).max() < 1e-2
    assert np.abs(truth.project(truth.joints_3d) - truth.keypoints_2d).max() < 1e-2
    for h36m, coco in (("right_wrist", "right_wrist"), ("left_foot", "left_ankle"), ("left_hip", "left_hip")):
        same = truth.keypoints_2d[:, H36M17.joints.index(h36m)] - truth.coco_2d[:, COCO17.joints.index(coco)]
        assert np.abs(same).max() < 1e-2


@each_clip
def test_bones_keep_their_length(name):
    joints = load_truth(CLIPS[name][1]).joints_3d
    for parent, child in H36M17.bones:
        length = np.linalg.norm(joints[:, child] - joints[:, parent], axis=-1)
        assert np.ptp(length) < (1e-4 if (parent, child) in RIGID else 0.05), (parent, child)
        assert 0.05 < length.mean() < 0.55


@each_clip
def test_the_person_stands_on_the_floor_and_in_the_picture(name):
    truth = load_truth(CLIPS[name][1])
    assert np.allclose(truth.rotation @ truth.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(truth.rotation) > 0
    world = truth.to_world(truth.joints_3d)
    ankles = world[:, [3, 6], 1].min(axis=1)  # an ankle is 6 to 8 cm over its sole
    assert 0.05 < np.percentile(ankles, 20) < 0.11
    assert world[..., 1].min() > 0.03
    inside = (truth.keypoints_2d >= 0) & (truth.keypoints_2d < truth.image_size)
    assert inside.all(axis=-1).mean() > 0.95
    height = np.ptp(truth.keypoints_2d[..., 1], axis=1)
    assert np.median(height) > 0.3 * truth.image_size[1]


@each_clip
def test_planted_feet_do_not_slide(name):
    truth = load_truth(CLIPS[name][1])
    ankles = truth.to_world(truth.joints_3d)[:, [3, 6]]
    speed = np.linalg.norm(np.diff(ankles[..., [0, 2]], axis=0), axis=-1) * float(truth.fps)
    still = speed.min(axis=1)  # the steadier foot: one of them stands, or the person is in the air
    assert np.median(still) < 0.25, "metres per second"


@each_clip
def test_licences_and_frames_are_stated(name):
    meta = load_truth(CLIPS[name][1]).meta
    assert meta["joint_names"] == list(H36M17.joints)
    assert meta["coco_names"] == list(COCO17.joints)
    assert "NSF EIA-0196217" in " ".join(meta["licences"])
    assert "CC0" in " ".join(meta["licences"])


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "clip.npz"
    save_truth(path, load_truth(next(iter(CLIPS.values()))[1]))
    return path


def test_truth_survives_saving(stored):
    original, again = load_truth(next(iter(CLIPS.values()))[1]), load_truth(stored)
    for key in ("joints_3d", "keypoints_2d", "coco_2d", "focal", "center", "rotation", "translation"):
        assert np.array_equal(getattr(original, key), getattr(again, key))
    assert (again.fps, again.image_size, again.meta) == (original.fps, original.image_size, original.meta)
    assert isinstance(again.fps, Fraction)
    assert [p.name for p in stored.parent.iterdir()] == ["clip.npz"], "a temporary file was left"


def damage(path: Path, **changes: object) -> None:
    with np.load(path, allow_pickle=False) as data:
        arrays = {**data}
    for key, value in changes.items():
        if value is None:
            del arrays[key]
        else:
            arrays[key] = value
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    "changes",
    [
        {"joints_3d": None},
        {"joints_3d": np.zeros((4, 16, 3))},
        {"coco_2d": np.zeros((1, 17, 2))},
        {"rotation": np.full((3, 3), np.nan)},
        {"fps": np.array([30, 0])},
        {"meta": np.array("not JSON")},
        {"meta": np.array("[1]")},
        {"meta": np.array({"a": 1}, dtype=object)},
    ],
    ids=lambda c: "-".join(c),
)
def test_a_malformed_truth_is_refused(stored, changes):
    damage(stored, **changes)
    with pytest.raises(DataError, match=r"clip\.npz"):
        load_truth(stored)


def test_a_missing_or_cut_or_foreign_file_is_refused(stored, tmp_path):
    with pytest.raises(DataError, match="no ground-truth file"):
        load_truth(tmp_path / "nothing.npz")
    whole = stored.read_bytes()
    stored.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError):
        load_truth(stored)
    middle = len(whole) // 3
    stored.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    with pytest.raises(DataError):
        load_truth(stored)
    stored.write_bytes(b"text")
    with pytest.raises(DataError):
        load_truth(stored)


def test_clips_are_found_where_an_installation_puts_them(tmp_path, monkeypatch):
    installed = tmp_path / "share" / "d3prefiner" / "demo_videos"
    installed.mkdir(parents=True)
    for name in ("one.mp4", "one.npz", "alone.mp4"):
        (installed / name).touch()
    monkeypatch.setattr(truth_module.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(truth_module, "__file__", str(tmp_path / "lib" / "demo_videos" / "truth.py"))
    assert demo_clips() == {"one": (installed / "one.mp4", installed / "one.npz")}


def test_no_frames_are_refused(stored):
    truth = load_truth(stored)
    save_truth(stored, replace(truth, **{k: getattr(truth, k)[:0] for k in ("joints_3d", "keypoints_2d", "coco_2d")}))
    with pytest.raises(DataError, match="no frames"):
        load_truth(stored)
