"""Documents that people write, model cards and configurations, checked by pydantic; one sentence says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from estimators.errors import D3PError

MOST = 10**9  # steps, frames, windows: more is a slip of the pen

Whole = Annotated[int, Field(ge=0, le=MOST)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Listed = BeforeValidator(_as_tuple)  # for tuples that may be written as lists


class Checked(BaseModel):
    """Entries of a document; nothing is converted.

    A field's description says what it must be: "a whole number". A validator raises ValueError: with a sentence of its
    own, or with none, for the field's description.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Document = TypeVar("Document", bound=Checked)


def checked(
    document: type[Document], entries: Mapping[str, Any], what: str, error: type[D3PError], context: Any = None
) -> Document:
    """The entries, if they are what the document's fields say.

    Args:
        what: names the document within a sentence: "the config".
        error: to raise.
        context: for the document's validators.
    """
    try:
        return document.model_validate(dict(entries), context=context)
    except ValidationError as problem:
        raise error(_sentence(document, problem, what)) from None


def _sentence(document: type[Checked], problem: ValidationError, what: str) -> str:
    problems = problem.errors(include_url=False, include_input=False)
    first = problems[0]
    own = str(first["ctx"]["error"]) if first["type"] == "value_error" else ""
    if own:  # a validator's own sentence
        return own
    begin = what[0].upper() + what[1:]
    path, wanted = _field(document, first["loc"])
    of_kind = [".".join(map(str, one["loc"])) for one in problems if one["type"] == first["type"]]
    if first["type"] == "missing" and path == of_kind[0]:
        return f"{begin} lacks {', '.join(of_kind)}."
    if first["type"] == "extra_forbidden" and wanted is None:
        return f"{begin} has unknown entries: {', '.join(of_kind)[:200]}."
    return f"In {what}, {path} must be {wanted or 'something else'}."


def _field(document: Any, place: tuple[int | str, ...]) -> tuple[str, str | None]:
    """The innermost field around a place in a document: its path, and its description; none around what is no field."""
    path: list[str] = []
    wanted = None
    for part in place:
        if not (isclass(document) and issubclass(document, BaseModel)):
            break
        if part not in document.model_fields:
            return ".".join(path), None
        field = document.model_fields[str(part)]
        path.append(str(part))
        document, wanted = field.annotation, field.description
    return ".".join(path), wanted
