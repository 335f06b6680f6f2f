"""The bundled detector on pictures, and what it says of itself and of wrong arguments."""

import cv2
import numpy as np
import pytest
import torch

from estimators.detection import Detector
from estimators.errors import ConfigError, WeightsError
from tests.support.detectors import IMAGE, NOBODY, assert_well_formed, rectangles_round


def place(image: np.ndarray, factor: float, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """`image` scaled by `factor` with its top-left at `corner` on a grey picture of `size` (width, height)."""
    scaled = cv2.resize(
        image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    canvas = np.full((size[1], size[0], 3), 110, np.uint8)
    part = scaled[: size[1] - corner[1], : size[0] - corner[0]]
    canvas[corner[1] : corner[1] + part.shape[0], corner[0] : corner[0] + part.shape[1]] = part
    return canvas


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_gpu_gives_the_joints_of_the_cpu(detector):
    people, on_gpu = detector.detect(IMAGE), Detector(device="cuda").detect(IMAGE)
    np.testing.assert_allclose(on_gpu.keypoints, people.keypoints, atol=0.01)
