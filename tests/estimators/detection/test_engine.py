"""ONNX Runtime gives what torch gives, for every bundled network, and torch is there where it is not."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from estimators.detection import loading
from estimators.detection.detector import Detector
from estimators.detection.engine import TORCH, attach, session
from tests.support.recorded import RENDERED, pictures

from mmengine.structures import InstanceData  # isort: skip  # after estimators.detection.loading
from mmpose.apis import inference_bottomup, inference_topdown  # isort: skip
from mmpose.structures import PoseDataSample  # isort: skip
from torch import nn

DETECTION, CPU = Path(loading.__file__).parent, torch.device("cpu")
NETWORKS = {
    "movenet-multipose": "movenet/multipose_config.py",
    "movenet-thunder": "movenet/thunder_config.py",
    "blazepose-heavy": "blazepose/heavy_config.py",
    "blazepose-full": "blazepose/full_config.py",
}
# keypoints in pixels of the network's input, world landmarks in metres
TOLERANCES = {"keypoints": 0.01, "keypoint_scores": 1e-4, "bboxes": 0.01, "bbox_scores": 1e-4, "keypoints_3d": 1e-4}


def built(name: str):
    model = loading.build(DETECTION / NETWORKS[name])
    loading.load_into(model, name)
    return model


@pytest.fixture(scope="module")
def both():
    """name -> (as torch computes it, as ONNX Runtime does)"""
    models = {name: (built(name), built(name)) for name in NETWORKS}
    for _, quick in models.values():
        assert attach(quick, CPU).startswith("onnxruntime ")
    return models


def asked(model, images: np.ndarray):
    """pred_instances of (B,H,W,3) RGB pictures, in their pixels."""
    size = np.array(images.shape[2:0:-1])
    samples = [PoseDataSample(metainfo=dict(input_size=size, input_center=size / 2, input_scale=size)) for _ in images]
    for sample in samples:
        sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4), np.float32), bbox_scores=np.ones(1, np.float32))
    inputs = [torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))) for image in images]
    with torch.inference_mode():
        return [found.pred_instances for found in model.test_step({"inputs": inputs, "data_samples": samples})]


def assert_same(found, expected):
    assert set(found.keys()) == set(expected.keys())
    for name in TOLERANCES.keys() & set(expected.keys()):
        assert found[name].dtype == expected[name].dtype
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=TOLERANCES[name], err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("people", [1, 2, 5])
def test_results_are_those_of_torch(both, name, people):
    images = np.resize(pictures(), (people, 256, 256, 3))
    torchs, quick = both[name]
    for found, expected in zip(asked(quick, images), asked(torchs, images), strict=True):
        assert len(expected) and expected.keypoint_scores.mean() > 0.3
        assert_same(found, expected)


@pytest.mark.parametrize("size", [(384, 384), (384, 224), (224, 384), (192, 128), (640, 384), (64, 32)])
def test_multipose_takes_frames_of_any_size(both, size):
    image = cv2.resize(cv2.imread(str(RENDERED[384])), size)[None, ..., ::-1]
    torchs, quick = both["movenet-multipose"]
    (found,), (expected,) = asked(quick, image), asked(torchs, image)
    assert len(expected) or size[0] < 192
    assert_same(found, expected)


def test_mmposes_own_calls_work_as_before(both):
    image = cv2.imread(str(RENDERED[384]))
    boxes = np.array([[60, 40, 330, 310], [-40, 0, 300, 340]], np.float32)
    for name in ("movenet-multipose", "movenet-thunder"):
        expected, found = (inference_topdown(model, image, boxes) for model in both[name])
        for one, other in zip(found, expected, strict=True):
            assert_same(one.pred_instances, other.pred_instances)
    (expected,), (found,) = (inference_bottomup(model, image) for model in both["movenet-multipose"])
    assert_same(found.pred_instances, expected.pred_instances)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_maps_are_those_of_torch(both, name):
    inputs = torch.randint(256, (3, 256, 256), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def maps(model):
        with torch.inference_mode():
            ready = model.data_preprocessor({"inputs": [inputs], "data_samples": [PoseDataSample()]})
            return model.head(model.extract_feat(ready["inputs"]))

    expected, found = map(maps, both[name])
    assert type(found) is type(expected)
    for field in expected._fields:
        # float32 throughout: bfloat16 would be off by a hundred times as much
        torch.testing.assert_close(getattr(found, field), getattr(expected, field), rtol=1e-4, atol=5e-3)


def test_weights_do_not_lie_in_memory_twice(both):
    for _, quick in both.values():
        assert sum(weights.numel() for weights in quick.parameters()) == 0


def test_several_threads_may_ask_at_once(both):
    _, quick = both["movenet-thunder"]
    images = pictures()
    alone = [asked(quick, image[None])[0].keypoints for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: asked(quick, images[number % 2][None])[0].keypoints, range(16)))
    for number, keypoints in enumerate(together):
        np.testing.assert_array_equal(keypoints, alone[number % 2])


def test_other_models_and_other_devices_stay_with_torch():
    model = built("movenet-thunder")
    assert attach(model, torch.device("cuda")) == TORCH
    assert attach(nn.Linear(1, 1), CPU) == TORCH
    assert len(asked(model, pictures())) == 2 and any(True for _ in model.parameters())


def without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # makes `import` raise


def of_another_release(monkeypatch):
    monkeypatch.delattr("onnxruntime.SessionOptions")


def with_a_network_that_it_cannot_read(monkeypatch):
    monkeypatch.setattr("estimators.detection.engine.graph._STEPS", {})


@pytest.mark.parametrize("trouble", [without_the_package, of_another_release, with_a_network_that_it_cannot_read])
def test_torch_stands_in(both, monkeypatch, trouble):
    model = built("movenet-multipose")
    with monkeypatch.context() as patch:
        trouble(patch)
        assert attach(model, CPU) == TORCH
        assert Detector().description()["engine"] == TORCH
    expected = asked(both["movenet-multipose"][0], pictures())
    for found, other in zip(asked(model, pictures()), expected, strict=True):
        np.testing.assert_array_equal(found.keypoints, other.keypoints)


def test_a_detector_says_what_computes():
    assert Detector().description()["engine"].startswith("onnxruntime 1.")


@pytest.mark.parametrize(("torchs", "cores", "expected"), [(8, 2, 2), (1, 2, 1), (64, 64, 4)])
def test_no_more_threads_than_torch_has_or_cores_are(monkeypatch, torchs, cores, expected):
    monkeypatch.setattr(torch, "get_num_threads", lambda: torchs)
    monkeypatch.setattr(session, "cores", lambda: cores)
    given = []
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda _, options, **__: given.append(options))
    attach(built("blazepose-full"), CPU)
    assert [options.intra_op_num_threads for options in given] == [expected]
    assert given[0].get_session_config_entry("session.intra_op.spin_duration_us") == "20"


@pytest.mark.slow
def test_the_engine_writes_nothing_home_and_tells_nobody(tmp_path):
    """Official builds of ONNX Runtime count their users, by a number that they keep in the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    known = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "CI", "PYTEST", "XDG"))}
    code = "from estimators.detection import Detector; print(Detector('movenet').description()['engine'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**known, "HOME": str(home), "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("onnxruntime")
    assert not [path for path in home.rglob("*") if "onnxruntime" in str(path)]
