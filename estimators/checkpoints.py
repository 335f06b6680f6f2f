"""Read other people's PyTorch checkpoints, which are pickles, without running any code in them."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch

from estimators.errors import WeightsError


class Ignored:
    """Stands in for an object that a checkpoint carries beside its weights and nobody needs: it keeps nothing."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


# What training programs write beside tensors and `weights_only` does not know by itself: numpy scalars and arrays, and
# the state of numpy's random generator. All of it is data; unpickling any of it runs no code that a file could choose.
SAFE_GLOBALS: list[Any] = [
    np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    np._core.multiarray.scalar,  # type: ignore[attr-defined]
    np.ndarray,
    np.dtype,
    *(type(np.dtype(name)) for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")),
    # checkpoints written with NumPy 1 name the same functions by the old path
    (np._core.multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),  # type: ignore[attr-defined]
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # type: ignore[attr-defined]
    *(
        (Ignored, f"numpy.random.{name}")
        for name in (
            "__RandomState_ctor",
            "_pickle.__randomstate_ctor",
            "_pickle.__bit_generator_ctor",
            "_mt19937.MT19937",
            "mtrand.RandomState",
        )
    ),
    Ignored,  # its state is set by the class itself, above
]


# what torch's safe unpickler raises, besides its own error, when the file ends early or means something else
_DAMAGED = (
    OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError,
    ArithmeticError, MemoryError, struct.error,
)  # fmt: skip


def read_checkpoint(path: Path, also_safe: list[Any] | None = None) -> dict[str, Any]:
    """What a checkpoint holds, without running any code in it.

    Args:
        also_safe: more entries of the kind of `SAFE_GLOBALS`.

    Raises:
        WeightsError: missing, damaged, or holding more than data.
    """
    if not path.is_file():
        raise WeightsError(f"There is no checkpoint {str(path)!r}.")
    try:
        with torch.serialization.safe_globals([*SAFE_GLOBALS, *(also_safe or [])]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"The checkpoint {path.name} is damaged, or holds code beside weights and was not opened."
        ) from error
    except _DAMAGED as error:
        raise WeightsError(f"The checkpoint {path.name} cannot be read: {first_line(error)}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"The checkpoint {path.name} holds no weights.")
    return content


def first_line(error: Exception) -> str:
    """What an error says, without the pages that some say it on."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
