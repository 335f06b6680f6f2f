import torch

from estimators.lifting.stcformer import STCFormer
from refiner.pose_denoiser import PoseDenoiser


def hidden(network: PoseDenoiser, pose, x2d, t):
    """The tokens before the head."""
    seen = []
    handle = network.norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(pose, x2d, t)
    handle.remove()
    return seen[0]


def inputs(frames: int = 9):
    torch.manual_seed(0)
    return torch.randn(2, frames, 17, 3), torch.randn(2, frames, 17, 2), torch.tensor([50, 25])


def test_untrained_it_finds_no_error():
    pose, x2d, t = inputs()
    assert (PoseDenoiser(32, 2).eval()(pose, x2d, t) == 0).all()


def test_it_sees_the_pose_the_2d_and_the_step():
    pose, x2d, t = inputs()
    network = PoseDenoiser(32, 2).eval()
    torch.nn.init.normal_(network.head.weight)
    out = network(pose, x2d, t)
    assert out.shape == pose.shape
    for other in ((pose + 1, x2d, t), (pose, x2d + 1, t), (pose, x2d, t - 7)):
        assert (network(*other) - out).abs().max() > 1e-3


def test_size_of_the_papers_network():
    """4 blocks of 2 STC attentions, one MLP and one step projection at C = 256, counted by hand."""
    C = 256
    attention = (C * 3 * C + 3 * C) + (C * C + C) + 2 * (C // 2 * 9 + C // 2) + 5 * (C // 16)
    block = 2 * attention + 8 * C * C + (C * C + C) + 3 * 2 * C
    ends = (5 * C + C) + 2 * (C * C + C) + 2 * C + (3 * C + 3)
    assert sum(parameter.numel() for parameter in PoseDenoiser().parameters()) == 4 * block + ends


def test_started_from_a_lifter_it_knows_what_the_lifter_knows():
    torch.manual_seed(1)
    lifter = STCFormer(32, 2).eval()
    network = PoseDenoiser(32, 2).eval()
    network.start_from(lifter)
    pose, x2d, t = inputs()
    torch.testing.assert_close(hidden(network, pose, x2d, t), lifter.blocks(lifter.embed(x2d)))
    assert (network(pose, x2d, t) == 0).all()


def test_started_from_a_lifter_its_pose_is_the_lifters():
    torch.manual_seed(1)
    lifter = STCFormer(32, 2).eval()
    network = PoseDenoiser(32, 2, output="pose").eval()
    network.start_from(lifter)
    torch.testing.assert_close(network(*inputs()), lifter(inputs()[1]))
