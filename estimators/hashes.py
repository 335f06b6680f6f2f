"""The hash by which files are known."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file, read in pieces.

    Raises:
        OSError: it cannot be read, or is a device or a pipe, which may have no end.
    """
    if not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
