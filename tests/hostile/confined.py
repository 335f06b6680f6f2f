"""The child's side of a case: under limits, its files, processes and connections watched, it says how it went."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import matplotlib

from estimators.errors import D3PError

from .case import Case, End, Place, Unclear

# of Linux's capabilities, those by which root reads and writes whatever it likes: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_RIGHTS = 1 << 1 | 1 << 2
SPARE_MB = 1500  # of addresses, beyond what a case may really use: threads and allocators reserve more than they fill
LONGEST_SENTENCE = 700  # characters
_GRADIO = os.path.join(tempfile.gettempdir(), "gradio")  # gradio makes a folder when it is imported
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROCESSES = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"}
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}


def be_the_case(case: Case, place: Place, writing: int) -> None:
    """In the child: run, say how it went, and be gone."""
    os.setsid()
    events: list[str] = []
    began_mb = _resident_mb()
    how, detail = "traceback", ""
    try:
        _confine(case, place, events)
        case.act(place)
        how = End.RIGHT
    except D3PError as error:
        detail = str(error)
        clear = detail and "\n" not in detail and "Traceback" not in detail and len(detail) < LONGEST_SENTENCE
        how = End.REFUSED if clear and _printable(detail) else "unclear"
    except Unclear as error:
        how, detail = "unclear", str(error)
    except AssertionError:
        how, detail = "wrong result", traceback.format_exc()[-3000:]
    except BaseException:  # noqa: BLE001  whatever it was, it was not typed
        detail = traceback.format_exc()[-3000:]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    detail = detail.encode("utf-8", "replace").decode()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(json.dumps({"how": str(how), "detail": detail, "events": events[:20], "began_mb": began_mb}))
    os._exit(0)


def _printable(text: str) -> bool:
    return all(letter.isprintable() for letter in text)


def _confine(case: Case, place: Place, events: list[str]) -> None:
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.chdir(place.root / "cwd")
    os.environ.update(
        HOME=str(place.root / "home"),
        XDG_CACHE_HOME=str(place.root / "home"),
        MPLCONFIGDIR=matplotlib.get_cachedir(),  # of this machine's fonts: a command would make the list anew
        TORCHINDUCTOR_CACHE_DIR=str(place.root / "cache"),  # else a folder of torch's among the temporary ones
        TMPDIR=str(place.root / "tmp"),
    )
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _address_space() + (case.memory_mb + SPARE_MB) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if case.as_nobody and os.getuid() == 0:
        _drop_rights()
    root = str(place.root)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            paths = [arguments[0]]
        elif event in _CHANGES:
            paths = [argument for argument in arguments[:2] if isinstance(argument, str | bytes | os.PathLike)]
        elif event in _PROCESSES:
            events.append(f"process {event} {str(arguments[:2])[:200]}")
            return
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            events.append(f"connect {arguments[1]}")
            return
        else:
            return
        for path in paths:
            if not isinstance(path, int):
                where = os.path.abspath(os.fsdecode(path))
                if not where.startswith((root + "/", "/dev/", "/proc/self/", _GRADIO)):
                    events.append(f"write {event} {where}")

    sys.addaudithook(watch)


def _drop_rights() -> None:
    """From now on root, too, may read and write only what a file's mode says."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the lower 32, then the upper
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for which in (0, 1, 2):
        sets[which] &= ~_RIGHTS & 0xFFFFFFFF
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
