"""Decoding and encoding of every awkward kind of video; what comes out is compared with what was drawn."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.media.orientation import orient
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter
from estimators.errors import ConfigError, VideoError
from tests.support.video_files import decode, numbered, read_number, set_display_matrix, write_sound, write_video


def copy(source: Path, target: Path) -> VideoReader:
    """Decode and encode again, as the side-by-side video is made: clock from one pass, pictures from the next."""
    reader = VideoReader(source)
    for _ in reader:
        pass
    width, height = probe(source).size
    with VideoWriter(target, (width // 2 * 2, height // 2 * 2), reader.clock()) as writer:
        for picture in VideoReader(source):
            writer.write(picture[: height // 2 * 2, : width // 2 * 2])
    return reader


RATES = [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60), Fraction(15, 2), Fraction(1000, 33)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi"])
def test_rate_count_and_order_survive(tmp_path: Path, rate: Fraction, suffix: str) -> None:
    source = write_video(tmp_path / f"clip{suffix}", n=40, rate=rate)
    info = probe(source)
    assert info.fps == rate
    assert info.clock.constant and len(info.clock.ticks) == 40
    reader = copy(source, tmp_path / "out.mp4")
    np.testing.assert_allclose(reader.clock().timestamps, np.arange(40) / float(rate), atol=1e-9)
    assert not reader.warnings()
    pictures, times, out_rate = decode(tmp_path / "out.mp4")
    assert [read_number(picture) for picture in pictures] == list(range(40))
    assert out_rate == rate
    np.testing.assert_allclose(times, np.arange(40) / float(rate), atol=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_rate_keeps_every_time(tmp_path: Path, suffix: str) -> None:
    times_ms = [0, 33, 66, 100, 300, 333, 366, 1000, 1017, 1034, 1051, 2000]
    source = write_video(tmp_path / f"vfr{suffix}", n=12, times_ms=times_ms, b_frames=0)
    _, in_times, in_rate = decode(source)
    reader = copy(source, tmp_path / "out.mp4")
    assert not reader.clock().constant
    np.testing.assert_allclose(reader.clock().timestamps, np.array(times_ms) / 1000, atol=1e-9)
    pictures, out_times, out_rate = decode(tmp_path / "out.mp4")
    assert [read_number(picture) for picture in pictures] == list(range(12))
    np.testing.assert_allclose(np.array(out_times) - out_times[0], np.array(in_times) - in_times[0], atol=1e-6)
    assert out_rate == pytest.approx(12 / reader.clock().seconds)  # what containers state: the average
    if suffix == ".mp4":  # Matroska states no true average
        assert out_rate == in_rate


def test_streams_without_times_are_even(tmp_path: Path) -> None:
    source = write_video(tmp_path / "raw.h264", n=30, rate=25)
    reader = copy(source, tmp_path / "out.mp4")
    np.testing.assert_allclose(reader.clock().timestamps, np.arange(30) / 25, atol=1e-9)
    assert [read_number(picture) for picture in decode(tmp_path / "out.mp4")[0]] == list(range(30))


def test_times_start_at_the_first_frame(tmp_path: Path) -> None:
    source = write_video(tmp_path / "late.mkv", n=5, times_ms=[5000, 5100, 5250, 5300, 5400])
    reader = VideoReader(source)
    assert len(list(reader)) == 5
    np.testing.assert_allclose(reader.clock().timestamps, [0, 0.1, 0.25, 0.3, 0.4], atol=1e-9)


# What a phone writes for each way it is held, and what its picture must be turned by to stand upright.
MATRICES = {
    "90 clockwise": ((0, 1, -1, 0), lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE)),
    "180": ((-1, 0, 0, -1), lambda picture: cv2.rotate(picture, cv2.ROTATE_180)),
    "90 counterclockwise": ((0, -1, 1, 0), lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE)),
    "mirrored": ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),
    "upside down mirrored": ((1, 0, 0, -1), lambda picture: picture[::-1]),
    "transposed": ((0, 1, 1, 0), lambda picture: picture.transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_rotation_tag(tmp_path: Path, name: str) -> None:
    matrix, upright = MATRICES[name]
    source = set_display_matrix(write_video(tmp_path / "phone.mp4", n=3, size=(96, 64)), matrix)
    expected = upright(numbered(2))
    assert probe(source).size == (expected.shape[1], expected.shape[0])
    pictures = list(VideoReader(source))
    assert pictures[2].shape == expected.shape
    assert np.abs(pictures[2].astype(int) - expected).mean() < 12  # one of the other orientations differs by > 50
    with av.open(str(source)) as container:  # the same angle as FFmpeg's own reading of the tag
        frame = next(container.decode(video=0))
        if name in ("90 clockwise", "90 counterclockwise"):
            assert frame.rotation == {"90 clockwise": -90, "90 counterclockwise": 90}[name]


def test_orient_rounds_odd_angles() -> None:
    picture = numbered(5)
    nearly_upright = np.array([65000, 3000, 0, -3000, 65000, 0, 0, 0, 1 << 30], np.int32)
    np.testing.assert_array_equal(orient(picture, nearly_upright), picture)


def test_odd_sizes(tmp_path: Path) -> None:
    source = write_video(tmp_path / "odd.mp4", n=4, size=(97, 63), pix_fmt="yuv444p")
    assert probe(source).size == (97, 63)
    pictures = list(VideoReader(source))
    assert [read_number(picture) for picture in pictures] == [0, 1, 2, 3]
    assert np.abs(pictures[3][:, -1].astype(int) - numbered(3, 97, 63)[:, -1]).mean() < 25  # the last column is there
    copy(source, tmp_path / "out.mp4")
    assert decode(tmp_path / "out.mp4")[0][0].shape == (62, 96, 3)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    source = write_video(tmp_path / "dv.mp4", n=2, size=(72, 64), aspect=Fraction(4, 3))
    assert probe(source).size == (96, 64)
    assert next(iter(VideoReader(source))).shape == (64, 96, 3)


def test_one_frame(tmp_path: Path) -> None:
    source = write_video(tmp_path / "one.mp4", n=1, rate=25)
    reader = copy(source, tmp_path / "out.mp4")
    assert len(reader.ticks) == 1 and reader.clock().fps == 25
    pictures, _, rate = decode(tmp_path / "out.mp4")
    assert len(pictures) == 1 and rate == 25


def test_sound_beside_the_pictures_does_not_matter(tmp_path: Path) -> None:
    source = write_video(tmp_path / "both.mp4", n=10, audio=True)
    assert probe(source).fps == 30
    assert len(list(VideoReader(source))) == 10


def test_truncated_with_index_in_front_uses_what_there_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(60)]
    whole = write_video(tmp_path / "whole.mp4", pictures=noise, movflags="+faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    probe(cut)
    reader = VideoReader(cut)
    n = len(list(reader))
    assert 20 <= n <= 40
    assert any("truncated" in warning and "2.00 s" in warning for warning in reader.warnings())
    assert len(list(VideoReader(cut))) == n  # the second pass sees the same frames
    assert len(reader.clock().ticks) == n and reader.clock().fps == 30


def remuxed(source: Path, target: Path, shift: Fraction | int = 0, without: int = 0, **options: str) -> Path:
    """All but the first packets of `source`, `shift` seconds later (earlier: an edit list hides what is before 0)."""
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        packets = [packet for packet in read.demux(stream) if packet.size]
        for packet in packets[without:]:
            assert packet.pts is not None and packet.dts is not None
            ticks = round(shift / Fraction(packet.time_base.numerator, packet.time_base.denominator))
            packet.pts, packet.dts, packet.stream = packet.pts + ticks, packet.dts + ticks, copy
            written.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("shift", [Fraction(3, 2), 5])
def test_pictures_that_begin_late_do_not_end_early(tmp_path: Path, suffix: str, shift: Fraction) -> None:
    reader = VideoReader(remuxed(write_video(tmp_path / "a.mp4", n=100, rate=25), tmp_path / f"late{suffix}", shift))
    assert len(list(reader)) == 100 and reader.warnings() == []


def test_what_an_edit_list_hides_is_not_missed(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", n=100, rate=25)
    reader = VideoReader(remuxed(whole, tmp_path / "cut.mp4", -1, avoid_negative_ts="disabled"))
    assert [read_number(picture) for picture in reader] == list(range(25, 100)) and reader.warnings() == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_start_that_cannot_be_decoded_is_called_a_start(tmp_path: Path, suffix: str) -> None:
    """As of a broadcast, or of a cut that did not begin at a picture that stands for itself."""
    whole = tmp_path / "a.mp4"
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "20", "sc_threshold": "0", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(100):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(index), format="bgr24")))
        container.mux(stream.encode(None))
    reader = VideoReader(remuxed(whole, tmp_path / f"cut{suffix}", without=10))
    assert [read_number(picture) for picture in reader] == list(range(20, 100))
    (warning,) = reader.warnings()
    assert "cut off at its start: its first 0.40 s" in warning and "80 frames" in warning


def test_damage_in_the_middle_is_skipped_with_a_warning(tmp_path: Path) -> None:
    source = write_video(tmp_path / "clip.mkv", n=60, codec="mpeg4")
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    source.write_bytes(data)
    reader = VideoReader(source)
    n = len(list(reader))
    assert 10 <= n <= 60 and len(reader.clock().timestamps) == n
    assert (np.diff(reader.clock().timestamps) > 0).all()


def bad_inputs(folder: Path) -> dict[str, tuple[Path, str]]:
    whole = write_video(folder / "whole.mp4", n=30)
    text = folder / "text.mp4"
    text.write_text("This is no video.\n" * 200)
    plain = folder / "notes.txt"
    plain.write_text("This is no video.\n" * 200)
    empty = folder / "empty.mp4"
    empty.touch()
    cut = folder / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])  # its index, at the end, is gone
    playlist = folder / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nwhole.mp4\n#EXT-X-ENDLIST\n")
    concat = folder / "concat.mp4"
    concat.write_text("ffconcat version 1.0\nfile whole.mp4\n")
    image = folder / "image.png"
    cv2.imwrite(str(image), numbered(1))
    renamed = folder / "image.mp4"
    renamed.write_bytes(image.read_bytes())
    photo = folder / "photo.jpg"
    cv2.imwrite(str(photo), numbered(1))
    return {
        "missing": (folder / "none.mp4", "No such file"),
        "folder": (folder, "folder"),
        "text": (text, "not a video"),
        "plain text": (plain, "not a video"),
        "empty": (empty, "empty"),
        "no index": (cut, "damaged or cut off"),
        "playlist": (playlist, "not a video"),
        "concat": (concat, "not a video"),
        "image": (image, "image"),
        "image named mp4": (renamed, "image"),
        "photo": (photo, "image"),
        "audio": (write_sound(folder / "sound.mp4"), "only sound"),
    }


def test_bad_inputs_end_in_one_sentence(tmp_path: Path) -> None:
    for name, (path, words) in bad_inputs(tmp_path).items():
        with pytest.raises(VideoError, match=words) as caught:
            probe(path)
        assert "\n" not in str(caught.value), name


def test_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    source = tmp_path / "song.mp4"
    with av.open(str(source), "w") as container:
        sound = container.add_stream("aac", rate=16000)
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 64, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(numbered(1), format="bgr24")
        packets = cover.encode(frame) + cover.encode(None)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16000
        container.mux(packets)
        container.mux(sound.encode(silence) + sound.encode(None))
    with pytest.raises(VideoError, match="only sound"):
        probe(source)


def test_writer_needs_even_sizes_and_a_folder(tmp_path: Path) -> None:
    clock = probe(write_video(tmp_path / "a.mp4", n=3)).clock
    with pytest.raises(ValueError, match="even"):
        VideoWriter(tmp_path / "b.mp4", (97, 64), clock)
    nowhere = tmp_path / "no" / "such" / "b.mp4"
    with pytest.raises(ConfigError, match="Cannot write"), VideoWriter(nowhere, (96, 64), clock) as writer:
        writer.write(numbered(0))
    with pytest.raises(KeyboardInterrupt), VideoWriter(nowhere, (96, 64), clock):  # and it hides no other error
        raise KeyboardInterrupt


def test_colours_are_kept(tmp_path: Path) -> None:
    clock = probe(write_video(tmp_path / "a.mp4", n=1)).clock
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:] = (40, 120, 200)
    with VideoWriter(tmp_path / "b.mp4", (96, 64), clock) as writer:
        writer.write(picture)
    assert np.abs(next(iter(VideoReader(tmp_path / "b.mp4"))).astype(int) - picture).max() <= 4
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
