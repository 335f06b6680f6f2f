"""Numbers as people type them after a command."""

from __future__ import annotations

import argparse
import math


def number(text: str) -> float:
    """A finite number, for argparse's `type`.

    Raises:
        argparse.ArgumentTypeError: it is none; the message says how to write it.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    try:
        meant = float(text.replace(",", "."))
    except ValueError:
        meant = math.nan
    if math.isfinite(meant):
        raise argparse.ArgumentTypeError(f"{text!r} has a comma; write {text.replace(',', '.')}, with a point.")
    raise argparse.ArgumentTypeError(f"{text!r} is not a number; write one such as 1.75, without a unit.")
