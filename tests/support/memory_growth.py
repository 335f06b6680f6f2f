"""Read a short and a long video; print by how many bytes a frame the peak of memory has grown between.

A process of its own, for the peak of memory is the process's.
"""

import sys
from pathlib import Path

from app.evaluation.cost import loop, peak_memory
from app.media.video import VideoReader
from tests.support.video_files import write_video

SHORT, LONG = 60, 460  # frames
SIZE = (320, 240)

folder = Path(sys.argv[1])
still = write_video(folder / "still.mp4", n=2, size=SIZE)
peaks = []
for frames in (SHORT, LONG):
    clip = loop(still, folder / f"{frames}.mp4", frames / 30)
    assert sum(1 for _ in VideoReader(clip)) == frames
    peaks.append(peak_memory())
print((peaks[1] - peaks[0]) / (LONG - SHORT))
