"""Arguments that several commands have: the options of a run, as `app.options` declares them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from app.options import Option, Options, declared
from estimators.errors import ConfigError
from estimators.numbers import number
from refiner.steps import checked_steps


def add_option(parser: argparse.ArgumentParser, name: str, said: str = "", **more: Any) -> None:
    """The option of a run with this name, `--NAME`, or `--NAME` and `--no-NAME` for a truth value.

    Args:
        said: what the help says of the default, in place of naming it.
        more: what argparse is to know besides, or instead.
    """
    option, default = declared()[name], getattr(Options(), name)
    if not said and default is not None:
        said = f"default: { ({True: 'yes', False: 'no'}[default] if option.kind is bool else default) }"
    about: dict[str, Any] = {"default": default, "help": option.help + (f" ({said})" if said else "")}
    if option.kind is bool:
        about["action"] = argparse.BooleanOptionalAction
    else:
        about |= {"type": _reader(option), "metavar": option.metavar, "choices": option.values}
    parser.add_argument(f"--{name.replace('_', '-')}", **{**about, **more})


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device`: the same names, and the same default, for every command."""
    add_option(parser, "device")


def add_steps(parser: argparse.ArgumentParser) -> None:
    """`--steps`, K, refused at once if it makes no sense."""
    add_option(parser, "steps", type=_steps)


def at_least_one(text: str) -> int:
    """A whole number from 1 on, for argparse's `type`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on.")
    return int(text)


def _steps(text: str) -> int:
    try:
        return checked_steps(at_least_one(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _reader(option: Option) -> Callable[[str], Any]:
    """What makes a value of a text. Numbers that make no sense are refused later, with all other options."""
    if option.check is None:
        return number if option.kind is float else option.kind
    check = option.check

    def read(text: str) -> Any:
        try:
            check(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return text

    return read
