"""One detector for any 2D body model of mmpose, and for the bundled one.

Detector()                                    MoveNet MultiPose Lightning, bundled: works offline
Detector("rtmpose-m")                         from mmpose's zoo, downloaded once and verified
Detector("my_config.py", "my_weights.pth")    any other: top-down or one-stage
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from estimators.detection import zoo
from estimators.detection.detections import Detections
from estimators.detection.networks import BUNDLED, FINDER
from estimators.devices import placed, resolve_device
from estimators.errors import ConfigError, WeightsError
from estimators.finding import Sight


class Detector:
    """Finds people and their 17 COCO joints in images.

    A top-down model (RTMPose, HRNet) finds people by the bundled detector first. Joints of models with more than COCO's
    (Halpe-26, whole body) are chosen by name.
    """

    def __init__(self, model: str | Path = FINDER, checkpoint: str | Path | None = None, device: str = "cpu") -> None:
        """Build a model and load its weights.

        Args:
            model: one of `networks.BUNDLED`, an alias ("rtmpose-t", -s, -m, -l, "rtmo-t", -s, -m, -l), a name in
                mmpose's model index, or the path of an mmpose config (.py).
            checkpoint: file with the weights (.pth). Needed for a config; for a name it replaces the download.
            device: where it is to run, see `estimators.devices`.

        Raises:
            ConfigError: unknown name, a config that is no 2D body model with COCO's joints, or an unusable device.
            WeightsError: weights are missing, damaged, for another model, or cannot be downloaded.
        """
        self._device = resolve_device(device)
        self._engines: set[str] = set()  # what computes the networks
        if (name := str(model)) in BUNDLED:
            if checkpoint is not None:
                raise ConfigError(f"The detector {name!r} brings its weights along; leave the checkpoint out.")
            self._approach = self._of_bundled(name)
            self._described: dict[str, Any] = BUNDLED[name].description(name)
        else:
            source = _resolve(model, checkpoint)
            self._approach, sha256 = self._of_zoo(source)
            self._described = {"name": source.name, "version": source.version, "sha256": sha256}
        self.name = self._described["name"]

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

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Detections:
        """Look at each person again, inside a rectangle, or where the joints are expected.

        The same rectangle shows a model the same crop in every frame: hold it still for steady joints.

        Args:
            image: (H,W,3) uint8 BGR.
            boxes: (M,4) xyxy pixels, each about twice as large as the person, who is near its middle; may reach over
                the image's border.
            before: (M,17,3) x, y pixels and scores of the joints, as the frame before lets expect them; scores of 0
                where nobody knows. Thunder and BlazePose look about them.

        Returns:
            M people in the order of the boxes, in pixels of the image; scores are 0 where nobody is found.
        """
        from estimators.detection.approaches import exact

        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        if not np.all(np.isfinite(boxes)):
            raise ValueError("Boxes must be finite.")
        if not len(boxes):
            return Detections.nothing_in(boxes)
        before = np.zeros((len(boxes), 17, 3)) if before is None else before
        with exact():
            return self._approach.detect_in(_checked(image), boxes, before)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Sequence[Any] | None:
        """Look at people a second time, with BlazePose where it is part of the detector; slower, and it sees depth.

        May run beside `detect` and `detect_in`, in another thread.

        Args:
            image: (H,W,3) uint8 BGR.
            keypoints: (M,17,2) pixels, where `detect_in` has found the joints of people in this image.
            scores: (M,17) how sure it was.

        Returns:
            What is seen of each of the M people, to be given to `settle`; None of a detector that has no second look.
        """
        from estimators.detection.approaches import exact

        with exact():
            return self._approach.look_closer(_checked(image), keypoints, scores)

    def settle(self, sights: Sequence[Sight]) -> Detections | None:
        """Put together what was seen of one person over time.

        Args:
            sights: N of them, in order of time, what was given by `detect`, `detect_in` and `look_closer`.

        Returns:
            N poses of the person, with `poses_3d` where BlazePose has looked; None of a detector that is but one
            network: what it gave stays.
        """
        return self._approach.settle(sights)

    def description(self) -> dict[str, Any]:
        """For the record of a result: name, version, sha256 of the weights, mmpose's version, and what computes; of a
        detector made of several networks, `networks` has the same of each."""
        return {
            **self._described,
            "mmpose": version("mmpose"),
            "device": str(self._device),
            "engine": ", ".join(sorted(self._engines)),
        }

    def _of_bundled(self, name: str) -> Any:
        """The approach of one of `BUNDLED`."""
        from estimators.detection import bundled

        built = [self._model(network.config, network.weights)[0] for network in BUNDLED[name].networks]
        return bundled.looking(name, *built)

    def _of_zoo(self, source: _Source) -> tuple[Any, str]:
        """The approach that fits a model's kind, and the sha256 of its weights."""
        from estimators.detection import approaches  # isort: skip  # makes mmpose importable

        from mmpose.models import BottomupPoseEstimator, TopdownPoseEstimator

        model, sha256 = self._model(source.config, source.weights, source.sha256)
        if isinstance(model, BottomupPoseEstimator):
            return approaches.OneStage(model), sha256
        if isinstance(model, TopdownPoseEstimator):
            return approaches.TopDown(model, finder=self._of_bundled(FINDER)), sha256
        raise ConfigError(f"{source.config.name} is a {type(model).__name__}, not a model of 2D poses in images.")

    def _model(self, config: Path, file: str | Path, sha256: str | None = None) -> tuple[Any, str]:
        """A model of mmpose, with its weights, on its device; and their sha256."""
        # here and not at the top: mmpose takes seconds to import, which `--help` and a wrong name should not cost
        from estimators.detection import engine, loading

        model = loading.build(config)
        sha256 = loading.load_into(model, file, sha256)
        model = placed(model, self._device)
        self._engines.add(engine.attach(model, self._device))
        return model, sha256


@dataclass(frozen=True)
class _Source:
    """What a detector is made of: an mmpose config, weights (a file, or a bundled name) and,
    where known, their sha256."""

    config: Path
    weights: str | Path
    name: str
    version: str
    sha256: str | None = None


def _resolve(model: str | Path, checkpoint: str | Path | None) -> _Source:
    if str(model).endswith(".py"):
        if checkpoint is None:
            raise ConfigError(f"A config alone has no weights; give a checkpoint together with {model}.")
        path = Path(model)
        return _Source(path, _existing(checkpoint), path.stem, Path(checkpoint).stem)
    entry = zoo.find(str(model))
    if entry is None:
        known = [*BUNDLED, *zoo.ALIASES]
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
