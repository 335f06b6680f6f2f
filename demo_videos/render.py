"""Render the clips and their ground truth: `python -m demo_videos.render --mocap mocap17.npz`.

Writes into the folder of `--out`:

    NAME.mp4    H.264 yuv420p
    NAME.npz    ground truth (see truth.py)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from demo_videos.body import Body, Pose, load_body
from demo_videos.motion import Motion17, load_motion
from demo_videos.renderer import Renderer
from demo_videos.retarget import retarget
from demo_videos.rotations import apply
from demo_videos.scene import Camera, film
from demo_videos.shots import DEMO, Shot
from demo_videos.truth import Truth, save_truth
from demo_videos.wardrobe import dress
from estimators.errors import D3PError
from estimators.skeleton import COCO17, H36M17

MESH_LICENCE = "Body: MakeHuman / MPFB2 assets, CC0 1.0."
MOTION_LICENCES = {
    "CMU": "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217.",
    "MIT": "Motion: ReActIdle, MIT licence.",
}


def stage(shot: Shot, motion: Motion17) -> tuple[Body, Pose, Camera, np.ndarray, float]:
    """Body, poses at the clip's frame times, camera, and where the room stands: origin (3,) and yaw in radians."""
    body = load_body(shot.shape)
    times = shot.start_s + np.arange(round(shot.seconds * shot.fps)) / float(shot.fps)
    pose = retarget(body, motion.at(times), float(shot.fps), shot.grip)
    facing = apply(pose.rotations[:, body.bone("Spine1")], np.array([0.0, 0.0, 1.0])).mean(axis=0)
    crown = body.crowns(pose)[:, None]
    soles = pose.positions[:, [body.bone("LeftToeBase"), body.bone("RightToeBase")]] * [1, 0, 1]
    camera = film(shot.view, np.concatenate([pose.positions, crown, soles], axis=1), facing, shot.size)
    origin = pose.positions[:, 0].mean(axis=0) * [1, 0, 1]
    towards = camera.position - origin
    yaw = float(np.arctan2(towards[0], towards[2]) + np.radians(shot.room_turn_deg))
    return body, pose, camera, origin, yaw


def ground_truth(shot: Shot, motion: Motion17, body: Body, pose: Pose, camera: Camera) -> Truth:
    """What the frames of `shot` show, exactly."""
    joints = camera.to_camera(body.joints_h36m(pose))
    return Truth(
        joints_3d=joints,
        keypoints_2d=camera.project(joints),
        coco_2d=camera.project(camera.to_camera(body.joints_coco(pose))),
        focal=np.array(camera.focal),
        center=np.array(camera.center),
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
            "shape": shot.shape,
            "room": shot.room.name,
            "joint_names": list(H36M17.joints),
            "coco_names": list(COCO17.joints),
            "frame": "camera: x right, y down, z forward; metres, absolute",
            "world": "metres, Y up, floor at y = 0; camera = rotation @ world + translation",
            "pixels": "origin at the top-left corner of the top-left pixel",
            "licences": [MESH_LICENCE, MOTION_LICENCES[motion.licence]],
        },
    )


def encode(path: Path, frames: Iterable[np.ndarray], shot: Shot, crf: int = 18) -> None:
    """Write (H, W, 3) uint8 RGB `frames` as H.264 at the shot's frame rate, under a temporary name first."""
    temporary = path.with_suffix(".mp4.tmp")
    with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=shot.fps, options={"crf": str(crf), "preset": "slow"})
        stream.width, stream.height = shot.size
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    temporary.replace(path)


def render_shot(shot: Shot, motion: Motion17, folder: Path) -> tuple[Path, float]:
    """Render one shot into `folder`; returns the video's path and the seconds spent per frame.

    Raises:
        DataError: the motion is shorter than the shot, or there is no such body shape.
        ConfigError: no OpenGL here.
    """
    body, pose, camera, origin, yaw = stage(shot, motion)
    path = folder / f"{shot.name}.mp4"
    start = time.perf_counter()
    with Renderer(body, dress(body, shot.outfit), shot.outfit, shot.room, camera, origin, yaw) as renderer:
        encode(path, (renderer.frame(pose, i) for i in range(len(pose))), shot)
    save_truth(path.with_suffix(".npz"), ground_truth(shot, motion, body, pose, camera))
    return path, (time.perf_counter() - start) / len(pose)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo_videos.render", description=__doc__.splitlines()[0])
    parser.add_argument("--mocap", type=Path, required=True, help="motion-capture file in the mocap17 format")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="default: demo_videos itself")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of: {', '.join(s.name for s in DEMO)}")
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for shot in DEMO:
            if options.only and shot.name not in options.only:
                continue
            path, seconds = render_shot(shot, load_motion(options.mocap, shot.motion), options.out)
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {seconds:.2f} s a frame")
    except D3PError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
