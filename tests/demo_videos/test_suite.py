"""The rendered benchmark's shots: drawn from a seed, with flaws that are what they say."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from demo_videos import suite
from demo_videos.flaws import CLEAN, Flaws, Occluder
from demo_videos.motion import Motion17, motions_of
from demo_videos.render import SUBFRAMES, ground_truth, pictures, render_shot, stage
from demo_videos.renderer import create_context
from demo_videos.suite import draw_shot
from demo_videos.truth import load_truth
from estimators.errors import ConfigError
from tests.support.exercise import exercise, write_exercise


def motion(text: str, seconds: float = 6.0, name: str = "clip") -> Motion17:
    repeats = int(seconds * 50 / 60) + 1
    joints = np.concatenate([exercise()] * repeats)[: int(seconds * 50)]
    return Motion17(f"{name}-{text}", "somebody", "test", text, "CMU", joints, 50.0)


MOTIONS = [
    motion("walk"),
    motion("walk", name="other"),
    motion("dance - slow"),
    motion("dance - fast"),
    motion("run", 1),
]


def test_a_seed_gives_the_same_shots_again_and_another_seed_others():
    first, again = ([draw_shot(MOTIONS, 0, i) for i in range(24)] for _ in range(2))
    assert first == again
    assert len({shot.name for shot in first}) == 24
    other = [draw_shot(MOTIONS, 1, i) for i in range(24)]
    assert not {shot.view for shot in first} & {shot.view for shot in other}


@pytest.mark.parametrize(
    ("licence", "source", "told"),
    [
        ("PDDL", "a lab", "Motion: a lab, licence PDDL."),
        ("MIT", "a lab", "Motion: a lab, licence MIT."),
        ("CMU", "a copy of it", "The data used in this project was obtained from mocap.cs.cmu.edu. "),
        (None, None, "Motion: source not told by the file, licence not told by the file."),
    ],
)
def test_clips_say_the_licence_of_their_motion_whatever_its_name(tmp_path, licence, source, told):
    write_exercise(tmp_path / "mocap.npz", exercise(200))
    with np.load(tmp_path / "mocap.npz") as stored:
        arrays = {key: stored[key] for key in stored if key != "licence"}
    if licence:
        arrays |= {"licence": np.array(["?", licence]), "source": np.array(["?", source])}
    np.savez(tmp_path / "mocap.npz", **arrays)
    (found,) = motions_of(tmp_path / "mocap.npz", "split1")
    shot = replace(draw_shot([found], 0, 0), seconds=0.5, fps=Fraction(25))
    mesh, moved = ground_truth(stage(shot, found), found).meta["licences"]
    assert "CC0" in mesh and moved.startswith(told)


def test_shots_differ_in_everything_and_stay_within_their_motion():
    shots = [draw_shot(MOTIONS, 0, i) for i in range(60)]
    for what in (
        lambda s: s.shape,
        lambda s: s.room.name,
        lambda s: s.size,
        lambda s: s.fps,
        lambda s: s.outfit.hairdo,
    ):
        assert len({what(shot) for shot in shots}) > 2
    activities = [shot.motion.split("-")[1].strip() for shot in shots]
    assert 18 < activities.count("walk") < 42  # two kinds of motion, alike often, however many clips each has
    assert "run" not in activities  # a second is too short
    for shot in shots:
        assert shot.start_s > 0 and shot.start_s + shot.seconds < 299 / 50
        assert shot.seconds * shot.fps <= suite.FRAMES + 1e-6


def test_every_fourth_shot_is_clean():
    shots = [draw_shot(MOTIONS, 0, i) for i in range(40)]
    for shot in shots[::4]:
        assert not shot.flaws.names() and not shot.occluders and shot.view.fill < 1
    flawed = [name for shot in shots for name in shot.flaws.names()]
    assert set(flawed) == {"dark", "grain", "defocus", "motion blur", "compression"}
    assert any(shot.occluders for shot in shots) and any(shot.view.fill > 1 for shot in shots)


def test_flaws_do_what_they_say():
    rng = np.random.default_rng(0)
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 180
    assert CLEAN.apply(picture, rng) is picture and CLEAN.names() == []
    dark = Flaws(light=0.25).apply(picture, rng)
    assert dark[:, 40:].mean() == pytest.approx(180 * 0.25 ** (1 / 2.2), abs=1)
    soft = Flaws(defocus_px=2).apply(picture, rng).astype(int)
    assert np.abs(np.diff(soft[32, :, 0])).max() < 60 < np.abs(np.diff(picture[32, :, 0].astype(int))).max()
    assert Flaws(grain=8).apply(picture, rng)[:, 40:].std() == pytest.approx(8, rel=0.1)


def test_what_stands_in_front_stands_between_the_person_and_the_camera():
    shot = replace(draw_shot(MOTIONS, 0, 4), occluders=(Occluder(0.6, 0.8),))
    staged = stage(shot, next(m for m in MOTIONS if m.name == shot.motion))
    assert len(staged.room.boxes) == len(shot.room.boxes) + 1
    box = staged.room.boxes[-1]
    cos, sin = np.cos(staged.yaw), np.sin(staged.yaw)
    place = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) @ box.centre + staged.origin
    assert place[1] == pytest.approx(0.4)
    depth = staged.camera.to_camera(place)[2]
    person = staged.camera.to_camera(staged.pose.positions)[..., 2]
    assert 0.3 * np.median(person) < depth < person.min()
    near = replace(staged.camera, translation=staged.camera.translation - [0, 0, person.min() - 0.5])
    assert Occluder(0.6, 0.8).place(staged.pose.positions, near, staged.origin, staged.yaw) is None


@pytest.mark.slow
def test_a_flawed_shot_is_rendered_with_its_truth(tmp_path):
    try:
        create_context().release()
    except ConfigError as error:
        pytest.skip(str(error))
    flaws = Flaws(light=0.4, grain=6, defocus_px=1, open_shutter=True, crf=35)
    shot = replace(draw_shot(MOTIONS, 0, 4), size=(120, 90), fps=Fraction(25), seconds=0.2, flaws=flaws)
    moving = next(m for m in MOTIONS if m.name == shot.motion)
    staged = stage(shot, moving)
    assert len(staged.exposures) == SUBFRAMES * len(staged.pose) == SUBFRAMES * 5
    np.testing.assert_allclose(staged.pose.positions[1], staged.exposures.positions[SUBFRAMES + 1])
    one, again = (next(iter(pictures(staged))) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    video, _ = render_shot(shot, moving, tmp_path)
    truth = load_truth(video.with_suffix(".npz"))
    assert truth.meta["flaws"]["open_shutter"] and not truth.meta["view"]["occluded"]
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(truth) == 5


def test_a_shot_may_be_shorter():
    long, short = draw_shot(MOTIONS, 0, 3), draw_shot(MOTIONS, 0, 3, frames=24)
    assert short.seconds == pytest.approx(24 / float(short.fps)) and short.seconds < long.seconds
    assert (short.motion, short.view, short.outfit) == (long.motion, long.view, long.outfit)


def test_a_clip_of_no_frames_is_refused(capsys):
    with pytest.raises(SystemExit):
        suite.main(["--mocap", "mocap.npz", "--out", "suite", "--frames", "0"])
    assert "at least 1" in capsys.readouterr().err


def test_the_command_fails_in_one_sentence(tmp_path, capsys):
    assert suite.main(["--mocap", str(tmp_path / "none.npz"), "--out", str(tmp_path / "suite")]) == 2
    assert "no motion-capture file" in capsys.readouterr().err
