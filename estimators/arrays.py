"""Read .npz files of unknown origin: no pickles, and no more memory than the file's size justifies.

A header may claim any shape and a few compressed bytes may unfold into gigabytes; both are found out before anything is
allocated.
"""

from __future__ import annotations

import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from math import prod
from pathlib import Path

import numpy as np

from estimators.errors import DataError

_ANYWAY = 256 << 20  # bytes that a file may unfold to, however small it is: missing frames compress to next to nothing
_RATIO = 50  # beyond that, how many times its own size; real data have less than 20
_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_CODE = np.dtype(np.uint32)  # a letter of NumPy's text
# what a zip archive, an array's header and its data raise when they are malformed
MALFORMED = (
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError, EOFError, OSError, RuntimeError,
    ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip


def read_arrays(
    path: str | Path, what: str, keys: Iterable[str] | None = None, optional: Iterable[str] = ()
) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name.

    Args:
        what: the file should be, with its article, for the errors: "a motion file".
        keys: these only, all of which must be there; None reads everything.
        optional: these too, if they are there.

    Raises:
        DataError: not such a file, damaged, with a pickle inside, or much larger inside than outside.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            there = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = list(there) if keys is None else list(keys)
            if missing := [key for key in wanted if key not in there]:
                raise DataError(f"{path.name} is not {what}: it has no {missing[0]!r}.")
            wanted += [key for key in optional if key in there and key not in wanted]
            size = sum(there[key].file_size for key in wanted)
            if size > max(_ANYWAY, _RATIO * path.stat().st_size):
                raise DataError(f"{path.name} is not {what}: it claims to unfold to {size / 1e6:,.0f} MB.")
            return {key: _read(archive, there[key]) for key in wanted}
    except MALFORMED as error:
        raise DataError(f"{path.name} is not {what}, or it is damaged.") from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array. Raises any of MALFORMED."""
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in _READ_HEADER:
            raise ValueError(f"unknown version {version}")
        shape, fortran_order, dtype = _READ_HEADER[version](file)
        if dtype.hasobject or dtype.names or not dtype.itemsize:
            raise ValueError(f"{info.filename} holds a pickle, a structure, or nothing")
        size = prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != info.file_size - file.tell():
            raise ValueError(f"{info.filename} is not as large as its header says")
        array = np.frombuffer(bytearray(file.read(size)), dtype)
    if dtype.kind == "U" and array.size and array.view(_CODE.newbyteorder(dtype.byteorder)).max() > sys.maxunicode:
        raise ValueError(f"{info.filename} holds text of characters that do not exist")
    return array.reshape(shape[::-1]).T if fortran_order else array.reshape(shape)
