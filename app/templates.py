"""HTML of templates: a file `NAME.html` beside the module that fills it. What is filled in is escaped, unless it is
HTML of a template itself (`markupsafe.Markup`); a value that was forgotten is an error."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup


def fill(path: Path, **values: Any) -> Markup:
    """The template at `path`, filled with `values`."""
    return Markup(_template(path).render(values))


def macros(path: Path) -> Any:
    """The macros of the template at `path`, as functions that return Markup."""
    return _template(path).module


@lru_cache
def _template(path: Path) -> Template:
    environment = Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(path.name)
