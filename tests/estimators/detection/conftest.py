"""The bundled detector, and checkpoints of real models of mmpose with random weights."""

import pytest

from estimators.detection import Detector
from tests.support.detectors import config_of, save_checkpoint


@pytest.fixture(scope="module")
def detector():
    return Detector()


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {alias: save_checkpoint(folder / f"{alias}.pth", config_of(alias)) for alias in ("rtmpose-t", "rtmo-t")}
