from dataclasses import replace

import numpy as np
import pytest
import torch

from estimators.errors import DataError
from estimators.skeleton import H36M17
from refiner.data.bodies import mirror_some, vary_bodies
from refiner.data.cameras import Cameras, look_at, sample_cameras
from refiner.data.capture import VirtualCapture
from refiner.data.coco_points import coco_points, face_offsets
from refiner.data.detector_noise import DetectorNoise, ar1
from refiner.data.mocap import read_mocap
from tests.support.synthetic import REST

BONES = np.array(H36M17.bones)


def bone_lengths(joints):
    return (joints[..., BONES[:, 1], :] - joints[..., BONES[:, 0], :]).norm(dim=-1)


def windows(count: int = 16, frames: int = 9) -> torch.Tensor:
    return torch.tensor(REST, dtype=torch.float32).expand(count, frames, 17, 3)


def test_splits_share_no_person_and_positions_are_metres(mocap):
    people = {split: {clip.subject for clip in read_mocap(mocap, split)} for split in ("train", "val", "test")}
    assert people == {"train": {"a", "b"}, "val": {"c"}, "test": {"d"}}
    (clip,) = read_mocap(mocap, "test")
    assert clip.joints.shape == (120, 17, 3) and abs(clip.joints[0, 10, 2] - 1.69) < 0.2


def test_folds_split_people(mocap):
    one, other = ({clip.subject for clip in read_mocap(mocap, "train", (k, 2))} for k in (0, 1))
    assert one and other and not one & other


def test_a_bad_file_is_one_clear_error(tmp_path, mocap):
    with pytest.raises(DataError, match="No motion-capture file"):
        read_mocap(tmp_path / "nothing.npz", "train")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DataError, match="not a motion-capture file"):
        read_mocap(tmp_path / "text.npz", "train")
    with pytest.raises(DataError, match="no clips in split"):
        read_mocap(mocap, "holiday")


def test_cameras_look_at_the_person_upright():
    generator = torch.Generator().manual_seed(0)
    joints = windows(200)
    cameras = sample_cameras(joints[:, :, 0], generator)
    seen = cameras.transform(joints)
    torch.testing.assert_close(bone_lengths(seen), bone_lengths(joints), rtol=1e-3, atol=1e-4)  # a rigid motion
    assert (torch.linalg.det(cameras.rotation) > 0.99).all()
    points = cameras.project(seen)
    assert (seen[..., 2] > 0.5).all()
    assert (points[:, :, 10, 1] < points[:, :, 3, 1]).all()  # head above feet: y points down
    inside = (points > 0) & (points < cameras.size[:, None, None])
    assert inside.float().mean() > 0.99


def test_a_known_projection():
    cameras = Cameras(
        look_at(torch.tensor([[5.0, 0, 1]]), torch.tensor([[0.0, 0, 1]]), torch.zeros(1)),
        torch.tensor([[5.0, 0, 1]]),
        torch.tensor([1000.0]),
        torch.tensor([[800.0, 600.0]]),
    )
    # seen from the front, the person's left (+y) is right in the image
    points = cameras.project(cameras.transform(torch.tensor([[[0.0, 0, 1], [0, 1, 1], [0, 0, 2]]])))
    torch.testing.assert_close(points[0], torch.tensor([[400.0, 300.0], [600.0, 300.0], [400.0, 100.0]]))


def test_eyes_and_ears_are_where_they_belong():
    offsets = face_offsets(1, 0.0, torch.Generator(), torch.device("cpu"))
    nose, left_eye, right_eye, left_ear, right_ear, left_shoulder, *_ = coco_points(windows(1, 1), offsets)[0, 0]
    assert nose[0] > left_eye[0] > left_ear[0]  # facing +x
    assert left_ear[1] > left_eye[1] > nose[1] > right_eye[1] > right_ear[1]  # left is +y
    torch.testing.assert_close(left_shoulder, torch.tensor(REST[11], dtype=torch.float32))


def test_bodies_vary_in_length_but_not_in_direction():
    joints = windows(64)
    varied = vary_bodies(joints, torch.Generator().manual_seed(0))
    before, after = (x[..., BONES[:, 1], :] - x[..., BONES[:, 0], :] for x in (joints, varied))
    assert torch.cosine_similarity(before, after, dim=-1).min() > 0.9999
    lengths = bone_lengths(varied)
    assert lengths[:, 0].std(dim=0).min() > 0.02 * lengths.mean() / 2
    left, right = H36M17.joints.index("left_knee") - 1, H36M17.joints.index("right_knee") - 1
    torch.testing.assert_close(lengths[..., left], lengths[..., right])


def test_mirror_swaps_left_and_right():
    joints = windows(2)
    mirrored = mirror_some(joints, torch.tensor([True, False]))
    torch.testing.assert_close(mirrored[1], joints[1])
    torch.testing.assert_close(mirrored[0, :, 13], joints[0, :, 16] * torch.tensor([-1.0, 1, 1]))


def test_noise_is_slow_heavy_tailed_and_scales_with_the_person():
    noise = DetectorNoise(clean_share=0.0)
    points = torch.zeros(400, 81, 17, 2)
    fps = torch.full((400,), 25.0)
    small, large = (
        noise(points, torch.full((400,), size), fps, torch.Generator().manual_seed(0)) for size in (100.0, 300.0)
    )
    torch.testing.assert_close(3 * small, large, rtol=1e-3, atol=1e-3)
    assert 0.5 < small.abs().median() < 3  # pixels, on a person of 100 pixels
    kurtosis = (small.square().square().mean() / small.square().mean() ** 2).item()
    assert kurtosis > 5
    lag = ((small[:, 1:] * small[:, :-1]).mean() / small.square().mean()).item()
    assert lag > 0.6


def test_some_windows_are_clean_and_some_have_sides_swapped():
    points = torch.randn(300, 1, 17, 2).expand(-1, 27, -1, -1)
    still = replace(DetectorNoise(), bias=0, slow=0, white=0, burst_chance=0, gap_chance=0)
    noisy = still(points, torch.ones(300), torch.full((300,), 25.0), torch.Generator().manual_seed(0))
    changed = (noisy != points).any(-1).any(1)  # (windows, joints)
    assert 0.03 < changed[:, 15].float().mean() < 0.2  # ankles
    assert not changed[:, :5].any()  # never the face
    assert torch.equal(changed[:, 15], changed[:, 16])
    clean = replace(DetectorNoise(), clean_share=1.0)
    assert torch.equal(clean(points, torch.ones(300), torch.full((300,), 25.0), torch.Generator()), points)


def test_ar1_is_stationary_with_the_correlation_asked_for():
    white = torch.randn(4000, 20, 2, generator=torch.Generator().manual_seed(0))
    slow = ar1(white, torch.full((4000,), 0.8))
    assert (slow.std(dim=0) - 1).abs().max() < 0.05
    lag = (slow[:, 1:] * slow[:, :-1]).mean(dim=(0, 2))
    assert (lag - 0.8).abs().max() < 0.05


def test_the_same_seed_gives_the_same_windows(mocap):
    capture = VirtualCapture(read_mocap(mocap, "train"), (1, 3), DetectorNoise())
    one, same, other = capture.draw(4, 27, 7), capture.draw(4, 27, 7), capture.draw(4, 27, 8)
    assert torch.equal(one.keypoints, same.keypoints) and torch.equal(one.poses, same.poses)
    assert not torch.equal(one.poses, other.poses)
    assert one.keypoints.shape == (4, 27, 17, 2) and (one.poses[:, :, 0] == 0).all()


def test_clips_shorter_than_a_window_are_held_at_their_end(mocap):
    capture = VirtualCapture(read_mocap(mocap, "train"), (3, 3))
    poses = capture.draw(4, 81, 0).poses  # 243 frames of a clip of 120
    torch.testing.assert_close(poses[:, -1], poses[:, -2])
    assert poses.isfinite().all()
