"""Readers and parsers on input that hypothesis makes up: the right result, or the typed error, and nothing else."""

from __future__ import annotations

import contextlib
import json
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.batch.clips import find_clips
from app.media.clock import make_clock
from app.motion import Motion
from demo_videos.truth import load_truth
from estimators import weights
from estimators.checkpoints import read_checkpoint
from estimators.detection.detections import Detections
from estimators.errors import LONGEST, ConfigError, D3PError, DataError, WeightsError
from estimators.files import complete_file
from estimators.gaps import clean
from estimators.lifting.build import LifterCard, check_card
from estimators.observation import Observation, Provenance
from refiner.data.mocap import KEYS, read_mocap
from refiner.training.__main__ import _option
from refiner.training.config import check_config

from .archives import arrays_of, npz
from .material import LIFTER_CARD, motion
from .trainings import CONFIG

pytestmark = pytest.mark.slow

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3), max_leaves=5,
)  # fmt: skip
any_array = hnp.arrays(
    hnp.scalar_dtypes() | hnp.unicode_string_dtypes(max_len=5), hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)
)


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


GOOD: dict[str, Any] = {}


def good_motion(folder: Path) -> dict[str, np.ndarray]:
    if not GOOD:
        GOOD.update(arrays_of(motion().save(folder / "good.npz").read_bytes()))
    return dict(GOOD)


@quick
@given(data=st.data())
def test_a_motion_with_any_array_in_it(folder: Path, data: Any) -> None:
    arrays = good_motion(folder)
    key = data.draw(st.sampled_from(sorted(arrays)))
    arrays[key] = data.draw(any_array)
    with contextlib.suppress(DataError):
        loaded = Motion.load(written(folder, "x.npz", npz(arrays)))
        assert np.isfinite(loaded.people[0].best[loaded.people[0].present]).all()


@quick
@given(data=st.data())
def test_a_motion_with_any_meta(folder: Path, data: Any) -> None:
    arrays = good_motion(folder)
    meta = json.loads(str(arrays["meta"]))
    for key in data.draw(st.sets(st.sampled_from(sorted(meta)), min_size=1, max_size=3)):
        meta[key] = data.draw(json_values)
    arrays["meta"] = np.array(json.dumps(meta))
    with contextlib.suppress(DataError):
        assert Motion.load(written(folder, "x.npz", npz(arrays))).fps > 0


@quick
@given(data=st.binary(max_size=400), flips=st.lists(st.integers(0, 10**6), max_size=8))
def test_any_bytes_for_every_reader(folder: Path, data: bytes, flips: list[int]) -> None:
    good_motion(folder)
    broken = bytearray((folder / "good.npz").read_bytes())
    for flip in flips:
        broken[flip % len(broken)] ^= 1 << flip % 8
    for content in (data, bytes(broken), bytes(broken[: len(data) * 20])):
        path = written(folder, "x.npz", content)
        for read in (Motion.load, load_truth, lambda path: read_mocap(path, "train")):
            with contextlib.suppress(DataError):
                read(path)
        with contextlib.suppress(WeightsError):
            read_checkpoint(path)


@quick
@given(key=st.sampled_from(KEYS), value=any_array)
def test_motion_capture_with_any_array_in_it(folder: Path, key: str, value: np.ndarray) -> None:
    from tests.support.synthetic import write_mocap

    if "mocap" not in GOOD:
        GOOD["mocap"] = None
        write_mocap(folder / "mocap.npz", frames=20)
    arrays = arrays_of((folder / "mocap.npz").read_bytes()) | {key: value}
    with contextlib.suppress(DataError):
        assert all(
            clip.joints.shape[1:] == (17, 3) for clip in read_mocap(written(folder, "y.npz", npz(arrays)), "train")
        )


@quick
@given(
    key=st.sampled_from(sorted(LIFTER_CARD)),
    value=json_values,
    inside=st.sampled_from(["", "type", "channels", "depth"]),
)
def test_a_card_with_any_entry(folder: Path, key: str, value: Any, inside: str) -> None:
    card = json.loads(json.dumps(LIFTER_CARD))
    if inside:
        card["architecture"][inside] = value
    else:
        card[key] = value
    with contextlib.suppress(WeightsError):
        read = weights.read_card(written(folder, "x.json", json.dumps(card).encode()))
        check_card(LifterCard, read, {}, "x")
        raise AssertionError("weights without a number cannot hold a network")


@quick
@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_as_a_card_and_as_weights(folder: Path, text: bytes) -> None:
    from .material import seal

    with contextlib.suppress(WeightsError):
        assert isinstance(weights.read_card(written(folder, "x.json", text)), dict)
    with contextlib.suppress(WeightsError):
        weights.load(seal(folder, "y", text, LIFTER_CARD))


@quick
@given(data=st.data())
def test_detections_of_any_numbers(data: Any) -> None:
    floats = st.floats(width=32)
    points, scores = (
        data.draw(hnp.arrays("f4", (2, 17, 2), elements=floats)),
        data.draw(hnp.arrays("f4", (2, 17), elements=floats)),
    )
    found = Detections.of(points, scores, scores.mean(axis=1))
    assert len(found) == 2 and found.boxes.shape == (2, 4)
    assert not (found.scores < 0).any() and not (found.scores > 1).any()


@quick
@given(data=st.data())
def test_a_track_is_finite_after_cleaning(data: Any) -> None:
    n = data.draw(st.integers(1, 12))
    points = data.draw(hnp.arrays("f4", (n, 17, 2), elements=st.floats(-(2.0**20), 2.0**20, width=32)))
    scores = data.draw(hnp.arrays("f4", (n, 17), elements=st.floats(0, 1, width=32)))
    provenance = data.draw(hnp.arrays("u1", n, elements=st.sampled_from([0, 2])))
    fps = data.draw(st.fractions(1, 240, max_denominator=1001))
    cleaned = clean(Observation(points, scores, provenance, (640, 480), fps))
    present = cleaned.provenance != Provenance.MISSING
    assert np.isfinite(cleaned.keypoints[present]).all() and len(cleaned.provenance) == n


@quick
@given(
    steps=st.lists(st.integers(1, 2**40), max_size=20), origin=st.integers(-(2**40), 2**40),
    base=st.fractions(Fraction(1, 2**31), 10**6, max_denominator=2**31).filter(bool),
    rates=st.lists(st.none() | st.fractions(Fraction(1, 10**9), 2**33, max_denominator=2**33), max_size=3),
    last=st.none() | st.integers(-5, 2**40),
)  # fmt: skip
def test_a_clock_of_any_ticks(
    steps: list[int], origin: int, base: Fraction, rates: list[Any], last: int | None
) -> None:
    ticks = np.cumsum([origin, *steps]).tolist()
    clock = make_clock(ticks, base, rates, last)
    assert clock.fps > 0 and len(clock.timestamps) == len(ticks)
    assert (clock.durations > 0).all() and (np.diff(clock.ticks) > 0).all()


@quick
@given(
    patterns=st.lists(st.text(max_size=20), max_size=3),
    names=st.lists(st.text("ab[]*?!-\\. ", min_size=1, max_size=8), max_size=3),
)
def test_any_patterns_of_a_batch(patterns: list[str], names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        clips = Path(place) / "clips"
        clips.mkdir()
        for name in names:
            (clips / f"{name.strip('. ') or 'x'}.mp4").touch()
        for include, exclude in ((patterns, []), ([], patterns)):
            with contextlib.suppress(ConfigError):
                found = find_clips(clips, Path(place) / "out", include, exclude)
                assert all(clip.path.parent == clips for clip in found.clips)
                assert len(found.clips) + len(found.left_out) == len(list(clips.iterdir()))


@quick
@given(text=st.text(max_size=40))
def test_any_override_of_a_config(text: str) -> None:
    with contextlib.suppress(ConfigError):
        key, _ = _option(text)
        assert "=" in text and isinstance(key, str)


@quick
@given(
    key=st.sampled_from([*CONFIG, "tds_fps", "unknown"]),
    value=json_values,
    inside=st.sampled_from(["", "stages", "strides", "noise", "folds"]),
)
def test_a_config_with_any_entry(key: str, value: Any, inside: str) -> None:
    import ast

    config = {name: ast.literal_eval(text) for name, text in CONFIG.items()}
    if inside:
        config["data"][inside] = value
    else:
        config[key] = value
    with contextlib.suppress(ConfigError):
        check_config(config)
        assert isinstance(config["data"]["stages"][-1][0], int)


@quick
@given(text=st.text(max_size=2000))
def test_an_error_is_one_printable_line(text: str) -> None:
    said = str(D3PError(text))
    assert said.isprintable() and len(said) <= LONGEST


@quick
@given(name=st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=80))
def test_a_file_of_any_name_is_written_whole(name: str) -> None:
    if name in (".", "..") or len(name.encode()) > 255:
        return
    with tempfile.TemporaryDirectory() as place:
        with complete_file(Path(place) / name) as temporary:
            temporary.write_text("x")
        assert [path.name for path in Path(place).iterdir()] == [name]
