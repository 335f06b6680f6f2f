"""One detector for any 2D body model of mmpose, and for the bundled one.

Detector()                                    MoveNet MultiPose Lightning, bundled: works offline
Detector("rtmpose-m")                         from mmpose's zoo, downloaded once and verified
Detector("my_config.py", "my_weights.pth")    any other: top-down or one-stage
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from estimators import weights
from estimators.detection import zoo
from estimators.detection.detections import Detections
from estimators.devices import placed, resolve_device
from estimators.errors import ConfigError, WeightsError

BUNDLED = "movenet"
BUNDLED_WEIGHTS = "movenet-multipose"
BUNDLED_CONFIG = Path(__file__).parent / "movenet" / "multipose_config.py"


class Detector:
    """Finds people and their 17 COCO joints in images.

    A top-down model (RTMPose, HRNet) finds people by the bundled detector first. Joints of models with more than COCO's
    (Halpe-26, whole body) are chosen by name.
    """

    def __init__(self, model: str | Path = BUNDLED, checkpoint: str | Path | None = None, device: str = "cpu") -> None:
        """Build a model and load its weights.

        Args:
            model: "movenet", an alias ("rtmpose-t", -s, -m, -l, "rtmo-t", -s, -m, -l), a name in mmpose's model index,
                or the path of an mmpose config (.py).
            checkpoint: file with the weights (.pth). Needed for a config; for a name it replaces the download.
            device: where it is to run, see `estimators.devices`.

        Raises:
            ConfigError: unknown name, a config that is no 2D body model with COCO's joints, or an unusable device.
            WeightsError: weights are missing, damaged, for another model, or cannot be downloaded.
        """
        self._device = resolve_device(device)
        if str(model) == BUNDLED and checkpoint is not None:
            raise ConfigError("The detector 'movenet' brings its weights along; leave the checkpoint out.")
        source = _resolve(model, checkpoint)
        self.name, self._version = source.name, source.version
        self._engines: set[str] = set()
        self._approach, self._sha256 = self._ready(source)

    def detect(self, image: np.ndarray) -> Detections:
        """Everybody in a frame.

        Args:
            image: (H,W,3) uint8 BGR.

        Returns:
            M people, M >= 0, in pixels of the image.
        """
        from estimators.detection.approaches import exact

        with exact():
            return self._approach.detect(_checked(image))

    def detect_in(self, image: np.ndarray, boxes: np.ndarray) -> Detections:
        """Look at each person again, inside a rectangle.

        The same rectangle shows a model the same crop in every frame: hold it still for steady joints.

        Args:
            image: (H,W,3) uint8 BGR.
            boxes: (M,4) xyxy pixels, each about twice as large as the person, who is near its middle; may reach over
                the image's border.

        Returns:
            M people in the order of the boxes, in pixels of the image; scores are 0 where nobody is found.
        """
        from estimators.detection.approaches import exact

        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        if not np.all(np.isfinite(boxes)):
            raise ValueError("Boxes must be finite.")
        if not len(boxes):
            return Detections.nothing_in(boxes)
        with exact():
            return self._approach.detect_in(_checked(image), boxes)

    def description(self) -> dict[str, Any]:
        """For the record of a result: name, version, sha256 of the weights, mmpose's version, and what computes."""
        return {
            "name": self.name,
            "version": self._version,
            "sha256": self._sha256,
            "mmpose": version("mmpose"),
            "device": str(self._device),
            "engine": ", ".join(sorted(self._engines)),
        }

    def _ready(self, source: _Source) -> tuple[Any, str]:
        """Build, load and place a model, with the approach that fits its kind; and the sha256 of its weights."""
        # here and not at the top: mmpose takes seconds to import, which `--help` and a wrong name should not cost
        from estimators.detection import approaches, engine, loading  # isort: skip  # they make mmpose importable

        from mmpose.models import BottomupPoseEstimator, TopdownPoseEstimator

        model = loading.build(source.config)
        if not isinstance(model, BottomupPoseEstimator | TopdownPoseEstimator):
            raise ConfigError(f"{source.config.name} is a {type(model).__name__}, not a model of 2D poses in images.")
        sha256 = loading.load_into(model, source.weights, source.sha256)
        model = placed(model, self._device)
        self._engines.add(engine.attach(model, self._device))
        if source.config == BUNDLED_CONFIG:
            return approaches.MoveNet(model), sha256
        if isinstance(model, BottomupPoseEstimator):
            return approaches.OneStage(model), sha256
        return approaches.TopDown(model, finder=self._ready(_bundled())[0]), sha256


@dataclass(frozen=True)
class _Source:
    """What a detector is made of: an mmpose config, weights (a file, or a bundled name) and,
    where known, their sha256."""

    config: Path
    weights: str | Path
    name: str
    version: str
    sha256: str | None = None


def _bundled() -> _Source:
    card = weights.read_card(weights.find(BUNDLED_WEIGHTS).with_suffix(".json"))
    return _Source(BUNDLED_CONFIG, BUNDLED_WEIGHTS, BUNDLED_WEIGHTS, str(card.get("version", "unknown")))


def _resolve(model: str | Path, checkpoint: str | Path | None) -> _Source:
    if str(model) == BUNDLED:
        return _bundled()
    if str(model).endswith(".py"):
        if checkpoint is None:
            raise ConfigError(f"A config alone has no weights; give a checkpoint together with {model}.")
        path = Path(model)
        return _Source(path, _existing(checkpoint), path.stem, Path(checkpoint).stem)
    entry = zoo.find(str(model))
    if entry is None:
        known = [BUNDLED, *zoo.ALIASES]
        close = difflib.get_close_matches(str(model), [*known, *zoo.models()], n=3)
        raise ConfigError(
            f"There is no detector {str(model)!r}; use {', '.join(close or known)}, a name in mmpose's model index, or "
            "a config file (.py) with a checkpoint."
        )
    file, sha256 = zoo.fetch_hashed(entry) if checkpoint is None else (_existing(checkpoint), None)
    return _Source(entry.config, file, entry.name, file.stem, sha256)


def _existing(checkpoint: str | Path) -> Path:
    path = Path(checkpoint)
    if not path.is_file():
        raise WeightsError(f"There is no checkpoint {str(path)!r}.")
    return path


def _checked(image: np.ndarray) -> np.ndarray:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"Expected an (H, W, 3) uint8 image, got {image.shape} of {image.dtype}.")
    return image
