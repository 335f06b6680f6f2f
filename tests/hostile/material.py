"""Good files, small, of every kind that the program reads: what the cases break."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.motion import Motion, PersonMotion
from demo_videos.truth import Truth, save_truth
from estimators import weights
from estimators.lifting.lifter import build_network
from refiner.model import RefinerModel
from tests.support.fakes import pictures
from tests.support.synthetic import write_mocap
from tests.support.video_files import write_sound, write_video

SIZE = (160, 120)
FRAMES = 12
LIFTER_CARD: dict[str, Any] = {
    "name": "tiny-9", "kind": "lifter", "normalisation": "person", "frames": 9, "tds_fps": 25.0, "licence": "none",
    "architecture": {"type": "STCFormer", "channels": 16, "depth": 1, "in_channels": 5, "dropout": 0.0},
}  # fmt: skip
REFINER_CARD: dict[str, Any] = {
    "name": "refiner-tiny-9", "kind": "refiner", "normalisation": "person", "frames": 9, "tds_fps": 25.0,
    "lifter": "tiny-9", "architecture": {"type": "PoseDenoiser", "channels": 16, "depth": 1, "output": "pose"},
}  # fmt: skip
HLG = {"color_trc": 18, "color_primaries": 9, "colorspace": 9}
VIDEOS = ("clip.mp4", "clip.mkv", "clip.avi", "clip.ts", "clip.mov", "clip.h264")


def make(folder: Path) -> None:
    """Write all of them into `folder`. Computes, so call it in a process that forks no more."""
    folder.mkdir(parents=True)
    for name in VIDEOS:
        write_video(folder / name, n=FRAMES, size=SIZE, pictures=pictures([True] * FRAMES, *SIZE))
    odd = {
        "interlaced.mp4": {"coder": {"x264-params": "bff=1"}},
        "hdr.mkv": {"codec": "ffv1", "pix_fmt": "yuv420p10le", "tags": HLG},
    }
    for name, kind in odd.items():
        write_video(folder / name, n=FRAMES, size=SIZE, pictures=pictures([True] * FRAMES, *SIZE), **kind)  # type: ignore[arg-type]
    write_video(folder / "dark.mp4", n=FRAMES, size=SIZE, pictures=pictures([False] * FRAMES, *SIZE))
    write_sound(folder / "sound.mp4")
    motion().save(folder / "motion.npz")
    write_mocap(folder / "mocap.npz", frames=60)
    poses = np.random.default_rng(0).normal(0, 0.3, (20, 17, 3))
    np.savez(
        folder / "lifted.npz", keypoints_2d=300 + 200 * poses[..., :2], poses=poses, image_size=[640, 480], fps=25.0
    )
    save_truth(folder / "clip.npz", truth())
    write_human36m(folder / "h36m.npz")
    write_pickled_human36m(folder)
    write_weights(folder)


def motion(frames: int = FRAMES, people: int = 1) -> Motion:
    """People who stand and sway a little; the first is missing in the last frame."""
    sway = 0.02 * np.sin(np.arange(frames))[:, None, None]
    from tests.support.synthetic import REST

    pose = (REST[:, [1, 2, 0]] * [-1, -1, 1] + sway).astype(np.float32)  # Z up to y down
    pose -= pose[:, :1]
    root = np.repeat(np.float32([[0, 0, 4]]), frames, axis=0)
    points = (pose[..., :2] / 4 * 150 + 80).astype(np.float32)
    scores = np.full((frames, 17), 0.9, np.float32)
    provenance = np.full(frames, 2, np.uint8)
    provenance[-1] = 0
    arrays = {"keypoints_2d": points, "lifted": pose, "refined": pose, "root": root}
    for array in arrays.values():
        array[-1:] = np.nan
    scores[-1] = 0
    sigma = np.full((frames, 17), 0.01, np.float32)
    return Motion(
        tuple(PersonMotion(i, scores=scores, provenance=provenance, sigma=sigma, **arrays) for i in range(people)),
        np.arange(frames) / 30, Fraction(30), SIZE, {"name": "clip.mp4", "sha256": "00"}, {"focal_px": 190.0},
    )  # fmt: skip


def truth() -> Truth:
    """Of clip.mp4."""
    rng = np.random.default_rng(0)
    joints = rng.normal(0, 0.4, (FRAMES, 17, 3)).astype(np.float32) + np.float32([0, 0, 4])
    flat = rng.uniform(20, 100, (FRAMES, 17, 2)).astype(np.float32)
    return Truth(
        joints, flat, flat, np.full(2, 190.0), np.array(SIZE) / 2, np.eye(3), np.zeros(3), Fraction(30), SIZE, {}
    )


def human36m() -> dict[str, Any]:
    """The arrays of a file of `d3p convert-h36m`: two sequences of ten frames."""
    rng = np.random.default_rng(0)
    return {
        "subject": np.array(["S9", "S11"]), "action": np.array(["Walking", "Eating 1"]),
        "camera": np.array(["54138969", "54138969"]), "length": np.array([10, 10]),
        "image_size": np.array([[1000, 1002]] * 2), "detector": np.array("truth"), "fps": np.array(50.0),
        "keypoints_2d": rng.uniform(300, 600, (20, 17, 2)).astype(np.float32),
        "poses": rng.normal(0, 0.4, (20, 17, 3)).astype(np.float32) + np.float32([0, 0, 4]),
    }  # fmt: skip


def write_human36m(path: Path) -> None:
    np.savez(path, **human36m())


def write_pickled_human36m(folder: Path) -> None:
    """data_3d_h36m.npz and data_2d_h36m_gt.npz in the layout that everybody has."""
    from refiner.data.convert_human36m import CAMERAS, KEPT
    from tests.support.human36m import project, truth_cameras

    rng = np.random.default_rng(0)
    joints = (rng.uniform(-1, 1, (80, 1, 3)) * [1, 1, 0] + [0, 0, 0.9] + rng.normal(0, 0.35, (80, 32, 3))).astype("f4")
    seen = []
    for (rotation, translation, *lens), _ in zip(truth_cameras(rng), CAMERAS, strict=True):
        seen.append(project(joints[:, KEPT].astype(float) @ rotation.T + translation, *lens).astype(np.float32))
    np.savez(folder / "data_3d_h36m.npz", positions_3d=np.array({"S9": {"Walking": joints}}, dtype=object))
    np.savez(folder / "data_2d_h36m_gt.npz", positions_2d=np.array({"S9": {"Walking": seen}}, dtype=object))


def write_weights(folder: Path) -> None:
    """tiny-9 and its refiner, a detector's checkpoint and a published lifter's."""
    torch.manual_seed(0)
    lifter = build_network(LIFTER_CARD["architecture"])
    weights.save(folder / "tiny-9.safetensors", dict(lifter.state_dict()), LIFTER_CARD)
    network = {key: value for key, value in REFINER_CARD["architecture"].items() if key != "type"}
    weights.save(
        folder / "refiner-tiny-9.safetensors", dict(RefinerModel(network, "person").state_dict()), REFINER_CARD
    )
    torch.save({"state_dict": {"a.weight": torch.ones(2, 3)}, "meta": {"iter": 3}}, folder / "plain.pth")
    published = build_network({"type": "STCFormer", "channels": 16, "depth": 1})
    torch.save({published_name(key): value for key, value in published.state_dict().items()}, folder / "published.pth")


def published_name(key: str) -> str:
    """Our name of an STCFormer's tensor to its authors'."""
    for ours, theirs in (
        ("embed.0.", "pose_emb."), ("head.", "regress_head."), (".norm1.", ".stc_att.layer_norm."),
        (".norm2.", ".layer_norm."), (".attention.spatial_position.", ".stc_att.sep2_s."),
        (".attention.temporal_position.", ".stc_att.sep2_t."), (".attention.part.", ".stc_att.emb."),
        (".attention.", ".stc_att."), (".mlp.net.0.", ".mlp.fc1."), (".mlp.net.3.", ".mlp.fc2."),
    ):  # fmt: skip
        key = key.replace(ours, theirs)
    return key.replace("blocks.", "stcformer.stc_block.") if key.startswith("blocks.") else key


def seal(folder: Path, name: str, data: bytes, card: dict[str, Any]) -> Path:
    """Write `data` as weights with a card that has their true hash."""
    import hashlib

    path = folder / f"{name}.safetensors"
    path.write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps({**card, "sha256": hashlib.sha256(data).hexdigest()}))
    return path


def make_in_a_child(folder: Path) -> Path:
    """`make` in a process of its own, so that the one that forks the cases has computed nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            make(folder)
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        raise RuntimeError("the good files could not be made")
    return folder
