"""The tracker on real video, with the bundled detector. Skipped where the clips are not at hand."""

from itertools import islice

import av
import numpy as np
import pytest

from estimators.detection import Detector
from estimators.observation import Observation, Provenance
from estimators.tracking.select import select_people
from estimators.tracking.tracker import track_people
from tests.support.paths import SHARED

CLIPS = SHARED / "data" / "clips"


def clip(name: str, every: int = 1) -> tuple[list[Observation], int]:
    """Tracks of a real clip, of which one frame in `every` is taken, by the bundled detector; number of frames."""
    path = CLIPS / f"{name}.mp4"
    if not path.is_file():
        pytest.skip("the real clips lie outside the repository")
    count = 0

    def frames(container):
        nonlocal count
        for frame in islice(container.decode(video=0), 0, None, every):
            count += 1
            yield frame.to_ndarray(format="bgr24")

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps, size = stream.average_rate / every, (stream.width, stream.height)
        return track_people(frames(container), Detector(), fps, size), count


@pytest.mark.slow
def test_real_walk_past_a_man_on_a_roof():
    tracks, count = clip("walking_real", every=3)
    (woman,) = select_people(tracks, "largest")
    # The man may be lost in his somersault at 10 frames a second, but never is he two people at once.
    others = [track.provenance != Provenance.MISSING for track in select_people(tracks, "all") if track is not woman]
    assert others and np.sum(others, axis=0).max() == 1
    assert np.any(others, axis=0)[:50].all()
    assert count == len(woman.provenance) == 77
    detected = woman.provenance == Provenance.DETECTED
    # In view in frames 38 to 198 of the video; half of her behind a tree just before, half out of it just after.
    assert detected[13:67].all()
    assert not detected[:12].any() and not detected[67:].any()
    centre = np.nanmean(woman.keypoints[17:63], axis=1)
    assert np.all(centre[:, 1] > 600) and np.all(np.abs(np.diff(centre[:, 0])) < 60) and centre[-1, 0] < 200


@pytest.mark.slow
def test_real_two_people_and_a_bystander():
    tracks, count = clip("two_people_real", every=4)
    # Two act, and overlap from frame 30 on. A third, small, stands at the left edge throughout.
    assert len(select_people(tracks, "all")) == len(tracks) == 3
    for track in tracks:
        assert len(track.provenance) == count == 25
        assert np.all(track.provenance == Provenance.DETECTED)
    bystander, swimmer, helper = sorted(tracks, key=lambda track: track.keypoints[0, :, 0].mean())
    assert select_people(tracks, "largest") == [helper]
    middles = [np.median(track.keypoints, axis=1) for track in (bystander, swimmer, helper)]
    assert np.ptp(middles[0], axis=0).max() < 10
    # The helper, nearer to the camera, stays to the right of and below the other; neither jumps.
    assert np.all(middles[2] > middles[1])
    # Nobody's joints jump: at most a fifth of the body from frame to frame, at 15 a second.
    steps = [np.nanmedian(np.linalg.norm(np.diff(t.keypoints, axis=0), axis=-1), axis=1) for t in (swimmer, helper)]
    assert max(step.max() for step in steps) < 70
