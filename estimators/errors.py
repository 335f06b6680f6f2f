"""Typed errors for everything a user can cause.

Each message is one sentence that says what was wrong, with what, and what to do. The command line prints it without
a traceback and exits with 2; the web app shows it; a batch records it and goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

_P = ParamSpec("_P")
LONGEST = 600  # characters of a message; names of files may have thousands


class D3PError(Exception):
    """Base of all errors that a user can cause and mend.

    As text it is one printable line of bounded length, whatever names of files it quotes.
    """

    def __str__(self) -> str:
        text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in super().__str__())
        return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 3 :]}"


class VideoError(D3PError):
    """The input is missing, unreadable, or holds no usable video stream."""


class NobodyFoundError(D3PError):
    """The video was read to its end and no person was seen in it."""


class PersonError(D3PError):
    """The person asked for is not among the people found."""


class WeightsError(D3PError):
    """Weights are missing, damaged, of the wrong kind, or could not be downloaded."""


class DataError(D3PError):
    """A data file (motion capture, ground truth, a stored Motion) is missing or malformed."""


class SetupError(D3PError):
    """A part of the program is not installed yet, or cannot be."""


class ConfigError(D3PError):
    """An option or a configuration value makes no sense."""


def exit_status(main: Callable[_P, None]) -> Callable[_P, int]:
    """A command's `main` that returns 0, or 2 after printing the `D3PError` that ended it."""

    @wraps(main)
    def command(*args: _P.args, **kwargs: _P.kwargs) -> int:
        try:
            main(*args, **kwargs)
        except D3PError as error:
            print(error, file=sys.stderr)
            return 2
        return 0

    return command
