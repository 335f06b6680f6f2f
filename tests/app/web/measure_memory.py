"""Memory of the app's server over many runs in a row: `python tests/app/web/measure_memory.py [VIDEO] [--runs N]`.

Starts `d3p app` in a process of its own and sends it the same clip again and again, each time as a new visitor whose
session ends with the run. Prints the server's resident memory after every run, in MB. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradio_client import Client, handle_file

from demo_videos.truth import demo_clips


def main() -> None:
    """Measure, and print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path, default=demo_clips()["hopper"][0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--one-session", action="store_true", help="the same visitor every time")
    asked = parser.parse_args()
    command = [sys.executable, "-m", "app", "app", "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().split()[4]
        print(f"before the first run: {resident(server.pid):.0f} MB", flush=True)
        client = None
        for number in range(1, asked.runs + 1):
            client = client if client and asked.one_session else Client(url, verbose=False, download_files=folder)
            began = time.monotonic()
            client.predict(video=handle_file(asked.video), api_name="/process")
            took = time.monotonic() - began
            print(f"run {number}: {resident(server.pid):.0f} MB, {took:.1f} s", flush=True)
            if not asked.one_session:
                client.close()
        server.terminate()


def resident(process: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


if __name__ == "__main__":
    main()
