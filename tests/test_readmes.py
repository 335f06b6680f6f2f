"""What the READMEs say is there: files, names in them, modules to run, commands, options, what is linked to."""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from app.cli import COMMANDS, build_parser
from tests.support.paths import ROOT

FOLDERS = ("app", "demo_videos", "estimators", "refiner", "tests", "weights")
READMES = [ROOT / "README.md", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("README.md")))]
DOCUMENTS = [path for path in READMES if "vendor" not in path.parts]
SOURCES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
OTHERS = ("pip ", "make ", "torchrun ", "ray ", "apt-get ")  # programs whose options are theirs

each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def code_of(document: Path) -> list[str]:
    """What is quoted as code: what stands between backticks, and indented lines."""
    text = document.read_text("utf-8")
    return re.findall(r"`[^`\n]+`", text) + re.findall(r"^    .*$", re.sub(r"`[^`\n]+`", "", text), flags=re.M)


def places(document: Path, name: str) -> list[Path]:
    """Files or folders that a name can mean: from the README's folder, from the root, or anywhere below the folder."""
    folder = document.parent
    exact = [folder / name, ROOT / name]
    below = folder.rglob(name) if folder != ROOT else ()
    return [path for path in (*exact, *below) if path.exists()]


def told(document: Path) -> list[tuple[str, str]]:
    """(module, name) of what is said to be where, as "`module.py`: `name`, `Class.method`" or "`name` of `module.py`".

    The module may be a link, too, as in "[module](folder/module.py), `name`".
    """
    text = document.read_text("utf-8")
    found = [
        (module, name)
        for module, names in re.findall(r"([\w/]+\.py)(?:`:|\)[:,])((?:,?(?: [\w ]+)? `[\w.]+`)+)", text)
        for name in re.findall(r"`([\w.]+)`", names)
    ]
    return found + [(module, name) for name, module in re.findall(r"`(\w+)`\s(?:of|in)\s`([\w/]+\.py)`", text)]


def names_of(source: Path) -> set[str]:
    """Functions and classes of a module, methods as `Class.method`, and its constants."""
    found = set()
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            inner = node.body if isinstance(node, ast.ClassDef) else []
            methods = {one.name for one in inner if isinstance(one, ast.FunctionDef)}
            found |= methods | {f"{node.name}.{name}" for name in methods}
    return found


@cache
def options() -> frozenset[str]:
    """All options of all commands, and of the modules that are run by their names."""
    found: set[str] = set()

    def collect(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            found.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                for one in action.choices.values():
                    collect(one)

    for command in COMMANDS:
        collect(build_parser(command))
    for source in SOURCES:
        found.update(re.findall(r'add_argument\(\s*(?:"-\w", )?"(--[\w-]+)"', source.read_text("utf-8")))
    return frozenset(found)


def test_the_readmes_are_found() -> None:
    assert {ROOT / "README.md", ROOT / "app/README.md", ROOT / "refiner/README.md"} <= set(DOCUMENTS)
    assert ("diffusion.py", "forward_marginal") in told(ROOT / "refiner/README.md")
    assert ("refiner/diffusion.py", "ddim_step") in told(ROOT / "README.md")
    assert ("options.py", "Options") in told(ROOT / "app/README.md")
    assert {"--preset", "--no-video", "--report", "--clips"} <= options() and "--nonsense" not in options()


@each
def test_modules_and_folders_that_are_named_exist(document: Path) -> None:
    named = [name for code in code_of(document) for name in re.findall(r"^`([\w./-]+(?:\.py|/))`$", code)]
    assert not [name for name in named if not name.startswith("out/") and not places(document, name)]


@each
def test_names_that_are_said_to_be_in_a_module_are_there(document: Path) -> None:
    wrong = [
        f"{module}: {name}" for module, name in told(document) if name not in names_of(places(document, module)[0])
    ]
    assert not wrong


@each
def test_modules_that_are_run_can_be_found(document: Path) -> None:
    named = {name for code in code_of(document) for name in re.findall(r"python -m ([\w.]+)", code)}
    assert not [name for name in named - {"pytest"} if importlib.util.find_spec(name) is None]


@each
def test_options_that_are_named_exist(document: Path) -> None:
    named = {
        option
        for code in code_of(document)
        if not code.strip(" `").startswith(OTHERS)
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", code)
    }
    assert not named - options()


@each
def test_commands_that_are_named_exist(document: Path) -> None:
    named = {name for code in code_of(document) for name in re.findall(r"\bd3p ([a-z][a-z0-9-]*)", code)}
    assert named <= set(COMMANDS)
    assert document != ROOT / "README.md" or {"run", "batch", "app"} <= named


@each
def test_targets_of_make_that_are_named_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = {name for code in code_of(document) for name in re.findall(r"\bmake ([a-z][a-z-]*)", code)}
    assert named <= targets
    assert document != ROOT / "README.md" or {"demo", "test"} <= named


@each
def test_files_that_are_linked_to_exist(document: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (document.parent / link).exists()]


def test_every_readme_is_linked_to() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", DOCUMENTS[0].read_text("utf-8")))
    assert not [path for path in DOCUMENTS[1:] if path.relative_to(ROOT).as_posix() not in links]


@each
def test_no_place_is_left_open(document: Path) -> None:
    assert "<!-- FILL" not in document.read_text("utf-8")


@each
def test_headings_that_are_linked_to_exist(document: Path) -> None:
    wrong = []
    for file, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text("utf-8")):
        target = document.parent / file if file else document
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), flags=re.M)
        if heading not in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}:
            wrong.append(f"{file}#{heading}")
    assert not wrong


@pytest.mark.parametrize("document", DOCUMENTS[1:], ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_are_no_longer_than_those_of_code(document: Path) -> None:
    """Of the folders' READMEs; rows of tables, pictures and lines with links excepted, which cannot be broken."""
    lines = enumerate(document.read_text("utf-8").splitlines(), 1)
    assert not [
        number for number, line in lines if len(line) > 120 and not line.startswith(("|", "![")) and "](" not in line
    ]
