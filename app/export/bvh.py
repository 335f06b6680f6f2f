"""BVH: rotations of bones with constant lengths, one file a person.

Metres (Blender reads them at true size with its importer's scale of 1), Y up, T-pose at rest, facing +z. Channels: the
hip's position, then for every node Z, X, Y rotations in degrees, applied in this order (R = Rz Rx Ry), continuous from
frame to frame. Frame Time is 1 / fps; a video whose frames come unevenly is resampled, see `Motion.even`. Joints have
the skeleton's names; helper nodes are those of `app.export.rig`; wrists,
ankles and head end in stubs of 5 cm that are not measured.

BVH cannot say that somebody is missing: gaps hold the last pose, and the first one before it. The sidecar
`NAME.bvh.json` lists those frames, and by joint those in which its place is a neutral guess, with the units, axes and
scale that BVH cannot say either.

To see one in Blender: File > Import > Motion Capture (.bvh) with "Update Scene FPS" on and everything else as it is. By
script, with the package bpy (4.2 and Python 3.11 were tried):

    bpy.ops.import_anim.bvh(filepath="motion.bvh", update_scene_fps=True)
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from app.export.rig import STRETCHES_NOTE, Rig, build_rig, local_rotations
from app.world.placing import Placed, not_believed, stretches
from estimators.observation import Provenance


def write(placed: Placed, index: int, path: Path) -> None:
    """Write the person at `index`."""
    skeleton = placed.motion.skeleton
    rig = build_rig(placed.positions[index], skeleton)
    poses = placed.upright(index)
    angles = np.rad2deg(euler_zxy(local_rotations(rig, poses, skeleton)))  # (N,B,3)
    channels = np.concatenate([poses[:, 0], angles.reshape(len(angles), -1)], axis=1)
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n" + "\n".join(_hierarchy(rig, 0, "")) + "\n")
        file.write(f"MOTION\nFrames: {len(channels)}\nFrame Time: {float(1 / placed.motion.fps):.10f}\n")
        np.savetxt(file, channels, fmt="%.6f")


def write_sidecar(placed: Placed, index: int, path: Path) -> None:
    """Write what the BVH file of the person at `index` cannot say."""
    motion, person = placed.motion, placed.motion.people[index]
    said = {
        "format": "d3p-bvh-sidecar",
        "format_version": 1,
        "person": person.id,
        "units": "metre, degree",
        "axes": placed.upright_axes,
        "space": placed.space,
        "scale": placed.scale,
        "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
        "frames": person.counts(),
        "missing": stretches(person, Provenance.MISSING),
        "interpolated": stretches(person, Provenance.INTERPOLATED),
        "not_believed": not_believed(person, motion.skeleton),
        "note": STRETCHES_NOTE,
        "source": motion.source.get("name"),
    }
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def euler_zxy(rotations: np.ndarray) -> np.ndarray:
    """(N,...,3,3) to (N,...,3) radians (z, x, y) with R = Rz Rx Ry, each frame as near to the one before as can be."""
    x = np.arcsin(np.clip(rotations[..., 2, 1], -1, 1))
    locked = np.abs(rotations[..., 2, 1]) > 1 - 1e-9  # z and y turn about the same axis: all goes to z
    z = np.arctan2(-rotations[..., 0, 1], rotations[..., 1, 1])
    y = np.arctan2(-rotations[..., 2, 0], rotations[..., 2, 2])
    z = np.where(locked, np.arctan2(rotations[..., 1, 0], rotations[..., 0, 0]), z)
    angles = np.stack([z, x, np.where(locked, 0.0, y)], axis=-1)
    other = np.stack([angles[..., 0] + np.pi, np.pi - angles[..., 1], angles[..., 2] + np.pi], axis=-1)
    for frame in range(1, len(angles)):
        before = angles[frame - 1]
        near, far = (
            choice + 2 * np.pi * np.round((before - choice) / (2 * np.pi)) for choice in (angles[frame], other[frame])
        )
        closer = np.abs(far - before).sum(axis=-1) < np.abs(near - before).sum(axis=-1)
        angles[frame] = np.where(closer[..., None], far, near)
    return angles


def _hierarchy(rig: Rig, node: int, indent: str) -> list[str]:
    """The lines of a node and all below it."""

    def triple(values: np.ndarray) -> str:
        return " ".join(f"{value + 0.0:.6f}" for value in values)

    root = rig.parents[node] < 0
    position = "6 Xposition Yposition Zposition" if root else "3"
    lines = [f"{indent}{'ROOT' if root else 'JOINT'} {rig.names[node]}", f"{indent}{{"]
    lines.append(f"{indent}\tOFFSET {triple(rig.offsets[node])}")
    lines.append(f"{indent}\tCHANNELS {position} Zrotation Xrotation Yrotation")
    children = rig.children(node)
    for child in children:
        lines += _hierarchy(rig, child, indent + "\t")
    if not children:
        lines += [
            f"{indent}\tEnd Site",
            f"{indent}\t{{",
            f"{indent}\t\tOFFSET {triple(rig.stubs[node])}",
            f"{indent}\t}}",
        ]
    return [*lines, f"{indent}}}"]
