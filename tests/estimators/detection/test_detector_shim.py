"""mmpose imports where its optional companions are missing or broken, silently, and the stand-ins are no traps."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT, environment

SCRIPT = """
from estimators.detection import Detector
Detector()
try:
    import torchvision
except ImportError:
    print("torchvision hidden")
try:
    from mmdet.apis import DetInferencer
except ImportError:
    print("mmdet missing")
from mmcv.ops import MultiScaleDeformableAttention
try:
    MultiScaleDeformableAttention(embed_dims=8)
except ImportError as error:
    print(error)
from mmengine.model.utils import mmcv_full_available
print("full mmcv:", mmcv_full_available())
"""


@pytest.mark.slow
def test_a_broken_torchvision_is_hidden_and_loading_prints_nothing(tmp_path):
    """Beside a torch of another build it raises RuntimeError while half imported."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from . import ops")
    (package / "ops.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    theirs_first = environment(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=theirs_first, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "torchvision hidden",
        "mmdet missing",
        "This model needs mmcv's compiled operators; install the full mmcv package.",
        "full mmcv: False",
    ]


@pytest.mark.slow
def test_importing_the_detector_does_not_import_mmpose():
    """It takes seconds, which a command that only prints its help should not cost."""
    script = "import sys, estimators.detection; print([name for name in ('mmpose', 'mmcv') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WITHOUT_PKG_RESOURCES = """
import sys
if sys.argv[1] == "absent":
    sys.modules["pkg_resources"] = None
from estimators.detection import Detector, mmpose_shim
Detector()
from mmengine.config import Config
from mmengine.utils import get_installed_path, is_installed
import mmpose, pathlib
assert pathlib.Path(get_installed_path("mmpose")) == pathlib.Path(mmpose.__file__).parent
assert is_installed("mmpose") and is_installed("mmcv-lite") and is_installed("opencv-python-headless")
assert not is_installed("mmdet") and not is_installed("no-such-thing")
pathlib.Path(sys.argv[2]).write_text('_base_ = "mmpose::_base_/default_runtime.py"')
assert "default_hooks" in Config.fromfile(sys.argv[2])
print("pkg_resources" in sys.modules and sys.modules["pkg_resources"] is not None)
"""


@pytest.mark.slow
@pytest.mark.parametrize("setuptools", ["absent", "as it is"])
def test_pkg_resources_is_not_asked(setuptools, tmp_path):
    """setuptools has dropped it; mmengine would import it as soon as mmpose is imported."""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:mmengine", "-c", WITHOUT_PKG_RESOURCES, setuptools,
         str(tmp_path / "config.py")],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
