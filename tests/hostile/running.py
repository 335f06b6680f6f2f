"""`d3p run` with stand-ins for the networks, and what a right result is."""

from __future__ import annotations

from pathlib import Path

import av

from app import outputs
from app.models import Models
from app.motion import Motion
from tests.support.fakes import fake_models

from .case import Place, d3p


def stand_in() -> None:
    """From now on the networks are stand-ins: a person stands in every bright frame."""
    Models.load = classmethod(lambda cls, options: fake_models(options.refine))  # type: ignore[method-assign]


def run_video(place: Place, video: Path | str, *options: str, pictures: bool = True) -> None:
    """`d3p run VIDEO -o out`, and a look at what it wrote."""
    stand_in()
    d3p("run", "-o", place.out, *options, *([] if pictures else ["--no-video"]), "--", video)
    check_result(place.out / Path(video).stem, pictures)


def check_result(folder: Path, pictures: bool = True) -> Motion:
    """The motion of a result folder, which must be whole."""
    motion = Motion.load(folder / outputs.MOTION)
    assert (folder / outputs.QUALITY).is_file()
    if pictures:
        with av.open(str(folder / outputs.SIDE_BY_SIDE)) as container:
            frames = sum(1 for _ in container.decode(video=0))
        assert frames == len(motion), f"{frames} pictures of {len(motion)} frames"
    return motion
