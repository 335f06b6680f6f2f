"""Published checkpoints become weights of ours, and nothing in them runs."""

import os
import re

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.checkpoints import read_checkpoint
from estimators.errors import WeightsError
from estimators.lifting import Lifter
from estimators.lifting.import_published import import_lifter
from estimators.lifting.lifter import build_network

MIXSTE = {"type": "MixSTE", "frames": 27, "channels": 32, "depth": 3}
STCFORMER = {"type": "STCFormer", "channels": 32, "depth": 3}


def published_names(kind: str, key: str) -> str:
    """Our name of a tensor to the published one, written down apart from the importer's table."""
    if kind == "MixSTE":
        if key in ("spatial_position", "temporal_position"):
            return {"s": "Spatial", "t": "Temporal"}[key[0]] + "_pos_embed"
        if key.startswith("head."):
            return key
        if key.startswith("embed."):
            return "Spatial_patch_to_embedding." + key[6:]
        if "_norm." in key:
            return key.capitalize()
        block, number, rest = re.fullmatch(r"(spatial|temporal)_blocks\.(\d)\.(.*)", key).groups()
        rest = rest.replace("attention.", "attn.").replace("mlp.0.", "mlp.fc1.").replace("mlp.2.", "mlp.fc2.")
        return f"{block[0].upper()}TEblocks.{number}.{rest}"
    if key == "embed.0.weight":
        return "pose_emb.weight"
    if key == "head.weight":
        return "regress_head.weight"
    number, module, rest = re.fullmatch(r"blocks\.(\d)\.(\w+)\.(.*)", key).groups()
    inside = {"norm1": "stc_att.layer_norm.", "norm2": "layer_norm.", "mlp": "mlp.", "attention": "stc_att."}[module]
    for ours, theirs in {
        "spatial_position": "sep2_s", "temporal_position": "sep2_t", "part.": "emb.", "net.0": "fc1", "net.3": "fc2",
    }.items():  # fmt: skip
        rest = rest.replace(ours, theirs)
    return f"stcformer.stc_block.{number}.{inside}{rest}"


def published(architecture: dict, prefix: str = "") -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    network = build_network(architecture).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    state = {prefix + published_names(architecture["type"], key): value for key, value in network.state_dict().items()}
    return network, state


def test_a_mixste_checkpoint_with_all_that_its_training_writes(tmp_path):
    network, state = published(MIXSTE, prefix="module.")
    checkpoint = {
        "epoch": 120,
        "lr": np.float64(4e-5),
        "random_state": np.random.RandomState(3),
        "optimizer": {"state": {}},
    }
    torch.save({**checkpoint, "model_pos": state}, tmp_path / "best_epoch.bin")
    path, card = import_lifter(tmp_path / "best_epoch.bin", tmp_path / "weights")
    assert path.name == "mixste-27-published.safetensors" and card["frames"] == 27 and card["tds_fps"] == 50
    lifter = Lifter.load(str(path))
    x = torch.randn(1, 27, 17, 2)
    torch.testing.assert_close(lifter.network(x), network(x))
    assert "not part of this project" in card["licence"]


@pytest.mark.parametrize(("frames", "fps"), [(27, 50), (81, 50 / 3), (243, 25)])
def test_an_stcformer_checkpoint(tmp_path, frames, fps):
    network, state = published(STCFORMER, prefix="module.")
    torch.save(state, tmp_path / "no_refine_6_4406.pth")
    with pytest.raises(WeightsError, match="trained with"):
        import_lifter(tmp_path / "no_refine_6_4406.pth", tmp_path)
    path, card = import_lifter(tmp_path / "no_refine_6_4406.pth", tmp_path, frames)
    assert card["tds_fps"] == pytest.approx(fps) and path.stem == f"stcformer-{frames}-published"
    x = torch.randn(1, 9, 17, 2)
    torch.testing.assert_close(Lifter.load(str(path)).network(x), network(x))
    assert weights.read_card(path.with_suffix(".json"))["architecture"] == STCFORMER


def test_the_published_names_are_the_published_ones():
    """A few of each, as the authors' code spells them."""
    _, state = published(MIXSTE)
    assert {"Spatial_patch_to_embedding.weight", "Temporal_pos_embed", "STEblocks.0.attn.qkv.bias"} <= state.keys()
    assert {"TTEblocks.2.mlp.fc2.weight", "Spatial_norm.weight", "head.1.bias"} <= state.keys()
    _, state = published(STCFORMER)
    assert {"pose_emb.weight", "stcformer.stc_block.0.stc_att.qkv.weight", "regress_head.weight"} <= state.keys()
    assert {"stcformer.stc_block.2.stc_att.sep2_t.bias", "stcformer.stc_block.1.mlp.fc1.weight"} <= state.keys()
    assert {"stcformer.stc_block.1.layer_norm.bias", "stcformer.stc_block.1.stc_att.emb.weight"} <= state.keys()


def test_what_is_no_such_checkpoint_is_one_clear_error(tmp_path):
    file = tmp_path / "x.pth"
    for content, message in (
        ({"a.weight": torch.zeros(3)}, "neither a MixSTE nor an STCFormer"),
        ({"epoch": 3}, "holds no weights"),
        ([1, 2], "holds no weights"),
    ):
        torch.save(content, file)
        with pytest.raises(WeightsError, match=message):
            import_lifter(file, tmp_path / "out", 81)
    _, state = published(MIXSTE)
    torch.save(state, file)
    with pytest.raises(WeightsError, match="T = 27, not 81"):
        import_lifter(file, tmp_path / "out", 81)
    del state["TTEblocks.1.norm1.bias"]
    torch.save(state, file)
    with pytest.raises(WeightsError, match=r"1 weights differ, 'temporal_blocks.1.norm1.bias'"):
        import_lifter(file, tmp_path / "out")
    file.write_bytes(b"no checkpoint")
    with pytest.raises(WeightsError, match=r"damaged|cannot be read"):
        import_lifter(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Poison:
    """What a hostile checkpoint would carry."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_in_a_checkpoint_runs(tmp_path):
    torch.save({"model_pos": Poison(tmp_path / "hacked")}, tmp_path / "poison.pth")
    with pytest.raises(WeightsError, match="not opened"):
        read_checkpoint(tmp_path / "poison.pth")
    assert not (tmp_path / "hacked").exists()
