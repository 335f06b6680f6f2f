"""Makes `import mmpose` work without compiled mmcv operators, mmdet and torchvision.
Import this before any mmpose module.

mmpose imports several packages that no 2D body model needs at run time, and that are painful to install: mmcv's
compiled operators (hours of compiling, CUDA versions to match), mmdet, xtcocotools (its wheel is built for NumPy 1).
Each is given a stand-in here, with the reason. Whatever really is installed and works is left alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

from estimators import openmmlab


@contextmanager
def quiet() -> Iterator[None]:
    """Hide what mmengine and mmpose print while importing, building and loading; errors still pass."""
    previous = logging.root.manager.disable
    # for all loggers: mmengine's print_log creates its own on the way, so that silencing known names is not enough
    logging.disable(max(previous, logging.WARNING))
    try:
        # mmpose's wish for mmdet, mmcv-lite's for the full mmcv. Recorded and dropped instead of filtered, since mmpose
        # resets the filters on its way.
        with warnings.catch_warnings(record=True):
            yield
    finally:
        logging.disable(previous)


def _module(name: str, **attributes: Any) -> ModuleType:
    module = ModuleType(name, doc=f"Stand-in for {name}, see {__name__}.")
    # importlib.util.find_spec raises ValueError for a loaded module whose __spec__ is None
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None)
    vars(module).update(attributes)
    return module


def _works(name: str) -> bool:
    """Whether `name` can be imported. Not only ImportError counts: see `_hide_broken_torchvision`."""
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001  binary mismatches raise ValueError, RuntimeError or OSError
        return False
    return True


def _alias_xtcocotools() -> None:
    """mmpose reads COCO annotations with xtcocotools, a fork of pycocotools whose wheel breaks on NumPy 2
    (`numpy.dtype size changed`). Only evaluation differs between the two, which this project does not use."""
    if _works("xtcocotools.mask"):
        return
    for name in ("", ".mask", ".coco", ".cocoeval"):
        sys.modules[f"xtcocotools{name}"] = importlib.import_module(f"pycocotools{name}")


def _stub_mmdet() -> None:
    """rtmo_head imports a type alias and a training helper from mmdet.utils unconditionally. Inference uses neither.
    `mmdet.datasets`, `mmdet.apis` stay absent,
    so that mmpose's own `except ImportError` still sees that mmdet is missing."""
    if _works("mmdet.utils"):
        return
    utils = _module("mmdet.utils", ConfigType=Any, reduce_mean=lambda tensor: tensor)
    sys.modules["mmdet"] = _module("mmdet", utils=utils, __path__=[])
    sys.modules["mmdet.utils"] = utils


def _stub_mmcv_ops() -> None:
    """mmcv-lite has no compiled `mmcv._ext`, so that `mmcv.ops` fails to import; EDPose's modules import from it
    unconditionally. The stub is `mmcv.ops` and NOT `mmcv._ext`:
    mmengine takes the presence of the latter as a full mmcv."""
    if _works("mmcv.ops"):
        return

    class MultiScaleDeformableAttention:
        def __init__(self, *_: Any, **__: Any) -> None:
            raise ImportError("This model needs mmcv's compiled operators; install the full mmcv package.")

    sys.modules["mmcv.ops"] = _module("mmcv.ops", MultiScaleDeformableAttention=MultiScaleDeformableAttention)


def _hide_broken_torchvision() -> None:
    """A torchvision built for another torch raises RuntimeError on import (`operator torchvision::nms does not exist`).
    mmpose and mmengine expect ImportError, which the entry None gives them. One heat-map visualiser imports
    ToPILImage unconditionally; it is never drawn with here."""
    if _works("torchvision"):
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what a half-finished import left behind
    sys.modules["torchvision"] = None  # type: ignore[assignment]  # documented: makes `import torchvision` raise
    sys.modules["torchvision.transforms"] = _module("torchvision.transforms", ToPILImage=None)


def _folder_of(package: str) -> str:
    """Where a package is installed, by its own or its distribution's name.

    Raises:
        ModuleNotFoundError: nowhere, or in several places.
    """
    modules = [name for name, owners in packages_distributions().items() if package in owners]
    for name in (package, *modules):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            return str(Path(spec.origin).parent)
    raise ModuleNotFoundError(f"No package named {package!r}", name=package)


def _is_installed(package: str) -> bool:
    try:
        return bool(_folder_of(package))
    except ModuleNotFoundError:
        return False


def _do_without_pkg_resources() -> None:
    """mmengine asks pkg_resources where packages are, mmpose as soon as it is imported. setuptools has dropped that
    module and long warned of it before, and importlib tells the same;
    a stand-in for the module itself would be seen by others too."""
    for name in ("mmengine.utils.package_utils", "mmengine.utils", "mmengine.config.config"):
        vars(importlib.import_module(name)).update(get_installed_path=_folder_of, is_installed=_is_installed)


def _install() -> None:
    openmmlab.require()
    with quiet():
        _do_without_pkg_resources()
        _alias_xtcocotools()
        _stub_mmdet()
        _stub_mmcv_ops()
        _hide_broken_torchvision()
        importlib.import_module("mmpose.apis")
    # raised while a model runs, where catch_warnings would cost the caller thread safety
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"mmpose\.")
    warnings.filterwarnings("ignore", message=r"torch\.meshgrid", category=UserWarning)


_install()
