"""MoveNet Thunder and BlazePose against the originals that they were converted from."""

from pathlib import Path

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.detection import loading
from estimators.detection.blazepose import convert as convert_blazepose
from estimators.detection.movenet import convert_thunder
from estimators.errors import WeightsError

from estimators.detection.blazepose.head import refine  # isort: skip  # after estimators.detection.loading
from estimators.detection.movenet.thunder import ThunderMaps, decode
from tests.support.recorded import REFERENCE, pictures

DETECTION = Path(loading.__file__).parent
HALF_RANGE = 0.007843017578125


@pytest.fixture(scope="module")
def recorded():
    with np.load(REFERENCE) as file:
        return dict(file)


def built(config: str, name: str):
    model = loading.build(DETECTION / config)
    loading.load_into(model, name)
    return model.eval()


def asked(model, scale: float, offset: float):
    """What the head says of the pictures; (B, 3, 256, 256) go in."""
    pixels = torch.from_numpy(pictures()).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        return model.head(model.extract_feat(pixels * scale + offset))


def test_thunder_is_the_original(recorded):
    model = built("movenet/thunder_config.py", "movenet-thunder")
    keypoints, scores = decode(asked(model, HALF_RANGE, -1.0), model.head.nearness)
    np.testing.assert_allclose(keypoints * 4, recorded["thunder"][..., 1::-1] * 256, atol=0.01)
    np.testing.assert_allclose(scores, recorded["thunder"][..., 2], atol=1e-4)


@pytest.mark.parametrize("size", ["heavy", "full"])
def test_blazepose_is_the_original(recorded, size):
    maps = asked(built(f"blazepose/{size}_config.py", f"blazepose-{size}"), 1 / 255, 0.0)
    landmarks = recorded[f"{size}_landmarks"]
    np.testing.assert_allclose(maps.landmarks[..., :2], landmarks[..., :2], atol=0.01)
    np.testing.assert_allclose(maps.landmarks[..., 2:], landmarks[..., 2:], atol=0.02)
    np.testing.assert_allclose(maps.flag, recorded[f"{size}_flag"], atol=1e-4)
    np.testing.assert_allclose(maps.world, recorded[f"{size}_world"], atol=1e-4)  # metres
    heat = maps.heatmap.flatten(2)
    np.testing.assert_allclose(heat.amax(dim=2), recorded[f"{size}_peaks"], atol=0.01)
    assert (heat.argmax(dim=2).numpy() == recorded[f"{size}_cells"]).mean() > 0.95  # flat maps have no one peak


def test_models_normalise_as_the_originals_do():
    for config, scale, offset in [
        ("movenet/thunder_config.py", HALF_RANGE, -1.0),
        ("blazepose/full_config.py", 1 / 255, 0.0),
    ]:
        model = loading.build(DETECTION / config)
        bgr = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, -1, -1)
        prepared = model.data_preprocessor({"inputs": [bgr], "data_samples": [_Sample()]})["inputs"][0]
        torch.testing.assert_close(prepared, bgr.float() * scale + offset)


class _Sample:
    def set_metainfo(self, _):
        pass


def test_thunder_takes_the_person_nearest_to_the_middle():
    heat = torch.full((1, 17, 64, 64), -10.0)
    heat[:, :, 32, 30], heat[:, :, 5, 5] = 2.0, 3.0
    center = torch.full((1, 1, 64, 64), -10.0)
    center[0, 0, 32, 30], center[0, 0, 5, 5] = 0.0, 1.0
    offset = torch.full((1, 34, 64, 64), 0.25)
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    nearness = 1 / (torch.hypot(rows - 32, columns - 32) + 1.8)
    keypoints, scores = decode(ThunderMaps(heat, torch.zeros(1, 34, 64, 64), center, offset), nearness[None])
    torch.testing.assert_close(keypoints, torch.tensor([30.25, 32.25]).expand(1, 17, 2))
    torch.testing.assert_close(scores, torch.full((1, 17), 2.0).sigmoid())


def test_landmarks_are_refined_where_the_heat_map_has_a_peak():
    heat = torch.full((1, 3, 64, 64), -20.0)
    heat[0, 0, 20, 11] = heat[0, 0, 20, 12] = 3.0  # near the first landmark, two cells alike
    heat[0, 1, 20, 11] = -1.0  # near the second, but weak
    heat[0, 2, 40, 40] = 3.0  # far from the third
    landmarks = torch.full((1, 3, 2), 0.0)
    landmarks[..., 0], landmarks[..., 1] = 40.0, 80.0  # cell 10, 20
    refined, peaks = refine(landmarks, heat)
    torch.testing.assert_close(refined[0], torch.tensor([[46.0, 80.0], [40.0, 80.0], [40.0, 80.0]]), atol=1e-3, rtol=0)
    torch.testing.assert_close(peaks[0, :2], torch.tensor([3.0, -1.0]).sigmoid())
    assert peaks[0, 2] < 1e-6
    outside, peaks = refine(torch.full((1, 3, 2), -900.0), heat)
    assert (outside == -900).all() and (peaks == 0).all()


@pytest.mark.parametrize("convert", [convert_thunder, convert_blazepose])
def test_other_files_are_not_converted(tmp_path, convert):
    (tmp_path / "movenet-thunder.json").write_bytes(b"{}")
    for source in (tmp_path, tmp_path / "none", tmp_path / "movenet-thunder.json"):
        arguments = (source, tmp_path, "heavy") if convert is convert_blazepose else (source, tmp_path)
        with pytest.raises(WeightsError):
            convert.convert_file(*arguments)
    assert convert.main([str(tmp_path / "none"), "-o", str(tmp_path)]) == 2


def test_bundled_weights_are_whole():
    for name in ("movenet-thunder", "blazepose-heavy", "blazepose-full"):
        _, card = weights.load(name)
        assert card["licence"] == "Apache-2.0" and card["dtype"].startswith("float16")
