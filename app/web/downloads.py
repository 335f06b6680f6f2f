"""What can be taken home: the pipeline's own files, every format of `app.export`, and a zip of all."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from app.export import FORMATS
from app.files import complete_file

FORMATS_OFFERED = tuple(FORMATS)  # a format that is added there is offered here

_PACKED = {".mp4", ".npz"}  # compressed already
_READ_ME = """\
motion.npz         2D and 3D of everybody: open it with numpy.load; names, units and coordinate frame are in its "meta"
side_by_side.mp4   the input with its 2D overlay, the lifted and the refined 3D poses
quality.json       measures before and after refinement that need no ground truth
motion.FORMAT      the same motion for other programs

Made by D3PRefiner. In motion.npz, 3D is in metres, camera space (x right, y down, z forward), relative to the hip.
"""


def pack(files: Sequence[Path], archive: Path, name: str) -> Path:
    """Zip `files` into a folder called `name`, with a few words about them. Returns `archive`."""
    with complete_file(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(f"{name}/README.txt", _READ_ME)
        for file in files:
            how = zipfile.ZIP_STORED if file.suffix in _PACKED else zipfile.ZIP_DEFLATED
            zipped.write(file, f"{name}/{file.name}", compress_type=how)
    return archive
