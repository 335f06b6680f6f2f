"""Joints that the picture does not show, in every format: marked, with neutral legs where a file needs them."""

from __future__ import annotations

import csv
import json
import struct
from dataclasses import replace
from pathlib import Path

import ezc3d
import numpy as np
import pytest

from app.export import export
from app.motion import Motion
from app.picture.scene import Scene
from app.quality.measures import guesses, quality
from app.world.placing import place
from tests.support.motions import J, motion_of, walking

N = 30
LEGS = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "foot")]


def cut_off(since: int = 0) -> Motion:
    """Somebody whose legs are below the picture from a frame on: what the lifter invents there is short and bent."""
    motion = motion_of([walking(N)])
    (person,) = motion.people
    believed = np.ones((N, 17), bool)
    believed[since:, LEGS] = False
    refined = person.best.copy()
    refined[since:, LEGS] = refined[since:, LEGS] * np.float32(0.4) + np.float32([0.1, 0, 0.2])
    return replace(motion, people=(replace(person, refined=refined, believed=believed),))


def test_neutral_legs_stand_on_the_floor() -> None:
    motion = cut_off()
    placed = place(motion)
    (body,), (contacts,) = placed.positions, placed.contacts
    left, right = (body[:, [J[f"{side}_{joint}"] for joint in ("hip", "knee", "foot")]] for side in ("left", "right"))
    for leg in (left, right):
        np.testing.assert_allclose(leg[:, 1:, [0, 2]], leg[:, [0, 0]][..., [0, 2]], atol=1e-6)  # straight down
    bones = [np.linalg.norm(np.diff(leg, axis=1), axis=-1) for leg in (left, right)]
    np.testing.assert_allclose(bones[0], bones[1], atol=1e-6)
    assert bones[0].min() > 0.36 and bones[0].max() < 0.48
    assert not contacts.any()
    lowest = body[:, [J["left_foot"], J["right_foot"]], 1].min(axis=1)
    assert lowest.min() > -0.03 and lowest.max() < 0.15
    kept = place(motion, "camera").positions[0]
    given = place(replace(motion, people=(replace(motion.people[0], believed=None),)), "camera").positions[0]
    others = np.setdiff1d(np.arange(17), LEGS)
    np.testing.assert_allclose(kept[:, others], given[:, others], atol=1e-6)


def test_height_is_that_of_the_neutral_body_not_of_the_invented_legs() -> None:
    whole, cut = place(motion_of([walking(N)]), height=1.8), place(cut_off(), height=1.8)
    trunk = [
        np.linalg.norm(one.positions[0][:, J["thorax"]] - one.positions[0][:, J["hip"]], axis=-1).mean()
        for one in (whole, cut)
    ]
    assert trunk[1] == pytest.approx(trunk[0], rel=0.06)


def test_a_motion_whose_joints_are_all_believed_is_exported_as_one_that_does_not_say(tmp_path: Path) -> None:
    motion = motion_of([walking(N)], missing=slice(4, 8))
    (person,) = motion.people
    said = replace(motion, people=(replace(person, believed=person.known),))
    for one, other in zip(place(motion, "camera").positions, place(said, "camera").positions, strict=True):
        np.testing.assert_array_equal(one, other)
    assert quality(motion) == quality(said) and guesses(said) == []


def test_c3d_and_trc_leave_them_out(tmp_path: Path) -> None:
    c3d, trc = export(cut_off(since=20), ["c3d", "trc"], tmp_path)
    file = ezc3d.c3d(str(c3d))
    residuals = file["data"]["meta_points"]["residuals"][0].T  # (N,17)
    masks = file["data"]["meta_points"]["camera_masks"][:, :, :].any(axis=0).T
    gone = np.zeros((N, 17), bool)
    gone[20:, LEGS] = True
    assert (residuals[gone] == -1).all() and (residuals[~gone] == 1).all()
    assert not masks[gone].any() and masks[~gone].all()
    rows = [line.split("\t")[2:] for line in trc.read_text().splitlines()[5:]]
    empty = np.array([[field in ("", "nan", "NaN") for field in row[: 3 * 17]] for row in rows]).reshape(N, 17, 3)
    np.testing.assert_array_equal(empty.all(axis=2), gone)


def test_csv_and_json_say_so(tmp_path: Path) -> None:
    table, document = export(cut_off(since=20), ["csv", "json"], tmp_path)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["left_knee_believed"] for row in rows] == ["1"] * 20 + ["0"] * 10
    assert {row["head_believed"] for row in rows} == {"1"}
    assert all(row["left_contact"] in ("0", "1") for row in rows[:20]) and {
        row["left_contact"] for row in rows[20:]
    } == {""}
    (person,) = json.loads(document.read_text())["people"]
    believed = np.array(person["believed"])
    assert believed[:20].all() and not believed[20:, LEGS].any() and believed[20:].sum() == 10 * 13
    assert person["contacts"][25] == [None, None] and None not in person["contacts"][5]


def test_bvh_and_glb_list_them(tmp_path: Path) -> None:
    bvh, sidecar, glb = export(cut_off(since=20), ["bvh", "glb"], tmp_path)
    wanted = {name: [[20, N - 1]] for name in ("left_knee", "right_knee", "left_foot", "right_foot")}
    assert json.loads(sidecar.read_text())["not_believed"] == wanted
    data = glb.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    nodes = json.loads(data[20 : 20 + length])["nodes"]
    (extras,) = [node["extras"] for node in nodes if "extras" in node]
    assert extras["not_believed"] == wanted
    lines = bvh.read_text().splitlines()
    shins = [
        lines[at + 2].split()[2]
        for at, line in enumerate(lines)
        if line.strip() in ("JOINT left_foot", "JOINT right_foot")
    ]
    assert len(shins) == 2 and float(shins[0]) == pytest.approx(float(shins[1]), abs=0.01)


def test_quality_measures_what_is_believed() -> None:
    motion = cut_off()
    (entry,) = quality(motion)["people"]
    assert entry["not_believed_percent"] == dict.fromkeys(("right_knee", "right_foot", "left_knee", "left_foot"), 100.0)
    assert entry["standing_percent"] == {"left_foot": None, "right_foot": None}
    refined = entry["refined"]
    assert refined["bone_length_m"]["right_hip-right_knee"] is None and refined["foot_sliding"] is None
    assert refined["left_right_asymmetry"] < 1 and refined["bone_length_variation"] < 1
    assert refined["reprojection_error"] is not None and refined["reprojection_error"] < 3
    (sentence,) = guesses(motion)
    assert "left foot" in sentence and "100 %" in sentence


def test_the_pictures_stage_shows_the_neutral_legs() -> None:
    scene = Scene(cut_off())
    assert scene.refined is not None
    feet = scene.refined[0][:, [J["left_foot"], J["right_foot"]]]
    hips = scene.refined[0][:, [J["left_hip"], J["right_hip"]]]
    np.testing.assert_allclose(feet[..., [0, 2]], hips[..., [0, 2]], atol=1e-6)
