import pytest
import torch

from estimators.errors import ConfigError
from estimators.lifting.lifter import Lifter, build_network
from refiner.pose_denoiser import PoseDenoiser
from refiner.refiner import Refiner
from refiner.training.capture_preprocessor import CapturePreprocessor
from refiner.training.starts import start_lifter, start_refiner

STCFORMER = {"type": "STCFormer", "channels": 96, "in_channels": 5, "dropout": 0.0}


def test_a_deeper_lifter_starts_as_the_shallower_one():
    deep = build_network({**STCFORMER, "depth": 6}).eval()
    start_lifter(deep, "stcformer-81")
    x = torch.randn(2, 9, 17, 5)
    with torch.inference_mode():
        torch.testing.assert_close(deep(x), Lifter.load("stcformer-81").network(x))


def test_what_is_deeper_can_learn():
    deep = build_network({**STCFORMER, "depth": 5})
    start_lifter(deep, "stcformer-81")
    deep(torch.randn(1, 5, 17, 5)).square().sum().backward()
    last = deep.blocks[4]
    assert last.attention.proj.weight.grad.any() and last.mlp.net[3].weight.grad.any()


def test_a_lifter_twice_as_wide_starts_as_the_narrower_one():
    wide = build_network({**STCFORMER, "depth": 5, "channels": 192}).eval()
    start_lifter(wide, "stcformer-81")
    x = torch.randn(2, 9, 17, 5)
    with torch.inference_mode():
        torch.testing.assert_close(wide(x), Lifter.load("stcformer-81").network(x), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_a_refiner_twice_as_wide_starts_as_the_narrower_one_at_every_step():
    narrow = Refiner.load("refiner-stcformer-27").model.network
    channels = narrow.embed[0].in_features - 3
    wide = PoseDenoiser(192, 4, channels, 0.0, "pose")
    start_refiner(wide, "refiner-stcformer-27")
    inputs = 0.3 * torch.randn(50, 5, 17, 3), torch.randn(50, 5, 17, channels), torch.arange(1, 51)
    with torch.inference_mode():
        torch.testing.assert_close(wide(*inputs), narrow(*inputs), rtol=0, atol=1e-5)


def test_twins_part_in_training():
    wide = build_network({**STCFORMER, "depth": 4, "channels": 192})
    start_lifter(wide, "stcformer-81")
    wide(torch.randn(1, 5, 17, 5)).square().sum().backward()
    for parameter in (wide.embed[0].weight, wide.blocks[0].attention.qkv.weight, wide.blocks[3].mlp.net[0].weight):
        apart = 3 if parameter.shape[0] == 3 * 192 else 1  # rows of q, k and v alternate
        first, second = parameter.grad.unflatten(0, (-1, 2, apart)).unbind(1)
        assert not torch.allclose(first, second, rtol=1e-2)


@pytest.mark.parametrize("changes", [{"depth": 3}, {"depth": 3, "channels": 192}, {"depth": 4, "channels": 64}])
def test_a_lifter_does_not_start_as_a_deeper_one_or_one_of_another_width(changes):
    with pytest.raises(ConfigError, match="stcformer-81"):
        start_lifter(build_network({**STCFORMER, **changes}), "stcformer-81")


def test_a_lifter_does_not_start_as_another_kind():
    with pytest.raises(ConfigError, match="mixste-81"):
        start_lifter(build_network({**STCFORMER, "depth": 4}), "mixste-81")


def test_a_refiner_starts_as_another():
    other = Refiner.load("refiner-stcformer-81").model.network
    network = PoseDenoiser(other.head.in_features, 4, other.embed[0].in_features - 3, 0.0, "pose")
    start_refiner(network, "refiner-stcformer-81")
    for mine, its in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_a_refiner_starts_as_no_other_than_its_like():
    with pytest.raises(ConfigError, match="refiner-stcformer-81"):
        start_refiner(PoseDenoiser(64, 4, 6, 0.0, "pose"), "refiner-stcformer-81")
    with pytest.raises(ConfigError, match="STCFormer only"):
        start_refiner(PoseDenoiser(96, 4, 6, 0.0, "pose"), "mixste-81")


def test_seeds_draw_other_windows_but_the_same_validation(mocap):
    def keypoints(seed, training):
        made = CapturePreprocessor(str(mocap), [(8, 9, 2)], (1, 1), seed=seed)
        return made({"step": torch.tensor([3])}, training=training)["windows"].keypoints

    assert torch.equal(keypoints(1, True), keypoints(1, True))
    assert not torch.equal(keypoints(0, True), keypoints(1, True))
    assert torch.equal(keypoints(0, False), keypoints(1, False))


def test_validation_windows_may_have_the_errors_of_another_measurement(mocap):
    def windows(training, **entries):
        noise = {"clean_share": 0.0, "spread": 0.0}
        made = CapturePreprocessor(str(mocap), [(8, 9, 2)], (1, 1), noise, detector="noise-movenet", **entries)
        return made({"step": torch.tensor([3])}, training=training)["windows"]

    assert torch.equal(windows(True).keypoints, windows(True, held_out="noise-movenet-val").keypoints)
    mine, held_out = windows(False), windows(False, held_out="noise-movenet-val")
    assert torch.equal(mine.poses, held_out.poses) and not torch.equal(mine.keypoints, held_out.keypoints)
