"""What can be taken home: the pipeline's own files, every format of `app.export`, and a zip of all."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from app.export import FORMATS
from estimators.files import complete_file

FORMATS_OFFERED = tuple(FORMATS)  # a format that is added there is offered here

_PACKED = {".mp4", ".npz", ".jpg"}  # compressed already
READ_ME = """\
motion.npz         2D and 3D of everybody: open it with numpy.load; names, units and coordinate frame are in its "meta"
side_by_side.mp4   the input with its 2D overlay, the lifted and the refined 3D poses
quality.json       measures before and after refinement that need no ground truth
motion.FORMAT      the same motion for other programs

Made by D3PRefiner. In motion.npz, 3D is in metres, camera space (x right, y down, z forward), relative to the hip.
Its person0, person1, ... are places; the ids, by which the other files name people, are in person0/id, person1/id, ...
"""
READ_ME_FOLDER = f"""\
report.html        open it in a browser: what was done, what failed and why
report.json        the same for programs
CLIP/              the results of each clip:

{READ_ME}"""


def pack(files: Mapping[str, Path], archive: Path, name: str, read_me: str = READ_ME) -> Path:
    """Zip files, by their names in it, into one folder called `name`, with a few words. Returns `archive`."""
    with complete_file(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(f"{name}/README.txt", read_me)
        for inner, file in files.items():
            how = zipfile.ZIP_STORED if file.suffix in _PACKED else zipfile.ZIP_DEFLATED
            zipped.write(file, f"{name}/{inner}", compress_type=how)
    return archive
