"""`Detector` as others use it: the bundled model on people and on nobody, mmpose models of both kinds, and errors."""

import hashlib
import io
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from estimators import weights
from estimators.detection import Detections, Detector, loading, zoo
from estimators.detection.approaches import _each_once, _fit
from estimators.detection.detector import BUNDLED_WEIGHTS
from estimators.errors import ConfigError, WeightsError
from tests.support.recorded import RENDERED

IMAGE = cv2.imread(str(RENDERED[384]))
NOBODY = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8), (0, 0), 8)


@pytest.fixture(scope="module")
def detector():
    return Detector()


def rectangles_round(people: Detections) -> np.ndarray:
    """(M, 4): squares twice as large as the people."""
    middles = (people.boxes[:, :2] + people.boxes[:, 2:]) / 2
    sides = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1, keepdims=True)
    return np.concatenate([middles - sides, middles + sides], axis=1)


def place(image: np.ndarray, factor: float, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """`image` scaled by `factor` with its top-left at `corner` on a grey picture of `size` (width, height)."""
    scaled = cv2.resize(
        image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    canvas = np.full((size[1], size[0], 3), 110, np.uint8)
    part = scaled[: size[1] - corner[1], : size[0] - corner[0]]
    canvas[corner[1] : corner[1] + part.shape[0], corner[0] : corner[0] + part.shape[1]] = part
    return canvas


def assert_well_formed(people: Detections, count: int) -> None:
    shapes = [(count, 17, 2), (count, 17), (count, 4), (count,)]
    for array, shape in zip((people.keypoints, people.scores, people.boxes, people.person_scores), shapes, strict=True):
        assert array.shape == shape and array.dtype == np.float32 and np.all(np.isfinite(array))
    for scores in (people.scores, people.person_scores):
        assert np.all((scores >= 0) & (scores <= 1))


def test_finds_each_person_once_and_again_in_a_rectangle(detector):
    people = detector.detect(IMAGE)
    assert_well_formed(people, 2)
    left, right = people[np.argsort(people.boxes[:, 0])].boxes
    assert left[2] < 192 < right[0]  # one in each half of the picture
    closer = detector.detect_in(IMAGE, rectangles_round(people))
    assert_well_formed(closer, 2)
    assert np.all(closer.person_scores > 0.5)
    sure = (people.scores > 0.5) & (closer.scores > 0.5)
    assert np.linalg.norm(people.keypoints - closer.keypoints, axis=2)[sure].mean() < 5  # of 260 pixels


def test_people_in_rectangles_keep_the_order_and_places_of_the_rectangles(detector):
    rectangles = rectangles_round(detector.detect(IMAGE))
    both = detector.detect_in(IMAGE, rectangles)
    turned = detector.detect_in(IMAGE, rectangles[::-1])
    np.testing.assert_allclose(turned.keypoints[::-1], both.keypoints, atol=1e-3)
    alone = detector.detect_in(IMAGE, rectangles[1:])
    np.testing.assert_allclose(alone.keypoints[0], both.keypoints[1], atol=1e-3)  # a batch mixes nobody


def test_a_moved_person_moves_exactly(detector):
    """The same pixels elsewhere, in a rectangle moved as far: the joints move by just that."""
    image = place(IMAGE[:, :192], 1, (300, 200), (1000, 900))
    moved = place(IMAGE[:, :192], 1, (337, 211), (1000, 900))
    rectangle = rectangles_round(detector.detect(image)[[0]])
    before = detector.detect_in(image, rectangle)
    after = detector.detect_in(moved, rectangle + [37, 11, 37, 11])
    np.testing.assert_allclose(after.keypoints, before.keypoints + [37, 11], atol=0.01)


@pytest.mark.slow
def test_joints_have_no_side_they_lean_to(detector):
    """The picture and its mirror image give the same joints: what `shift` in the config is for."""
    from estimators.skeleton import COCO17

    width = IMAGE.shape[1]
    rectangles = rectangles_round(detector.detect(IMAGE))
    plain = detector.detect_in(IMAGE, rectangles)
    flipped = np.ascontiguousarray(IMAGE[:, ::-1])
    mirrored = detector.detect_in(flipped, np.stack([width - rectangles[:, i] if i % 2 == 0 else rectangles[:, i]
                                                     for i in (2, 1, 0, 3)], axis=1))  # fmt: skip
    order = list(COCO17.flip_order)
    sums = plain.keypoints[..., 0] + mirrored.keypoints[:, order, 0]
    sure = (plain.scores > 0.5) & (mirrored.scores[:, order] > 0.5)
    network_pixels = 256 / (rectangles[:, 2] - rectangles[:, 0]).mean()
    assert abs(np.median(sums[sure] - width)) * network_pixels < 0.5  # 0.6 and more without the correction


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factor", "size"),
    [(0.3, (800, 600)), (2.4, (500, 900))],
    ids=["small in a wide frame", "as large as the frame"],
)
def test_finds_people_too_small_or_too_large_for_the_usual_size(detector, factor, size):
    person = IMAGE[60:360, 20:160]
    image = place(person, factor, (60, 90), size)
    people = detector.detect(image)
    assert len(people) == 1 and people.person_scores[0] > 0.3
    head, feet = people.keypoints[0, 0], people.keypoints[0, [15, 16]].mean(axis=0)
    assert feet[1] - head[1] == pytest.approx(245 * factor, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("image", [NOBODY, np.zeros((48, 64, 3), np.uint8), np.full((720, 16, 3), 255, np.uint8)])
def test_nobody_is_nobody(detector, image):
    assert_well_formed(detector.detect(image), 0)
    looked = detector.detect_in(image, np.array([[0, 0, 40, 40], [-50, -50, -10, -10]]))
    assert_well_formed(looked, 2)
    assert not looked.scores.any() and not looked.person_scores.any()


def test_no_rectangles_give_nobody(detector):
    assert_well_formed(detector.detect_in(IMAGE, np.zeros((0, 4))), 0)


def test_the_same_person_found_twice_is_kept_once_the_clearest_view():
    joints = np.random.default_rng(1).uniform(0, 100, (17, 2))
    views = np.stack([joints, joints + 2, joints + 300])
    people = _each_once(Detections.of(views, np.full((3, 17), 0.8), np.array([0.4, 0.6, 0.5])))
    np.testing.assert_allclose(people.keypoints, views[[1, 2]], rtol=1e-5)


def test_the_person_in_the_middle_of_a_rectangle_is_the_one_meant():
    joints = np.random.default_rng(1).uniform(-50, 50, (17, 2))
    people = Detections.of(
        np.stack([joints + [90, 0], joints, joints * 0.3]), np.full((3, 17), 0.8), np.array([0.9, 0.6, 0.9])
    )
    assert _fit(people, np.array([-100, -100, 100, 100])).argmax() == 1


@pytest.mark.parametrize(
    "image", [np.zeros((10, 10), np.uint8), np.zeros((10, 10, 3), np.float32), np.zeros((0, 10, 3), np.uint8)]
)
def test_what_is_no_image_is_refused(detector, image):
    with pytest.raises(ValueError, match="uint8"):
        detector.detect(image)


def test_description_names_the_model_and_its_weights(detector):
    description = detector.description()
    assert detector.name == description["name"] == "movenet-multipose"
    assert len(description["sha256"]) == 64 and description["mmpose"] == "1.3.2"


# Real models of mmpose, with random weights in files as mmengine writes them.


def config_of(alias: str) -> Path:
    found = zoo.find(alias)
    assert found is not None
    return found.config


def save_checkpoint(path: Path, config: Path) -> Path:
    torch.manual_seed(0)
    model = loading.build(config)
    hub = MessageHub("test")
    hub.update_scalar("train/loss", np.float64(0.5))
    hub.update_info("scales", np.arange(3, dtype=np.float32))
    content = {"meta": {"epoch": 1, "dataset_meta": model.dataset_meta}, "state_dict": model.state_dict()}
    torch.save({**content, "message_hub": hub.state_dict(), "best": np.float32(0.25)}, path)
    return path


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {alias: save_checkpoint(folder / f"{alias}.pth", config_of(alias)) for alias in ("rtmpose-t", "rtmo-t")}


@pytest.mark.slow
@pytest.mark.parametrize("alias", ["rtmpose-t", "rtmo-t"])
def test_a_model_of_mmpose_runs_from_config_and_checkpoint(checkpoints, alias):
    model = Detector(config_of(alias), checkpoints[alias])
    people = model.detect(IMAGE)
    assert_well_formed(people, len(people))
    if alias == "rtmpose-t":
        assert len(people) == 2  # found by the bundled model
    rectangles = np.array([[0, 0, 192, 384], [150, 0, 400, 384], [-20, -20, 10, 10]])
    again = model.detect_in(IMAGE, rectangles)
    assert_well_formed(again, 3)
    assert_well_formed(model.detect_in(IMAGE, np.zeros((0, 4))), 0)
    assert model.description()["sha256"] == zoo.file_sha256(checkpoints[alias])


def test_a_top_down_model_sees_nobody_where_nobody_is(checkpoints):
    """mmpose's own call takes the whole image for a person when given no boxes."""
    assert_well_formed(Detector("rtmpose-t", checkpoints["rtmpose-t"]).detect(NOBODY), 0)


def test_the_weights_of_the_file_are_really_used(checkpoints, tmp_path):
    content = loading.read_checkpoint(checkpoints["rtmpose-t"])
    content["state_dict"] = {name: value * 0 for name, value in content["state_dict"].items()}
    torch.save(content, tmp_path / "zeros.pth")
    box = np.array([[0, 0, 192, 384]])
    random = Detector("rtmpose-t", checkpoints["rtmpose-t"]).detect_in(IMAGE, box)
    zeros = Detector("rtmpose-t", tmp_path / "zeros.pth").detect_in(IMAGE, box)
    assert not np.allclose(random.keypoints, zeros.keypoints)
    assert np.ptp(zeros.keypoints, axis=1).max() == 0  # all joints alike


def test_a_checkpoint_for_another_model_is_refused(checkpoints):
    with pytest.raises(WeightsError, match="does not fit"):
        Detector("rtmo-t", checkpoints["rtmpose-t"])


def test_a_checkpoint_that_would_run_code_is_refused_and_does_not_run_it(tmp_path):
    class Harmful:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "bad.pth").write_bytes(pickle.dumps({"state_dict": Harmful()}))
    torch.save({"state_dict": {}, "meta": Harmful()}, tmp_path / "worse.pth")
    for name in ("bad", "worse"):
        with pytest.raises(WeightsError, match=name):
            Detector("rtmpose-t", tmp_path / f"{name}.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "cut.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"cut\.pth"):
        Detector("rtmpose-t", tmp_path / "cut.pth")


def test_joints_are_chosen_by_name_in_models_with_more_than_cocos(tmp_path):
    name = "rtmpose-t_8xb1024-700e_body8-halpe26-256x192"
    model = Detector(name, save_checkpoint(tmp_path / "halpe.pth", config_of(name)))
    assert_well_formed(model.detect_in(IMAGE, np.array([[0, 0, 192, 384]])), 1)


def test_a_model_without_cocos_joints_is_refused(tmp_path):
    (name,) = (name for name in zoo.models() if name.startswith("td-hm_mobilenetv2_8xb64-210e_mpii"))
    with pytest.raises(ConfigError, match="joints"):
        Detector(name, save_checkpoint(tmp_path / "mpii.pth", config_of(name)))


def test_every_alias_names_a_config_of_the_installed_mmpose():
    for alias in zoo.ALIASES:
        assert config_of(alias).is_file()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("rtmpose-xxl",), ConfigError, "rtmpose-l"),
        (("config.py",), ConfigError, "checkpoint"),
        (("config.py", "nowhere.pth"), WeightsError, "nowhere.pth"),
        (("rtmpose-t", "nowhere.pth"), WeightsError, "nowhere.pth"),
        (("movenet", "some.pth"), ConfigError, "movenet"),
        (("movenet", None, "quantum"), ConfigError, "quantum"),
    ],
)
def test_wrong_arguments_end_in_one_clear_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        Detector(*arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_named():
    with pytest.raises(ConfigError, match="CUDA"):
        Detector(device="cuda")


@pytest.mark.parametrize("text", ["x = 1", "model = dict(type='Nonsense')", "syntax error here(", ""])
def test_a_config_that_is_none_is_refused(tmp_path, text, checkpoints):
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(ConfigError, match=r"odd\.py"):
        Detector(tmp_path / "odd.py", checkpoints["rtmpose-t"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_gpu_gives_the_joints_of_the_cpu(detector):
    people, on_gpu = detector.detect(IMAGE), Detector(device="cuda").detect(IMAGE)
    np.testing.assert_allclose(on_gpu.keypoints, people.keypoints, atol=0.01)


@pytest.fixture
def hashed(monkeypatch):
    """Names of the files of weights that are opened, and how many bytes are hashed."""
    opened, lengths = [], []
    real_open, real_hash, real_digest = io.open, hashlib.sha256, hashlib.file_digest

    def open_and_note(file, *rest, **named):
        if Path(str(file)).suffix in (".safetensors", ".pth"):
            opened.append(Path(file).name)
        return real_open(file, *rest, **named)

    monkeypatch.setattr(io, "open", open_and_note)
    monkeypatch.setattr(hashlib, "sha256", lambda data=b"": lengths.append(len(data)) or real_hash(data))
    monkeypatch.setattr(
        hashlib,
        "file_digest",
        lambda file, name: lengths.append(Path(file.name).stat().st_size) or real_digest(file, name),
    )
    return opened, lengths


def test_the_bundled_weights_are_read_once_and_hashed_once(hashed):
    opened, lengths = hashed
    description = Detector().description()
    size = weights.find(BUNDLED_WEIGHTS).stat().st_size
    assert opened == [f"{BUNDLED_WEIGHTS}.safetensors"]
    assert [length for length in lengths if length >= 1000] == [size]
    assert description["sha256"] == weights.load(BUNDLED_WEIGHTS)[1]["sha256"] and "Lightning" in description["version"]


@pytest.mark.slow
def test_a_checkpoint_is_hashed_once_and_its_finder_read_once(checkpoints, hashed, monkeypatch, tmp_path):
    opened, lengths = hashed
    own = checkpoints["rtmpose-t"]
    detector = Detector("rtmpose-t", own)
    assert detector.description()["sha256"] == hashlib.file_digest(own.open("rb"), "sha256").hexdigest()
    assert opened.count(f"{BUNDLED_WEIGHTS}.safetensors") == 1
    # of a download, too, by which it was verified
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    found = replace(zoo.find("rtmpose-t"), url=f"https://models.invalid/net-{digest[:8]}.pth")
    monkeypatch.setenv("D3P_CACHE", str(tmp_path))
    monkeypatch.setattr(zoo, "find", lambda name: found)
    (tmp_path / "checkpoints").mkdir()
    kept = Path(shutil.copy(own, tmp_path / "checkpoints" / f"net-{digest[:8]}.pth"))
    lengths.clear()
    assert Detector("rtmpose-t").description()["sha256"] == digest
    assert lengths.count(kept.stat().st_size) == 1
