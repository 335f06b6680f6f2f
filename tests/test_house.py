"""The house rules that no single module can keep: who may import and start whom, how long files are, how the prose is
spelt, the packaging.
"""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from estimators import openmmlab
from tests.support.paths import ROOT
from tests.support.sources import FLOW, MODULES, SOURCES, TESTS, functions, imports, prose, started

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
WHOLES = ("demo_videos", "app/web")  # what is optional as a whole, and is imported inside a function
MMPOSE_PINS = [Requirement(f"{name}=={release}") for name, release in openmmlab.pins().items()]
FILE_LINES, FUNCTION_LINES = 300, 60
# Spellings that are American only; "licensed" is right, for the verb has an S.
AMERICAN = re.compile(
    r"\b(?:colors?|colored|behaviors?|centers?|centered|grays?|(?:kilo|centi|milli)?meters?|fibers?|favor\w*|neighbor\w*"
    r"|labeled|labeling|modeling|canceled|canceling|catalogs?|artifacts?|defense|licenses?|analyz\w+"
    r"|(?:normal|initial|optim|summar|recogn|organ|real|minim|maxim|general|special|visual|serial|parallel|random"
    r"|standard|synchron|quant|util|final|parametr|regular|emphas|equal|character|stabil|memor|penal|synthes|apolog)"
    r"iz(?:e|es|ed|er|ers|ing|ation|ations))\b",
    re.IGNORECASE,
)
# Distributions whose module has another name.
MODULE_OF = {
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "mmcv-lite": "mmcv",
}


def imported_modules(path: Path) -> dict[str, bool]:
    """Top-level names that a file imports: name -> whether at least once outside any function."""
    found: dict[str, bool] = {}

    def visit(node: ast.AST, at_top: bool) -> None:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            found[name.split(".")[0]] = found.get(name.split(".")[0], False) or at_top
        for child in ast.iter_child_nodes(node):
            visit(child, at_top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    visit(ast.parse(path.read_text(), str(path)), True)
    return found


def modules_of(requirements: list[str]) -> set[str]:
    names = {Requirement(text).name.lower() for text in requirements}
    return {MODULE_OF.get(name, name) for name in names}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def above(path: Path) -> tuple[str, ...]:
    """The packages that a file may neither import nor start."""
    package = path.relative_to(ROOT).parts[0]
    return FLOW[FLOW.index(package) + 1 :] if package in FLOW else ()


def test_no_import_runs_back_up():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in SOURCES
        for name in imports(path)
        if name.split(".")[0] in above(path)
    ]
    assert not wrong


def test_nothing_starts_what_is_above_it():
    """A module named in a command of `subprocess`, or imported by its name, is a dependency that no import shows."""
    wrong = [
        f"{path.relative_to(ROOT)} starts {name!r}"
        for path in SOURCES
        if above(path)
        for name in started(path, (*above(path), "d3p"))
    ]
    assert not wrong


@pytest.mark.parametrize(
    "line",
    [
        'run([sys.executable, "-m", "app", "evaluate"])',
        'run(["d3p", "evaluate"])',
        'run("python -m app.cli evaluate")',
        'run([sys.executable, "-c", "from app import cli; cli.main()"])',
        'importlib.import_module("app.cli")',
    ],
)
def test_what_is_started_is_seen(tmp_path, monkeypatch, line):
    monkeypatch.setattr("tests.support.sources.ROOT", tmp_path)
    file = tmp_path / "refiner.py"
    file.write_text(f'"""app"""\nimport importlib, subprocess\nfrom subprocess import run\n{line}\n')
    assert len(started(file, ("app", "d3p"))) == 1
    file.write_text('"""app"""\nimport subprocess\nraise ValueError("Run `d3p setup`, or see app.")\n')
    assert started(file, ("app", "d3p")) == []


def test_there_is_no_circle_of_imports():
    """Whichever module is imported first, all that it needs is whole."""
    try:
        TopologicalSorter({name: imports(path, at_import=True) - {name} for name, path in MODULES.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_files_and_functions_are_short():
    """Files of tests are; their functions may be as long as what they tell."""
    wrong = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in (*SOURCES, *TESTS)
        if (lines := len(path.read_text().splitlines())) > FILE_LINES
    ]
    wrong += [
        f"{path.relative_to(ROOT)}: {name}, {lines} lines"
        for path in SOURCES
        for name, lines in functions(path)
        if lines > FUNCTION_LINES
    ]
    assert not wrong


def test_the_prose_is_british(tracked):
    """In comments, docstrings, errors, help and every README; names of programs' interfaces are as they are."""
    wrong = [
        f"{name}:{line}: {word[0]}"
        for name in tracked
        if name.endswith((".py", ".md")) and "/vendor/" not in name
        for line, text in prose(ROOT / name)
        for word in AMERICAN.finditer(text)
        if not word[0].isupper()  # LICENSE is a file
    ]
    assert not wrong


def test_media_is_opened_for_reading_in_one_place():
    """A bare `av.open` takes a name like tcp:x.mp4 for an address, and opens what a playlist points at."""
    calls = [
        (path.relative_to(ROOT).as_posix(), node.args)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("av.open", "cv2.VideoCapture")
    ]
    writing = [args for _, args in calls if len(args) > 1 and ast.unparse(args[1]) == "'w'"]
    assert [name for name, args in calls if args not in writing] == ["app/media/container.py"]
    assert writing and all(".resolve()" in ast.unparse(args[0]) for args in writing)  # there, too, a name is no address


def test_every_import_is_declared_in_pyproject():
    core = modules_of(PROJECT["project"]["dependencies"]) | {MODULE_OF.get(pin.name, pin.name) for pin in MMPOSE_PINS}
    optional = {m for texts in PROJECT["project"]["optional-dependencies"].values() for m in modules_of(texts)}
    own = {*FLOW, "demo_videos", *sys.stdlib_module_names}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name, at_top in imported_modules(path).items()
        # optional: imported inside the function that needs it, or by the clip renderer or the browser app, which are
        # optional as a whole
        if name not in own | core
        and not (name in optional and (not at_top or any(path.is_relative_to(ROOT / part) for part in WHOLES)))
    ]
    assert not wrong


def test_only_the_command_that_serves_it_imports_the_app_of_the_browser_whose_libraries_are_optional():
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and re.search(r"\bapp\.web\b|from app import .*\bweb\b", ast.unparse(node))
    }
    assert {name for name in importing if not name.startswith("app/web/")} == {"app/cli/app.py"}


def test_mmpose_is_installed_in_exactly_the_pinned_releases():
    assert {pin.name for pin in MMPOSE_PINS} == {"mmengine", "mmcv-lite", "mmpose"}
    for pin in MMPOSE_PINS:
        assert pin.specifier.contains(importlib.metadata.version(pin.name)), pin


def test_every_requirement_ends_below_a_release_that_nobody_has_run():
    optional = PROJECT["project"]["optional-dependencies"].values()
    texts = [*PROJECT["project"]["dependencies"], *(text for texts in optional for text in texts)]
    gradios = {"fastapi", "starlette", "uvicorn"}  # it says which releases
    steady = {"packaging", "six", "setuptools"}
    capped = {Requirement(text).name for text in texts if re.search(r"<|==", text)}
    assert {Requirement(text).name for text in texts} - capped == gradios | steady


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_the_tested_releases_fit_pyproject_and_any_build_of_torch(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line) for line in lines)  # no +cpu, no host, no file
    releases = {canonicalize_name(name): release for name, release in (line.split("==") for line in lines)}
    assert not [name for name in releases if re.match(r"torch|triton|nvidia-|cuda-|mm", name)]
    extras = PROJECT["project"]["optional-dependencies"]
    texts = PROJECT["project"]["dependencies"] + [t for name, texts in extras.items() if name != "ray" for t in texts]
    wrong = [
        text
        for text, wanted in ((text, Requirement(text)) for text in texts)
        if wanted.name not in {"torch", "setuptools"}
        and not wanted.specifier.contains(releases.get(canonicalize_name(wanted.name), "0"))
    ]
    assert not wrong


def test_the_readme_names_the_pythons_that_were_tried():
    tried = {path.stem.removeprefix("constraints-") for path in (ROOT / "requirements").glob("constraints-*.txt")}
    (sentence,) = re.findall(r"^With Python ([0-9., or]+), pip and make", README, flags=re.M)
    assert set(re.findall(r"3\.\d+", sentence)) == tried


def test_nothing_loads_untrusted_pickles_or_calls_cuda_in_place():
    """Only the explicit conversion of a user's own Human3.6M files unpickles, and nothing but arrays."""
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                unsafe = (keyword.arg, getattr(keyword.value, "value", None)) in [
                    ("allow_pickle", True), ("weights_only", False), ("shell", True)
                ]  # fmt: skip
                if unsafe:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {keyword.arg}")
            if isinstance(node.func, ast.Attribute) and node.func.attr == "cuda" and not node.args:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} .cuda()")
    assert not wrong


def test_the_wheel_holds_every_file_of_the_packages_and_the_weights(tracked, tmp_path):
    copy = tmp_path / "source"
    for name in tracked:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix in {".safetensors", ".mp4", ".npz"}:  # their names matter here, not their megabytes
            target.touch()
        else:
            shutil.copyfile(ROOT / name, target)
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    held = {re.sub(r"^[^/]+\.data/data/share/d3prefiner/", "", name) for name in zipfile.ZipFile(wheel).namelist()}
    wanted = {name for name in tracked if name.split("/")[0] in {*FLOW, "demo_videos", "weights"}}
    assert {name.replace("app/d3prefiner/", "d3prefiner/") for name in wanted} - held == set()
    assert not [name for name in held if name.startswith(("tests/", "runs/", "out/"))]
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    code = "import d3prefiner, app.outputs; print(d3prefiner.write is app.outputs.write, app.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["True", str(tmp_path / "installed" / "app" / "__init__.py")], done.stderr


def test_every_bundled_detector_is_in_the_notice():
    notice = (ROOT / "NOTICE").read_text()
    for card in (ROOT / "weights").glob("*.json"):
        if json.loads(card.read_text())["kind"].startswith("detector"):
            assert f"weights/{card.stem}." in notice, card.name
    assert "NSF EIA-0196217" in notice and "mocap.cs.cmu.edu" in notice
