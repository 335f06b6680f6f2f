"""Memory of the app's server over many runs in a row: `python -m tests.app.web.measure_memory [VIDEO] [--runs N]`.

Starts `d3p app` in a process of its own and sends it the start of one clip again and again. Prints the server's
resident memory after every run, in MB, how long the run took, and how long the processor was at it. Linux only: it
reads /proc.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from gradio_client import Client, handle_file

from app.media.clock import Clock
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter
from demo_videos.truth import demo_clips


def main() -> None:
    """Measure, and print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path, default=demo_clips()["hopper"][0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--frames", type=int, default=50, help="of the clip")
    parser.add_argument("--sessions", action="store_true", help="a new visitor every time, and not always the same one")
    asked = parser.parse_args()
    command = [sys.executable, "-m", "app", "app", "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().split()[4]
        print(f"before the first run: {resident(server.pid):.0f} MB", flush=True)
        clip = start_of(asked.video, asked.frames, Path(folder) / "clip.mp4")
        client = Client(url, verbose=False, download_files=folder)
        for number in range(1, asked.runs + 1):
            if asked.sessions:
                client = Client(url, verbose=False, download_files=folder)
            began, worked = time.monotonic(), processor(server.pid)
            client.predict(video=handle_file(clip), api_name="/process")
            took, worked = time.monotonic() - began, processor(server.pid) - worked
            print(f"run {number}: {resident(server.pid):.0f} MB, {took:.1f} s, processor {worked:.1f} s", flush=True)
        server.terminate()


def start_of(video: Path, frames: int, target: Path) -> Path:
    """The first frames of a video, as a video."""
    info = probe(video)
    whole = info.clock
    part = Clock(whole.fps, whole.time_base, whole.ticks[:frames], whole.durations[:frames], whole.constant)
    with VideoWriter(target, info.size, part, crf=24) as writer:
        for picture in islice(VideoReader(video), frames):
            writer.write(picture)
    return target


def resident(process: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


def processor(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
