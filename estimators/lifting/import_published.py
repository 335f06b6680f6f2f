"""Make weights of ours of the checkpoints that the authors of MixSTE and STCFormer publish.

Only the names of the tensors and what a checkpoint looks like around them are facts about their code, which carries no
licence. Whoever imports such a checkpoint is bound by its authors' terms and those of its training data.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from estimators import conversion, weights
from estimators.checkpoints import read_checkpoint
from estimators.errors import WeightsError
from estimators.lifting.lifter import build_network
from estimators.lifting.normalise import Normalisation

HUMAN36M_FPS = 50.0
# Temporal downsampling of published STCFormers, by T (P-STMO's); MixSTE has none.
STCFORMER_STRIDES = {81: 3, 243: 2}
LONGEST = 4096  # frames; the longest published window has 351
LICENCE = "that of the checkpoint's authors and of its training data; not part of this project"

# theirs -> ours, in the order in which they are tried
_MIXSTE = (
    (r"^Spatial_patch_to_embedding\.", "embed."),
    (r"^Spatial_pos_embed$", "spatial_position"),
    (r"^Temporal_pos_embed$", "temporal_position"),
    (r"^STEblocks\.", "spatial_blocks."),
    (r"^TTEblocks\.", "temporal_blocks."),
    (r"^Spatial_norm\.", "spatial_norm."),
    (r"^Temporal_norm\.", "temporal_norm."),
    (r"\.attn\.", ".attention."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.2."),
)
_STCFORMER = (
    (r"^pose_emb\.", "embed.0."),
    (r"^regress_head\.", "head."),
    (r"^stcformer\.stc_block\.", "blocks."),
    (r"\.stc_att\.layer_norm\.", ".norm1."),
    (r"\.layer_norm\.", ".norm2."),
    (r"\.stc_att\.sep2_s\.", ".attention.spatial_position."),
    (r"\.stc_att\.sep2_t\.", ".attention.temporal_position."),
    (r"\.stc_att\.emb\.", ".attention.part."),
    (r"\.stc_att\.", ".attention."),
    (r"\.mlp\.fc1\.", ".mlp.net.0."),
    (r"\.mlp\.fc2\.", ".mlp.net.3."),
)


def import_lifter(checkpoint: Path, output: Path, frames: int | None = None) -> tuple[Path, weights.Card]:
    """Write `output/mixste-T-published.safetensors` (or stcformer-...) and its card.

    Args:
        checkpoint: a .pth or .bin file as MixSTE's or STCFormer's training writes it.
        frames: T. A MixSTE tells it by itself; an STCFormer, which takes any, must be told what it was trained with.

    Returns:
        The file's path and the card.

    Raises:
        WeightsError: not such a checkpoint, or T is not known, or contradicts it.
        ConfigError: `output` cannot be written.
    """
    state = _state(read_checkpoint(checkpoint), checkpoint.name)
    if any(key in state and state[key].ndim != 2 for key in ("Spatial_patch_to_embedding.weight", "pose_emb.weight")):
        raise WeightsError(f"{checkpoint.name} is neither a MixSTE nor an STCFormer: its first layer is no matrix.")
    if "Spatial_patch_to_embedding.weight" in state:
        architecture, frames = _mixste(state, frames)
        state, fps = _renamed(state, _MIXSTE), HUMAN36M_FPS
    elif "pose_emb.weight" in state:
        if frames is None:
            raise WeightsError(
                "An STCFormer takes any window: say how long those were that it was trained with (27, 81, 243 frames)."
            )
        architecture = _stcformer(state)
        state, fps = _renamed(state, _STCFORMER), HUMAN36M_FPS / STCFORMER_STRIDES.get(frames, 1)
    else:
        raise WeightsError(f"{checkpoint.name} is neither a MixSTE nor an STCFormer: it has no weights of their names.")
    if not 1 <= frames <= LONGEST:
        raise WeightsError(f"A window has 1 to {LONGEST} frames, not {frames}.")
    _check_fit(architecture, state, checkpoint.name)
    card: weights.Card = {
        "name": f"{architecture['type'].lower()}-{frames}-published",
        "kind": "lifter",
        "architecture": architecture,
        "normalisation": str(Normalisation.IMAGE),
        "frames": frames,
        "tds_fps": fps,
        "training": {"data": "as its authors say (Human3.6M, as published)", "source": checkpoint.name},
        "metrics": {},
        "licence": LICENCE,
    }
    return conversion.write(state, card, output)


def _state(content: dict[str, Any], name: str) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint: bare, or under `model_pos` (MixSTE), with or without DataParallel's prefix."""
    state = content.get("model_pos", content.get("state_dict", content))
    if not isinstance(state, dict):
        raise WeightsError(f"The checkpoint {name} holds no weights.")
    state = {str(key).removeprefix("module."): value for key, value in state.items() if torch.is_tensor(value)}
    if not state:
        raise WeightsError(f"The checkpoint {name} holds no weights.")
    return {key: value.float() for key, value in state.items() if value.is_floating_point()}


def _mixste(state: dict[str, torch.Tensor], frames: int | None) -> tuple[dict[str, Any], int]:
    table = state.get("Temporal_pos_embed")
    if table is None or table.ndim != 3:
        raise WeightsError("This MixSTE has no table of temporal positions, so it is not a whole one.")
    if frames not in (None, table.shape[1]):
        raise WeightsError(f"This MixSTE was trained with T = {table.shape[1]}, not {frames}.")
    channels = state["Spatial_patch_to_embedding.weight"].shape[0]
    return (
        {"type": "MixSTE", "frames": table.shape[1], "channels": channels, "depth": _count(state, "STEblocks")},
        table.shape[1],
    )


def _stcformer(state: dict[str, torch.Tensor]) -> dict[str, Any]:
    channels = state["pose_emb.weight"].shape[0]
    return {"type": "STCFormer", "channels": channels, "depth": _count(state, r"stcformer\.stc_block")}


def _count(state: dict[str, torch.Tensor], blocks: str) -> int:
    """How many blocks there are of this name."""
    return len({match[1] for key in state if (match := re.match(rf"{blocks}\.(\d+)\.", key))})


def _renamed(state: dict[str, torch.Tensor], table: tuple[tuple[str, str], ...]) -> dict[str, torch.Tensor]:
    renamed = {}
    for key, value in state.items():
        for theirs, ours in table:
            key = re.sub(theirs, ours, key)
        renamed[key] = value
    return renamed


def _check_fit(architecture: dict[str, Any], state: dict[str, torch.Tensor], name: str) -> None:
    if not architecture["channels"]:
        raise WeightsError(f"{name} is no {architecture['type']} as published: it has no channels.")
    if wrong := conversion.differing(state, build_network(architecture)):
        kind = architecture["type"]
        raise WeightsError(f"{name} is no {kind} as published: {len(wrong)} weights differ, {wrong[0]!r} among them.")
