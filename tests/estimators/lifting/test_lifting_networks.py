import pytest
import torch

from estimators.lifting.lifter import build_network
from estimators.lifting.mixste import MixSTE
from estimators.lifting.stcformer import STCFormer


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("channels", "count"), [(256, 4_748_000), (512, 18_933_184)])
def test_stcformer_has_the_published_parameter_count(channels, count):
    assert parameters(STCFormer(channels)) == count


@pytest.mark.parametrize(("frames", "count"), [(27, 33_673_219), (81, 33_700_867), (243, 33_783_811)])
def test_mixste_has_the_published_parameter_count(frames, count):
    assert parameters(MixSTE(frames)) == count


SMALL = [
    {"type": "STCFormer", "channels": 32, "depth": 2},
    {"type": "MixSTE", "frames": 27, "channels": 32, "depth": 2},
]


@pytest.mark.parametrize("architecture", SMALL, ids=lambda a: a["type"])
@pytest.mark.parametrize("frames", [1, 9, 27])
def test_any_number_of_frames(architecture, frames):
    network = build_network(architecture).eval()
    assert network(torch.randn(2, frames, 17, 2)).shape == (2, frames, 17, 3)


@pytest.mark.parametrize("architecture", SMALL, ids=lambda a: a["type"])
def test_every_output_frame_depends_on_every_input_frame(architecture):
    torch.manual_seed(0)
    network = build_network(architecture).eval()
    x = torch.randn(1, 9, 17, 2, requires_grad=True)
    network(x)[0, 4].sum().backward()
    assert (x.grad[0].abs().sum(dim=(1, 2)) > 0).all()


@pytest.mark.parametrize("architecture", SMALL, ids=lambda a: a["type"])
def test_windows_of_a_batch_do_not_see_each_other(architecture):
    torch.manual_seed(0)
    network = build_network(architecture).eval()
    x = torch.randn(3, 9, 17, 2)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]), rtol=1e-4, atol=1e-5)


def test_stc_attends_over_joints_with_half_the_channels_and_over_frames_with_the_other():
    """Projection and grid convolutions silenced: a spatial channel sees its frame only, a temporal one its joint."""
    torch.manual_seed(0)
    attention = STCFormer(32, 1).blocks[0].attention
    for convolution in (attention.spatial_position, attention.temporal_position):
        torch.nn.init.zeros_(convolution.weight)
    torch.nn.init.eye_(attention.proj.weight)
    x = torch.randn(1, 5, 17, 32, requires_grad=True)
    per_head = attention(x)[0, 2, 3].view(8, 2, 2)  # heads, spatial | temporal, channels of a head
    (spatial,) = torch.autograd.grad(per_head[:, 0].sum(), x, retain_graph=True)
    (temporal,) = torch.autograd.grad(per_head[:, 1].sum(), x)
    touched = spatial[0].abs().sum(-1) > 0
    assert touched[2].all() and not touched[[0, 1, 3, 4]].any()
    touched = temporal[0].abs().sum(-1) > 0
    assert touched[:, 3].all() and not touched[:, [j for j in range(17) if j != 3]].any()
