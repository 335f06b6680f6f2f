"""Render the clips and their ground truth: `python -m demo_videos.render --mocap mocap17.npz`.

Writes into the folder of `--out`:

    NAME.mp4    H.264 yuv420p
    NAME.npz    ground truth (see truth.py)
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np

from demo_videos.body import Body, Build, Pose, growth, load_body
from demo_videos.motion import Motion17, load_motion
from demo_videos.renderer import Renderer
from demo_videos.retarget import lifted, retarget
from demo_videos.rooms import around
from demo_videos.rotations import apply
from demo_videos.scene import Camera, Room, film
from demo_videos.shots import DEMO, Shot
from demo_videos.truth import Truth, save_truth
from demo_videos.wardrobe import dress
from estimators.errors import exit_status
from estimators.files import complete_file
from estimators.skeleton import COCO17, H36M17

MESH_LICENCE = "Body: MakeHuman / MPFB2 assets, CC0 1.0."

SUBFRAMES = 3  # pictures that make up one of an open shutter


@dataclass(frozen=True)
class Stage:
    """A shot, set up.

    Attributes:
        pose: at the clip's frame times.
        exposures: the poses that frame i's picture is the mean of are i * k to i * k + k - 1, k = 1 or `SUBFRAMES`.
        occluded: whether anything of the shot's stands in front of the person.
        origin, yaw: where the room stands, (3,) metres, radians.
    """

    shot: Shot
    body: Body
    pose: Pose
    exposures: Pose
    camera: Camera
    room: Room
    occluded: bool
    origin: np.ndarray
    yaw: float


def stage(shot: Shot, motion: Motion17) -> Stage:
    """Pose the body, place the camera and what stands in its way.

    Raises:
        DataError: the motion is shorter than the shot, or there is no such body shape.
    """
    body = load_body(shot.shape)
    each = SUBFRAMES if shot.flaws.open_shutter else 1
    offsets = (np.arange(each) - (each - 1) / 2) / each
    times = shot.start_s + (np.arange(round(shot.seconds * shot.fps))[:, None] + offsets).ravel() / float(shot.fps)
    exposures = retarget(body, motion.at(times), each * float(shot.fps), shot.grip)
    if isinstance(shot.shape, Build):
        exposures = lifted(body, exposures.scaled(growth(shot.shape, body)), each * float(shot.fps))
    pose = exposures[each // 2 :: each]
    facing = apply(pose.rotations[:, body.bone("Spine1")], np.array([0.0, 0.0, 1.0])).mean(axis=0)
    crown = body.crowns(pose)[:, None]
    soles = pose.positions[:, [body.bone("LeftToeBase"), body.bone("RightToeBase")]] * [1, 0, 1]
    camera = film(shot.view, np.concatenate([pose.positions, crown, soles], axis=1), facing, shot.size)
    origin = pose.positions[:, 0].mean(axis=0) * [1, 0, 1]
    towards = camera.position - origin
    yaw = float(np.arctan2(towards[0], towards[2]) + np.radians(shot.room_turn_deg))
    everywhere = np.concatenate([pose.positions.reshape(-1, 3), [camera.position]])
    placed = [occluder.place(pose.positions, camera, origin, yaw) for occluder in shot.occluders]
    boxes = [box for box in placed if box]
    room, origin = around(shot.room, boxes, everywhere, origin, yaw)
    return Stage(shot, body, pose, exposures, camera, room, bool(boxes), origin, yaw)


def ground_truth(staged: Stage, motion: Motion17) -> Truth:
    """What the frames of a shot show, exactly."""
    shot, body, pose, camera = staged.shot, staged.body, staged.pose, staged.camera
    joints = camera.to_camera(body.joints_h36m(pose))
    return Truth(
        joints_3d=joints,
        keypoints_2d=camera.project(joints),
        coco_2d=camera.project(camera.to_camera(body.joints_coco(pose))),
        focal=np.array(camera.focal),
        center=np.array(camera.centre),
        rotation=camera.rotation,
        translation=camera.translation,
        fps=shot.fps,
        image_size=shot.size,
        meta={
            "name": shot.name,
            "motion": motion.name,
            "activity": motion.text,
            "subject": motion.subject,
            "split": motion.split,
            "start_s": shot.start_s,
            "shape": asdict(shot.shape) if isinstance(shot.shape, Build) else shot.shape,
            "room": shot.room.name,
            "view": {**asdict(shot.view), "occluded": staged.occluded},
            "flaws": asdict(shot.flaws),
            "joint_names": list(H36M17.joints),
            "coco_names": list(COCO17.joints),
            "frame": "camera: x right, y down, z forward; metres, absolute",
            "world": "metres, Y up, floor at y = 0; camera = rotation @ world + translation",
            "pixels": "origin at the top-left corner of the top-left pixel",
            "licences": [MESH_LICENCE, motion.terms],
        },
    )


def encode(path: Path, frames: Iterable[np.ndarray], shot: Shot, threads: int | None = None) -> None:
    """Write (H, W, 3) uint8 RGB `frames` as H.264 at the shot's frame rate, whole or not at all.

    `threads` of the encoder: as many as it likes if None.
    """
    options = {"movflags": "+faststart"}
    with complete_file(path) as temporary, av.open(str(temporary.resolve()), "w", format="mp4", options=options) as out:
        stream = out.add_stream(
            "libx264", rate=shot.fps, options={"crf": str(shot.flaws.crf), "preset": shot.flaws.preset}
        )
        stream.width, stream.height = shot.size
        stream.pix_fmt = "yuv420p"
        if threads:
            stream.thread_count = threads
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())


def render_shot(shot: Shot, motion: Motion17, folder: Path, threads: int | None = None) -> tuple[Path, float]:
    """Render one shot into `folder`; returns the video's path and the seconds spent per frame.

    `threads` are the encoder's.

    Raises:
        DataError: the motion is shorter than the shot, or there is no such body shape.
        ConfigError: no OpenGL here.
    """
    staged = stage(shot, motion)
    path = folder / f"{shot.name}.mp4"
    start = time.perf_counter()
    encode(path, pictures(staged), shot, threads)
    save_truth(path.with_suffix(".npz"), ground_truth(staged, motion))
    return path, (time.perf_counter() - start) / len(staged.pose)


def pictures(staged: Stage) -> Iterator[np.ndarray]:
    """(H, W, 3) uint8 RGB frames of a shot, flaws included."""
    shot, body = staged.shot, staged.body
    each = len(staged.exposures) // len(staged.pose)
    rng = np.random.default_rng(zlib.crc32(shot.name.encode()))
    mesh = dress(body, shot.outfit)
    with Renderer(
        body, mesh, shot.outfit, staged.room, staged.camera, staged.origin, staged.yaw, shot.samples
    ) as renderer:
        for i in range(len(staged.pose)):
            moments = [renderer.frame(staged.exposures, i * each + k) for k in range(each)]
            picture = moments[0] if each == 1 else np.mean(moments, axis=0).round().astype(np.uint8)
            yield shot.flaws.apply(picture, rng)


@exit_status
def main(arguments: list[str] | None = None) -> None:
    """Render the bundled clips, or some of them, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m demo_videos.render", description=__doc__.splitlines()[0])
    parser.add_argument("--mocap", type=Path, required=True, help="motion-capture file in the mocap17 format")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="default: demo_videos itself")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of: {', '.join(s.name for s in DEMO)}")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for shot in DEMO:
        if options.only and shot.name not in options.only:
            continue
        path, seconds = render_shot(shot, load_motion(options.mocap, shot.motion), options.out)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {seconds:.2f} s a frame")


if __name__ == "__main__":
    sys.exit(main())
