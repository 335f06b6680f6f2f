"""The project's own source, read for the rules of the house: what imports and starts what, how long it is, prose."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

FLOW = ("estimators", "refiner", "app")  # a package imports itself and those before it
SOURCES = [path for package in (*FLOW, "demo_videos") for path in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Modules that start other programs, or that import by name.
_STARTERS = {"subprocess", "multiprocessing", "runpy", "importlib", "os", "estimators.processes"}
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_SPOKEN = {"help", "description", "label", "info", "epilog"}  # arguments whose value is shown to users


def module_name(path: Path) -> str:
    """`a.b` for a/b.py and for a/b/__init__.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


def imports(path: Path, at_import: bool = False) -> set[str]:
    """Modules that a file imports, anywhere, or only those that it imports while it is imported itself."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if at_import and (isinstance(node, _FUNCTION) or _for_types_only(node)):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package_of(path, node.level) if node.level else ""
            base = ".".join(filter(None, (package, node.module)))
            names = (f"{base}.{alias.name}" for alias in node.names)
            found.update(name if name in MODULES else base for name in names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(), str(path)))
    return found


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _package_of(path: Path, level: int) -> str:
    """The package that a relative import of `level` dots starts from."""
    parts = path.relative_to(ROOT).parent.parts
    return ".".join(parts[: len(parts) - level + 1])


def started(path: Path, names: tuple[str, ...]) -> list[str]:
    """Strings of a file that starts programs, or imports by name, which are modules or commands of `names`.

    Docstrings are not among them, and messages are not: a string counts that is `app`, `app.cli` or so as a whole, or
    that has `-m app` in it.
    """
    if not any(name in _STARTERS or name.split(".")[0] in _STARTERS for name in imports(path)):
        return []
    every = "|".join(map(re.escape, names))
    pattern = re.compile(rf"(?:{every})(?:\.\w+)*|.*-m (?:{every})\b.*|(?:from|import) (?:{every})\b.*", re.DOTALL)
    tree = ast.parse(path.read_text(), str(path))
    told = {id(node.body[0].value) for node in ast.walk(tree) if _docstring(node)}  # type: ignore[attr-defined]
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        if pattern.fullmatch(node.value)
    ]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, _FUNCTION):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of what is written for people: comments, docstrings, errors and help; all of a text that is no code.

    Without what is quoted as code, names with a dot or an underscore in them, and addresses.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from ((number, _plain(line)) for number, line in enumerate(_without_code(text).splitlines(), 1))
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], _plain(token.string)
    for node in ast.walk(ast.parse(text, str(path))):
        if said := _docstring(node):
            yield node.body[0].lineno, _plain(_without_code(said))  # type: ignore[attr-defined]
        elif isinstance(node, ast.Raise) and node.exc is not None:
            yield from _strings(node.exc)
        elif isinstance(node, ast.keyword) and node.arg in _SPOKEN:
            yield from _strings(node.value)


def _docstring(node: ast.AST) -> str | None:
    return ast.get_docstring(node) if isinstance(node, _DOCUMENTED) else None


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, _plain(part.value)


def _without_code(text: str) -> str:
    """Blocks of code made blank, line by line."""
    return re.sub(r"^```.*?^```|^ {4}.*?$", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL | re.M)


def _plain(text: str) -> str:
    return re.sub(r"`[^`]*`|https?://\S+|<[^>]*>|\]\([^)]*\)|\b\w+(?:\.\w+)+|\b\w*_\w*", "", text)
