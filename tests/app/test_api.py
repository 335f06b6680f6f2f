"""`import d3prefiner as d3p`: quick, whole, and not confused by what lies in the user's folder."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo_videos.truth import demo_clips
from tests.support.paths import ROOT
from tests.support.video_files import cut

FACADES = ["app", "estimators", "refiner", "app.d3prefiner"]
# Installed, d3prefiner lies beside app; in a checkout, Python is told where it is.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "app")}
PYTHON = re.compile(r"^```python\n(.*?)^```", flags=re.M | re.S)
FOLDERS = ("app", "demo_videos", "estimators", "refiner", "tests")  # a virtual environment holds READMEs of others
READMES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("README.md"))]
DOCUMENTS = [path for path in READMES if PYTHON.search(path.read_text("utf-8"))]


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """What a script in a folder with an `app.py` and a `refiner.py` of its own says."""
    for name in ("app", "refiner"):
        (folder / f"{name}.py").write_text("raise SystemExit('this is the module of the user')\n")
    (folder / "script.py").write_text(code)
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, timeout=600
    )


@pytest.mark.parametrize("name", FACADES)
def test_what_is_offered_is_there(name: str) -> None:
    facade = importlib.import_module(name)
    assert facade.__all__ and all(getattr(facade, offered) is not None for offered in facade.__all__)
    assert set(facade.__all__) <= set(dir(facade))  # whatever has been imported so far
    with pytest.raises(AttributeError, match="nonsense"):
        facade.nonsense  # noqa: B018


@pytest.mark.parametrize("name", FACADES)
def test_type_checkers_are_told_of_all_that_is_offered(name: str) -> None:
    facade = importlib.import_module(name)
    assert facade.__file__ is not None and (Path(facade.__file__).parent / "py.typed").is_file()
    (told,) = (
        node
        for node in ast.parse(Path(facade.__file__).read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    names = [alias.asname for node in told.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(str(one) for one in names) == sorted(facade.__all__)


def test_importing_is_quick_and_asking_is_what_costs(tmp_path: Path) -> None:
    code = (
        "import sys, d3prefiner as d3p\n"
        "heavy = {'torch', 'mmpose', 'mmengine', 'numpy', 'gradio', 'cv2', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)), d3p.__version__)\n"
        "print(sorted({'torch', 'mmpose', 'gradio'} & set(sys.modules)), d3p.Options().lifter)\n"
    )
    done = python(tmp_path, code)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["[]", "[]"], done.stderr


def test_a_link_on_the_way_to_us_makes_no_stranger_of_us(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT)
    code = "import app, d3prefiner; print(d3prefiner.Options is app.Options)"
    paths = os.pathsep.join([str(tmp_path / "link"), str(tmp_path / "link" / "app")])
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert done.stdout == "True\n", done.stderr


def test_a_module_of_our_name_that_came_first_is_said(tmp_path: Path) -> None:
    done = python(tmp_path, "import types, sys\nsys.modules['app'] = types.ModuleType('app')\nimport d3prefiner\n")
    assert done.returncode == 1 and "import d3prefiner first" in done.stderr


@pytest.mark.slow
@pytest.mark.slow
def test_the_lines_of_the_readme_run_beside_an_app_py(tmp_path: Path) -> None:
    """In a folder that has an app.py of its own."""
    (lines,) = PYTHON.findall((ROOT / "README.md").read_text("utf-8"))
    cut(demo_clips()["walker"][0], tmp_path / "clip.mp4", 30)
    done = python(tmp_path, lines)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {"motion.bvh", "motion.glb"} <= {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_python_of_the_folders_readmes_runs(document: Path, tmp_path: Path) -> None:
    cut(demo_clips()["walker"][0], tmp_path / "clip.mp4", 30)
    for lines in PYTHON.findall(document.read_text("utf-8")):
        done = python(tmp_path, lines)
        assert done.returncode == 0, done.stderr[-2000:]
