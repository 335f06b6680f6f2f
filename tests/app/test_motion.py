"""Motion: what is saved is what is loaded, and nothing malformed gets in."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from app.motion import Motion, PersonMotion
from estimators.errors import DataError
from estimators.observation import Provenance
from estimators.skeleton import H36M17


def make_person(n: int, person_id: int = 0, missing: slice = slice(0), refined: bool = True) -> PersonMotion:
    rng = np.random.default_rng(person_id)

    def array(*shape: int) -> np.ndarray:
        values = rng.normal(size=(n, *shape)).astype(np.float32)
        values[missing] = np.nan
        return values

    provenance = np.full(n, Provenance.DETECTED, np.uint8)
    provenance[missing] = Provenance.MISSING
    return PersonMotion(
        id=person_id,
        keypoints_2d=array(17, 2),
        scores=np.nan_to_num(array(17)),
        provenance=provenance,
        lifted=array(17, 3),
        root=array(3),
        refined=array(17, 3) if refined else None,
        sigma=array(17) if refined else None,
    )


def make_motion(n: int = 5, people: int = 1, **options: object) -> Motion:
    return Motion(
        people=tuple(make_person(n, person_id, **options) for person_id in range(people)),  # type: ignore[arg-type]
        timestamps=np.arange(n) * 1001 / 30000,
        fps=Fraction(30000, 1001),
        image_size=(1280, 720),
        source={"name": "klip é.mp4", "sha256": "00"},
        camera={"focal_px": 1536.0, "principal_point_px": [640.0, 360.0]},
        models={"detector": {"name": "movenet"}, "lifter": {"name": "x"}, "refiner": None},
        options={"steps": 2},
    )


def test_which_joints_are_believed_is_kept_and_old_files_believe_all(tmp_path: Path) -> None:
    motion = make_motion(5, missing=slice(1, 2))
    assert "person0/believed" not in np.load(motion.save(tmp_path / "old.npz")).files
    old = Motion.load(tmp_path / "old.npz").people[0]
    assert old.believed is None and old.known[[0, 2, 3, 4]].all() and not old.known[1].any()
    believed = old.known.copy()
    believed[3, [6, 3]] = False
    said = replace(motion, people=(replace(motion.people[0], believed=believed),))
    (loaded,) = Motion.load(said.save(tmp_path / "new.npz")).people
    np.testing.assert_array_equal(loaded.known, believed)
    with pytest.raises(DataError, match="believed"):
        replace(motion, people=(replace(motion.people[0], believed=believed.astype(np.uint8)),))


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize("refined", [True, False])
def test_round_trip(tmp_path: Path, people: int, refined: bool) -> None:
    motion = make_motion(7, people, missing=slice(2, 4), refined=refined)
    loaded = Motion.load(motion.save(tmp_path / "new" / "motion.npz"))
    assert loaded.meta == motion.meta
    assert loaded.fps == Fraction(30000, 1001) and len(loaded) == 7
    assert loaded.skeleton is H36M17
    np.testing.assert_array_equal(loaded.timestamps, motion.timestamps)
    for one, two in zip(loaded.people, motion.people, strict=True):
        for name in ("keypoints_2d", "scores", "provenance", "lifted", "refined", "root", "sigma"):
            if getattr(two, name) is None:
                assert getattr(one, name) is None
            else:
                np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_file_needs_no_pickle_and_describes_itself(tmp_path: Path) -> None:
    make_motion(5).save(tmp_path / "motion.npz")
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as stored:
        assert stored["person0/refined"].shape == (5, 17, 3)
        meta = json.loads(str(stored["meta"]))
    assert meta["frames"] == len(meta["timestamps"]) == 5
    assert meta["fps"] == "30000/1001"
    assert meta["joint_names"][0] == "hip" and meta["parents"][0] == -1
    assert [path.name for path in tmp_path.iterdir()] == ["motion.npz"]


def seldom_looked_at() -> Motion:
    """Frames 0, 4, 8, 12 and the last were looked at; in 8 nobody was seen."""
    person = make_person(15)
    person.provenance[[1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13]] = Provenance.INTERPOLATED
    looked = np.isin(np.arange(15), [0, 4, 8, 12, 14])
    return replace(make_motion(15), people=(person,), options={"looks": 8}, looked=looked)


def test_frames_that_were_not_looked_at_are_shown_like_their_neighbours() -> None:
    motion = seldom_looked_at()
    (person,) = motion.people
    shown = motion.shown_provenance(person)
    assert np.flatnonzero(shown == Provenance.INTERPOLATED).tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert motion.shown_counts(person) == {"detected": 8, "interpolated": 7, "missing": 0}
    assert person.counts() == {"detected": 4, "interpolated": 11, "missing": 0}  # as the files have it
    for looked in (None, np.ones(15, bool)):  # the option is not what counts
        assert np.array_equal(replace(motion, looked=looked).shown_provenance(person), person.provenance)


def without_looked(path: Path, options: dict[str, object]) -> Path:
    """The file as earlier versions have written it."""
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored if key != "looked"}
    arrays["meta"] = np.array(json.dumps(json.loads(str(arrays["meta"])) | {"options": options}))
    np.savez(path, **arrays)
    return path


def test_what_was_looked_at_is_kept_and_found_out_for_old_files(tmp_path: Path) -> None:
    motion = seldom_looked_at()
    path = motion.save(tmp_path / "motion.npz")
    assert np.array_equal(Motion.load(path).looked, motion.looked)
    old = Motion.load(without_looked(path, {"looks": 8}))  # 30 frames a second: every fourth, and the last
    assert np.array_equal(old.looked, motion.looked)
    for looks in (0, None, "8", -1, 2.5, 10**400):  # a file may say anything
        assert np.all(Motion.load(without_looked(path, {"looks": looks})).looked)
    fast = replace(motion, fps=Fraction(10**30)).save(path)
    assert np.all(Motion.load(without_looked(fast, {"looks": 1})).looked)


def test_an_old_file_of_people_who_were_found_in_every_frame_says_so_itself(tmp_path: Path) -> None:
    person = make_person(12)
    person.provenance[[3, 8]] = Provenance.INTERPOLATED  # detected between the looks: all frames were looked at
    path = replace(make_motion(12), people=(person,)).save(tmp_path / "motion.npz")
    motion = Motion.load(without_looked(path, {"looks": 8}))
    assert motion.looked is not None and motion.looked.all()
    assert np.flatnonzero(motion.shown_provenance(motion.people[0]) == Provenance.INTERPOLATED).tolist() == [3, 8]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_motion(5).save(tmp_path / "motion.npz")
    before = path.read_bytes()

    def half_written(file: BinaryIO, **arrays: np.ndarray) -> None:
        file.write(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", half_written)
    with pytest.raises(KeyboardInterrupt):
        make_motion(9).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["motion.npz"]


def test_people_are_found_by_id_whatever_their_place(tmp_path: Path) -> None:
    """Ids are not places: somebody who was left out leaves a gap between them."""
    first, second = make_motion(6, 2).people
    motion = replace(make_motion(6, 2), people=(replace(first, id=7), replace(second, id=3)))
    loaded = Motion.load(motion.save(tmp_path / "motion.npz"))
    arrays = np.load(tmp_path / "motion.npz", allow_pickle=False)
    meta = json.loads(str(arrays["meta"]))
    assert meta["people"] == [7, 3]
    for person_id, person in ((7, first), (3, second)):
        place = meta["people"].index(person_id)  # as the module's docstring has it, for readers without this package
        assert int(arrays[f"person{place}/id"]) == person_id
        for found in (arrays[f"person{place}/lifted"], loaded.person(person_id).lifted):
            np.testing.assert_array_equal(found, person.lifted)


def test_counts_and_lookup() -> None:
    motion = make_motion(10, 2, missing=slice(0, 4))
    assert motion.person(1).counts() == {"detected": 6, "interpolated": 0, "missing": 4}
    with pytest.raises(DataError, match="No person 7"):
        motion.person(7)


@pytest.mark.parametrize(
    "change",
    [
        {"lifted": np.zeros((4, 17, 3), np.float32)},
        {"lifted": np.zeros((5, 17, 3), np.float64)},
        {"lifted": np.full((5, 17, 3), np.nan, np.float32)},
        {"provenance": np.full(5, 9, np.uint8)},
        {"provenance": np.zeros(5, np.uint8)},  # says missing, yet there are poses
        {"root": None},
    ],
)
def test_contradictions_are_refused(change: dict[str, np.ndarray]) -> None:
    motion = make_motion(5)
    with pytest.raises(DataError):
        replace(motion, people=(replace(motion.people[0], **change),))


def test_bad_clocks_and_people_are_refused() -> None:
    motion = make_motion(5)
    for change in (
        {"timestamps": np.array([0.0, 0.1, 0.1, 0.2, 0.3])},
        {"timestamps": np.empty(0)},
        {"people": ()},
        {"people": (motion.people[0], motion.people[0])},
        {"fps": Fraction(0)},
        {"image_size": (0, 10)},
        {"looked": np.ones(4, bool)},
        {"looked": np.ones(5, np.uint8)},
    ):
        with pytest.raises(DataError):
            replace(motion, **change)


def test_files_that_are_no_motion(tmp_path: Path) -> None:
    missing = tmp_path / "none.npz"
    text = tmp_path / "text.npz"
    text.write_text("hello")
    empty = tmp_path / "empty.npz"
    empty.touch()
    other = tmp_path / "other.npz"
    np.savez(other, a=np.zeros(3))
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, meta=np.array([{"a": 1}], dtype=object))
    array = tmp_path / "array.npz"
    with array.open("wb") as file:
        np.save(file, np.zeros(3))
    whole = make_motion(5).save(tmp_path / "whole.npz")
    cut = tmp_path / "cut.npz"
    cut.write_bytes(whole.read_bytes()[:-200])
    for path in (missing, text, empty, other, pickled, array, cut):
        with pytest.raises(DataError, match=path.stem):
            Motion.load(path)


@pytest.mark.parametrize(
    ("refiner", "expected"),
    [({"sigma_95": 2.5}, 2.5), ({"sigma_95": "wide"}, 1.96), ({"name": "x"}, 1.96), (None, 1.96), (3, 1.96)],
)
def test_how_many_sigmas_cover_95_percent(refiner: object, expected: float) -> None:
    assert replace(make_motion(), models={"refiner": refiner}).sigma_95 == expected


def test_a_motion_is_written_under_any_name(tmp_path: Path) -> None:
    motion = make_motion()
    for name in ("plain", "m.dat", "motion.npz"):
        assert Motion.load(motion.save(tmp_path / name)).meta == motion.meta
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.dat", "motion.npz", "plain"]


def with_picture_pose(person: PersonMotion, missing: slice = slice(0)) -> PersonMotion:
    """Somebody of whom the picture itself gives a pose, but for some frames."""
    poses, scores = 0.5 * person.lifted, np.full((len(person.lifted), 17), 0.75, np.float32)
    poses[missing], scores[missing] = np.nan, 0
    return replace(person, pose_3d=poses, pose_3d_scores=scores)


def test_the_pictures_own_pose_is_kept_and_old_files_have_none(tmp_path: Path) -> None:
    motion = make_motion(5)
    assert not [name for name in np.load(motion.save(tmp_path / "old.npz")).files if "pose_3d" in name]
    assert Motion.load(tmp_path / "old.npz").people[0].pose_3d is None
    person = with_picture_pose(motion.people[0], slice(3, 4))
    loaded = Motion.load(replace(motion, people=(person,)).save(tmp_path / "new.npz"))
    np.testing.assert_array_equal(loaded.people[0].pose_3d, person.pose_3d)
    np.testing.assert_array_equal(loaded.people[0].pose_3d_scores, person.pose_3d_scores)
    seen = loaded.observed(loaded.people[0])
    assert seen.present_3d.tolist() == [True, True, True, False, True] and seen.focal == 1536.0
    assert loaded.meta["units"]["pose_3d"] == "metre"


@pytest.mark.parametrize(
    "change",
    [
        {"pose_3d": None},
        {"pose_3d_scores": None},
        {"pose_3d": np.zeros((5, 17, 2), np.float32)},
        {"pose_3d": np.zeros((5, 17, 3))},
        {"pose_3d": np.where(np.arange(17)[:, None] == 3, np.float32(np.nan), np.zeros((5, 17, 3), np.float32))},
        {"pose_3d": np.full((5, 17, 3), np.inf, np.float32)},
        {"pose_3d_scores": np.full((5, 17), 1.5, np.float32)},
        {"pose_3d_scores": np.full((5, 17), np.nan, np.float32)},
        {"pose_3d": np.full((5, 17, 3), np.nan, np.float32)},  # of which somebody is sure
    ],
)
def test_a_picture_pose_that_contradicts_itself_is_refused(change: dict[str, np.ndarray]) -> None:
    motion = make_motion(5)
    person = with_picture_pose(motion.people[0])
    replace(motion, people=(person,))
    with pytest.raises(DataError):
        replace(motion, people=(replace(person, **change),))


def test_a_picture_pose_of_nobody_is_refused() -> None:
    motion = make_motion(5, missing=slice(1, 2))
    with pytest.raises(DataError, match="pose_3d"):
        person = with_picture_pose(motion.people[0])
        replace(motion, people=(replace(person, pose_3d=np.nan_to_num(person.pose_3d)),))
