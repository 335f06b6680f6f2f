"""Lets ONNX Runtime compute what a model of mmpose puts out."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor, nn

from estimators.detection.engine.graph import INPUT, onnx_graph
from estimators.threads import MOST, cores

PACKAGE, TORCH = "onnxruntime", "torch"
SILENT = 4  # of its levels of logging: fatal errors only. What goes wrong is raised, and torch takes over
# A thread that waits for more to do looks for it as long as waking it would take, then sleeps. On two idle cores
# Thunder takes 14.7 ms so, 16.8 without, and 13.8 if threads spin on. Beside busy programs those that spin on hold the
# processor that another needs, 90 ms in the median; with these it takes 43, as without.
SPIN_US = 20

Model = Any  # a torch module of mmpose's, which mypy takes for tensors


def attach(model: Model, device: torch.device) -> str:
    """Have ONNX Runtime compute the maps that a model's head decodes, if it can: on a CPU, for a bundled network.

    The layers, and the memory of their weights, are then gone from the model. `test_step` and mmpose's functions for
    inference work as before; of the steps between, the data preprocessor hands on bytes, and `extract_feat` turns them
    into the head's maps.

    Args:
        model: with its weights, on `device`, in evaluation mode.

    Returns:
        What computes: ONNX Runtime and its release, or "torch", where it is not installed or refuses.
    """
    shape = getattr(getattr(model, "head", None), "picture", None)
    if device.type != "cpu" or shape is None:
        return TORCH
    try:
        maps = _Maps(model, shape)
        name = f"{PACKAGE} {version(PACKAGE)}"
    except (ImportError, PackageNotFoundError):
        return TORCH
    except Exception:  # noqa: BLE001  of whatever kind its refusal is: an old release, a machine that it does not know
        return TORCH
    model.data_preprocessor = _Bytes()
    model.backbone = maps
    if model.with_neck:
        del model.neck
    for layer, _ in list(model.head.named_children()):
        delattr(model.head, layer)
    model.head.forward = _as_they_are
    return name


class _Bytes(nn.Module):
    """In a data preprocessor's place: a batch of pictures as they are, for they are normalised in the session."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        return {"inputs": torch.stack(data["inputs"]), "data_samples": data["data_samples"]}


class _Maps(nn.Module):
    """In a backbone's place: from (B,3,H,W) uint8 BGR to the head's maps."""

    def __init__(self, model: Model, shape: tuple[int | str, ...]) -> None:
        # Official builds count their users by a number that they write into the home folder, and report to the maker;
        # not here. Read when the library starts, so it must be said before.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        super().__init__()
        graph = onnx_graph(_Whole(model), shape)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _threads()
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        weights = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in graph.weights.values()]
        options.add_external_initializers(list(graph.weights), weights)
        self._outputs = graph.outputs
        self._session = onnxruntime.InferenceSession(graph.content, options, providers=["CPUExecutionProvider"])

    def forward(self, pictures: Tensor) -> Any:
        found = self._session.run(None, {INPUT: pictures.contiguous().numpy()})
        return self._outputs(*map(torch.from_numpy, found))


class _Whole(nn.Module):
    """From (B,3,H,W) uint8 BGR to the head's maps, as mmpose's data preprocessor, estimator and head do it together."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> Any:
        normal = (pictures.flip(1).float() - self.model.data_preprocessor.mean) / self.model.data_preprocessor.std
        return self.model.head(self.model.extract_feat(normal))


def _as_they_are(maps: Any) -> Any:
    """The head's forward when its maps come in already."""
    return maps


def _threads() -> int:
    """As many as torch would take (which OMP_NUM_THREADS and a batch's workers set), within reason."""
    return min(torch.get_num_threads(), cores(), MOST)
