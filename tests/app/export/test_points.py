"""The formats that hold positions: C3D (read by ezc3d), TRC, CSV and JSON (read by parsers of the tests' own)."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np
import pytest

from app.export import export
from app.motion import Motion
from app.world.placing import place
from tests.support.motions import SIGMA, J, motion_of, walking

GAP, FILLED = slice(5, 9), slice(12, 14)


def crowd(n: int = 20, fps: Fraction = Fraction(30000, 1001)) -> Motion:
    """Two people; the first has a gap and interpolated frames."""
    bodies = [walking(n) - [0.8, 0, 0], walking(n, phase=1.0) + [0.7, 0, -1.0]]
    return motion_of(bodies, fps, missing=GAP, interpolated=FILLED)


def test_c3d(tmp_path: Path) -> None:
    motion = crowd()
    (path,) = export(motion, ["c3d"], tmp_path)
    file = ezc3d.c3d(str(path))
    parameters = file["parameters"]
    point = {key: parameters["POINT"][key]["value"] for key in ("UNITS", "RATE", "LABELS", "X_SCREEN", "Y_SCREEN")}
    assert point["UNITS"] == ["mm"] and point["RATE"][0] == pytest.approx(30000 / 1001, abs=1e-4)
    assert point["X_SCREEN"] == ["+X"] and point["Y_SCREEN"] == ["+Y"]
    assert point["LABELS"] == [f"person{i}:{joint}" for i in (1, 3) for joint in J]
    points, residuals = file["data"]["points"], file["data"]["meta_points"]["residuals"][0]  # (4,34,N), (34,N)
    assert points.shape == (4, 34, 20)
    expected = 1000 * np.concatenate(place(motion).positions, axis=1)  # (N,34,3)
    found = points[:3].transpose(2, 1, 0)
    seen = np.isfinite(expected)
    assert np.abs(found - expected)[seen].max() < 0.01
    first, second = residuals[:17].T, residuals[17:].T
    assert (first[GAP] < 0).all() and np.isnan(found[GAP, :17]).all()
    assert (first[FILLED] == 0).all()
    assert (second == 1).all() and (first[:5] == 1).all()
    assert file["header"]["points"]["first_frame"] == 0 and file["header"]["points"]["last_frame"] == 19


def test_c3d_of_one_person_and_one_frame_in_camera_space(tmp_path: Path) -> None:
    motion = motion_of([walking(1)])
    motion = replace(motion, people=(replace(motion.people[0], sigma=None),))
    file = ezc3d.c3d(str(export(motion, ["c3d"], tmp_path, space="camera")[0]))
    assert file["parameters"]["POINT"]["LABELS"]["value"] == list(J)
    assert file["parameters"]["POINT"]["Y_SCREEN"]["value"] == ["-Y"]
    assert np.allclose(file["data"]["points"][:3, 0, 0], 1000 * motion.people[0].root[0], atol=0.01)
    assert (file["data"]["meta_points"]["residuals"] == 1).all()


def test_c3d_of_more_people_than_one_list_of_labels_has_room_for(tmp_path: Path) -> None:
    bodies = [walking(2) + [0.5 * i, 0, 0] for i in range(16)]
    motion = motion_of(bodies)
    file = ezc3d.c3d(str(export(motion, ["c3d"], tmp_path)[0]))
    point = file["parameters"]["POINT"]
    labels = point["LABELS"]["value"] + point["LABELS2"]["value"]
    assert labels == [f"person{person.id}:{joint}" for person in motion.people for joint in J]
    expected = 1000 * place(motion).positions[15]
    assert np.allclose(file["data"]["points"][:3, -17:].transpose(2, 1, 0), expected, atol=0.01)


def read_trc(path: Path) -> tuple[dict[str, str], list[str], np.ndarray, np.ndarray]:
    """Header, marker names, (N,) times, (N,M,3) positions; no field may be empty: OpenSim drops one at a line's end."""
    lines = path.read_text().splitlines()
    assert lines[0] == f"PathFileType\t4\t(X/Y/Z)\t{path.name}"
    header = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    names = [name for name in lines[3].split("\t")[2:] if name]
    assert lines[4].split("\t")[2:5] == ["X1", "Y1", "Z1"]
    rows = [line.split("\t") for line in lines[5:]]
    assert {len(row) for row in rows} == {2 + 3 * len(names)} == {len(lines[3].split("\t"))}
    assert [row[0] for row in rows] == [str(i + 1) for i in range(len(rows))]
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return header, names, values[:, 0], values[:, 1:].reshape(len(rows), -1, 3)


def test_trc(tmp_path: Path) -> None:
    motion = crowd()
    files = export(motion, ["trc"], tmp_path)
    assert [file.name for file in files] == ["motion_person1.trc", "motion_person3.trc"]
    for file, expected in zip(files, place(motion).positions, strict=True):
        header, names, times, found = read_trc(file)
        assert header["Units"] == "m" and header["NumFrames"] == "20" and header["NumMarkers"] == "17"
        assert float(header["DataRate"]) == pytest.approx(30000 / 1001, abs=1e-5)
        assert names[:4] == ["Hip", "RHip", "RKnee", "RAnkle"] and len(set(names)) == 17
        assert (names[J["thorax"]], names[J["neck"]], names[J["left_wrist"]]) == ("Neck", "Nose", "LWrist")
        assert np.allclose(times, motion.timestamps, atol=1e-6)
        assert np.allclose(found, expected, atol=1e-5, equal_nan=True)
        assert np.isnan(found[GAP]).all() == (file is files[0])
        assert {len(line.split()) for line in file.read_text().splitlines()[5:]} == {2 + 3 * 17}  # split at any blank


def test_a_trc_with_a_gap_opens_in_opensim(tmp_path: Path) -> None:
    opensim = pytest.importorskip("opensim")
    motion = crowd()
    path = export(motion, ["trc"], tmp_path)[0]
    table = opensim.TimeSeriesTableVec3(str(path))
    assert (table.getNumRows(), table.getNumColumns()) == (20, 17)
    found = np.array([[table.getRowAtIndex(i)[j].to_numpy() for j in range(17)] for i in range(20)])
    assert np.allclose(found, place(motion).positions[0], atol=1e-5, equal_nan=True) and np.isnan(found[GAP]).all()


def test_csv(tmp_path: Path) -> None:
    motion = crowd()
    (path,) = export(motion, ["csv"], tmp_path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 and [row["person"] for row in rows] == ["1"] * 20 + ["3"] * 20
    placed = place(motion)
    for index, person in enumerate((rows[:20], rows[20:])):
        for frame, row in enumerate(person):
            assert int(row["frame"]) == frame
            assert float(row["time_s"]) == pytest.approx(motion.timestamps[frame], abs=1e-6)
            for joint, number in J.items():
                cells = [row[f"{joint}_{axis}_m"] for axis in "xyz"]
                if row["provenance"] == "missing":
                    assert cells == ["", "", ""] and row[f"{joint}_sigma_m"] == row[f"{joint}_score"] == ""
                else:
                    expected = placed.positions[index][frame, number]
                    assert np.allclose([float(cell) for cell in cells], expected, atol=1e-5)
                    assert float(row[f"{joint}_sigma_m"]) == pytest.approx(SIGMA, abs=1e-6)
                    assert float(row[f"{joint}_score"]) == pytest.approx(0.9, abs=1e-6)
            stands = (
                ["", ""] if row["provenance"] == "missing" else [str(int(one)) for one in placed.contacts[index][frame]]
            )
            assert [row["left_contact"], row["right_contact"]] == stands
    kinds = [row["provenance"] for row in rows[:20]]
    assert kinds[GAP] == ["missing"] * 4 and kinds[FILLED] == ["interpolated"] * 2 and kinds.count("detected") == 14


def test_json(tmp_path: Path) -> None:
    motion = crowd()
    (path,) = export(motion, ["json"], tmp_path, height=1.9)
    said: dict[str, Any] = json.loads(path.read_text())
    placed = place(motion, height=1.9)
    assert said["format"] == "d3p-poses" and said["units"] == "metre" and said["scale"] == placed.scale
    assert said["axes"].startswith("x right, y up") and said["fps"] == "30000/1001"
    assert said["joint_names"] == list(J) and len(said["timestamps"]) == 20
    assert [person["id"] for person in said["people"]] == [1, 3]
    for person, expected, stands in zip(said["people"], placed.positions, placed.contacts, strict=True):
        assert len(person["positions"]) == len(person["provenance"]) == 20
        for frame, (pose, kind) in enumerate(zip(person["positions"], person["provenance"], strict=True)):
            assert (pose is None) == (kind == "missing") == (person["scores"][frame] is None)
            assert person["contacts"][frame] == (None if pose is None else stands[frame].tolist())
            if pose is not None:
                assert np.allclose(pose, expected[frame], atol=1e-5)
                assert np.allclose(person["sigma"][frame], SIGMA * placed.scale, atol=1e-5)
    assert said["people"][0]["provenance"][FILLED] == ["interpolated"] * 2


@pytest.mark.parametrize("name", ["trc", "csv", "json", "c3d"])
def test_a_single_frame_without_sigma(tmp_path: Path, name: str) -> None:
    motion = motion_of([walking(1)])
    motion = replace(motion, people=(replace(motion.people[0], sigma=None),))
    (path,) = export(motion, [name], tmp_path)
    assert path.stat().st_size > 100
    if name == "json":
        assert json.loads(path.read_text())["people"][0]["sigma"] == [None]


def test_json_has_the_pictures_own_poses_in_camera_axes_where_there_are_any(tmp_path: Path) -> None:
    motion = motion_of([walking(4), walking(4, phase=1)])
    poses, scores = motion.people[0].lifted.copy(), np.full((4, 17), 0.5, np.float32)
    poses[2], scores[2] = np.nan, 0
    first = replace(motion.people[0], pose_3d=poses, pose_3d_scores=scores)
    (path,) = export(replace(motion, people=(first, motion.people[1])), ["json"], tmp_path, height=1.9)
    said, other = json.loads(path.read_text())["people"]
    assert "pose_3d" not in other and "pose_3d_scores" not in other
    assert said["pose_3d"][2] is None and said["pose_3d_scores"][2] is None
    for frame in (0, 1, 3):
        assert np.allclose(said["pose_3d"][frame], poses[frame], atol=1e-5)
        assert said["pose_3d_scores"][frame] == [0.5] * 17
