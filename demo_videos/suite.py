"""The rendered benchmark: shots of many people, rooms, views and flaws, drawn from a seed.

    python -m demo_videos.suite --mocap mocap17.npz --out suite          # 34 clips of test people
    python -m demo_videos.suite --mocap mocap17.npz --out train --split train --clips 300 --frames 64 --varied

writes NAME.mp4 and NAME.npz (see truth.py) for every shot; clips that are there already are left alone, so that a
stopped run goes on where it was. `d3p evaluate rendered suite` measures the pipeline on them. The suite is not part of
the project, for its size: the same seed makes the same shots again.

Without `--varied` (drawing.py) people have one of six bodies: results are compared on these shots, so they never
change. With it (varied.py) every clip shows another person, in a room that the camera stands in, with more and harder
flaws: these are what a detector's errors are learned from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo_videos.drawing import FRAMES, draw_shot
from demo_videos.motion import motions_of
from demo_videos.render import render_shot
from demo_videos.varied import draw_varied_shot
from estimators.errors import exit_status


def _count(text: str) -> int:
    """A command line's number of at least one."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


@exit_status
def main(arguments: list[str] | None = None) -> None:
    """Render the clips of a suite that are not there yet, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_videos.suite", description=__doc__.splitlines()[0])
    parser.add_argument("--mocap", type=Path, required=True, help="motion-capture file in the mocap17 format")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="whose motion (default: test)"
    )
    parser.add_argument("--clips", type=_count, default=34, metavar="N", help="default: 34")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--frames", type=_count, default=FRAMES, metavar="N", help=f"of a clip at most (default: {FRAMES})"
    )
    parser.add_argument("--varied", action="store_true", help="every clip another person, and harder flaws")
    parser.add_argument("--threads", type=_count, default=None, metavar="N", help="of the encoder (default: all cores)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    motions = motions_of(options.mocap, options.split)
    by_name = {motion.name: motion for motion in motions}
    draw = draw_varied_shot if options.varied else draw_shot
    for index in range(options.clips):
        shot = draw(motions, options.seed, index, options.frames)
        if (options.out / f"{shot.name}.npz").is_file():  # written last
            continue
        path, seconds = render_shot(shot, by_name[shot.motion], options.out, options.threads)
        print(f"{index + 1}/{options.clips} {path.name}: {seconds:.2f} s a frame", flush=True)


if __name__ == "__main__":
    sys.exit(main())
