import numpy as np
import pytest

from estimators.lifting.windows import Blend, anti_alias, plan_windows


@pytest.mark.parametrize("length", [1, 2, 26, 27, 28, 53, 54, 81, 100, 243, 244])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_every_frame_gets_its_own_output_whatever_the_length(length, stride):
    """A network that passes its input through gives the sequence back: every frame covered, no lag, no stretch."""
    sequence = np.random.default_rng(0).normal(size=(length, 17, 3)).astype(np.float32)
    blend = Blend(length, (17, 3))
    for window in plan_windows(length, 27, stride):
        assert len(window.source) == 27
        blend.add(window, sequence[window.source])
    np.testing.assert_allclose(blend.result(), sequence, atol=1e-5)


def test_tds_reads_every_s_th_frame():
    for window in plan_windows(200, 27, 3):
        assert (np.diff(window.source) == 3).all()


def test_a_short_sequence_is_centred_with_replicated_edges():
    (window,) = plan_windows(5, 9)
    assert window.source.tolist() == [0, 0, 0, 1, 2, 3, 4, 4, 4]
    assert window.inside == slice(2, 7)


def test_no_seam():
    """Each window adds an offset of its own, as a network does that sees another context: steps stay small."""
    length, frames = 400, 81
    rng = np.random.default_rng(1)
    blend, unblended = Blend(length, (1,)), np.zeros((length, 1), np.float32)
    windows = list(plan_windows(length, frames))
    for window in windows:
        offset = np.full((frames, 1), rng.normal(), np.float32)
        blend.add(window, offset)
        unblended[window.target] = offset
    assert np.abs(np.diff(unblended, axis=0)).max() > 0.5  # what a reader of bare windows would see
    assert np.abs(np.diff(blend.result(), axis=0)).max() < 0.15
    second = np.abs(np.diff(blend.result(), n=2, axis=0)).max()
    assert second < 0.02


def test_no_lag():
    """A moving average over the window, blended, peaks where its input peaks."""
    length = 300
    impulse = np.zeros((length, 1), np.float32)
    impulse[137] = 1
    kernel = np.hanning(11)[:, None]
    blend = Blend(length, (1,))
    for window in plan_windows(length, 81):
        blend.add(window, np.apply_along_axis(np.convolve, 0, impulse[window.source], kernel[:, 0], "same"))
    assert blend.result().argmax() == 137


def test_neighbours_overlap_by_half():
    windows = list(plan_windows(1000, 81))
    starts = np.array([window.source[0] for window in windows])
    assert np.diff(starts).max() <= 41
    assert windows[0].source[0] == 0 and windows[-1].source[-1] == 999


@pytest.mark.parametrize("length", [1, 2, 3, 4, 50])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_the_low_pass_keeps_steady_motion_up_to_the_ends(length, stride):
    steady = (np.arange(length)[:, None, None] * np.ones((1, 17, 3)) + 5).astype(np.float32)
    smooth = anti_alias(steady, stride)
    assert smooth.dtype == np.float32
    np.testing.assert_allclose(smooth, steady, atol=1e-4)


def test_the_low_pass_takes_out_what_differs_between_phases():
    """An offset of each phase of three is what folded noise looks like; its mean stays."""
    phases = np.tile(np.float32([0.0, 3.0, -6.0]), 30)[:, None]
    np.testing.assert_allclose(anti_alias(phases, 3)[2:-2], -1.0, atol=1e-5)
    impulse = np.zeros((41, 1), np.float32)
    impulse[20] = 1
    smooth = anti_alias(impulse, 3)
    np.testing.assert_allclose(smooth, smooth[::-1])  # no lag
    assert smooth[18:23, 0] == pytest.approx(np.array([1, 2, 3, 2, 1]) / 9)
    assert anti_alias(impulse, 1) is impulse
