"""Draw a dressed, posed body in a room with moderngl on EGL (a GPU, or Mesa's llvmpipe without one).

Two passes a frame: depth from the light (shadow map), then room and person with multisampling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from demo_videos import shaders
from demo_videos.body import Body, Pose, skin, skin_normals
from demo_videos.meshes import Mesh
from demo_videos.rotations import unit
from demo_videos.scene import Box, Camera, Room
from demo_videos.wardrobe import Outfit
from estimators.errors import ConfigError

_SHADOW_SIZE = 2048
_SHADOW_REACH_M = 3.2  # half the side of the square around the person that casts shadows

# The sides of a box; each gets four vertices of its own, so that normals are flat.
_SIDES = [(axis, sign) for axis in range(3) for sign in (-1, 1)]


def create_context() -> Any:
    """A moderngl context without a window.

    Raises:
        ConfigError: moderngl or an EGL driver is missing.
    """
    try:
        import moderngl
    except ImportError as error:
        raise ConfigError("Rendering needs moderngl: install the extra `render`.") from error
    try:
        return moderngl.create_standalone_context(backend="egl", require=330)
    except Exception as error:
        raise ConfigError(
            f"No OpenGL through EGL here ({error}); on Debian install libegl1 and libgl1-mesa-dri."
        ) from error


def box_mesh(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """(24, 16) vertices [position, normal, local, half size, colour, material] and (12, 3) triangles, room axes."""
    half = np.array(box.size) / 2
    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    for axis, sign in _SIDES:
        u, v = (axis + 1) % 3, (axis + 2) % 3
        normal = np.zeros(3)
        normal[axis] = -sign if box.inward else sign
        start = len(vertices)
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            local = np.zeros(3)
            local[axis], local[u], local[v] = sign * half[axis], a * half[u], b * half[v]
            vertices.append([*(local + box.centre), *normal, *local, *half, *box.colour, box.material])
        order = [(0, 1, 2), (0, 2, 3)] if (sign > 0) != box.inward else [(0, 2, 1), (0, 3, 2)]
        faces += [[start + i for i in triangle] for triangle in order]
    return np.array(vertices), np.array(faces)


class Renderer:
    """One shot: `frame(pose, i)` draws pose i. Use as a context manager: it owns GPU memory."""

    def __init__(
        self,
        body: Body,
        mesh: Mesh,
        outfit: Outfit,
        room: Room,
        camera: Camera,
        origin: np.ndarray,
        yaw: float,
        samples: int = 4,
    ) -> None:
        """`origin` (3,) and `yaw` radians place the room's axes in the world; `samples` of a pixel smooth the edges."""
        self.body, self.mesh, self.camera, self.room = body, mesh, camera, room
        self.origin, self.yaw = origin, yaw
        cos, sin = np.cos(yaw), np.sin(yaw)
        self._turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])  # room axes to world
        self.context = create_context()
        self._light = self._turn @ unit(np.array(room.light.direction))
        self._programs()
        self._upload_person()
        self._upload_room()
        self._targets(samples)
        self._constants(outfit)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.release()

    def frame(self, pose: Pose, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB picture of pose `index`."""
        transforms = self.body.transforms(pose, index)
        positions = skin(self.mesh.vertices, self.mesh.weights, transforms)
        normals = skin_normals(self.mesh.normals, self.mesh.weights, transforms)
        self._positions.write(positions.astype("f4").tobytes())
        self._normals.write(normals.astype("f4").tobytes())
        light = self._light_matrix(pose.positions[index, 0])
        for program in (self._shadow, self._figure, self._walls):
            program["light_matrix"].write(light.T.astype("f4").tobytes())
        feet = [pose.positions[index, self.body.bone(f"{s}Foot")] for s in ("Left", "Right")]
        rest = self.body.heads[self.body.bone("LeftFoot"), 1]
        self._walls["feet"].write((np.array(feet) - [0, rest * pose.scale, 0]).astype("f4").tobytes())
        self._draw_shadow()
        return self._draw_picture()

    def _draw_shadow(self) -> None:
        context = self.context
        self._depth_target.use()
        self._depth_target.clear(depth=1.0)
        context.enable(context.DEPTH_TEST)
        context.disable(context.CULL_FACE)
        self._person_shadow.render()
        if self._furniture_shadow is not None:
            self._furniture_shadow.render()

    def _draw_picture(self) -> np.ndarray:
        context = self.context
        self._picture.use()
        self._picture.clear(*[c ** (1 / 2.2) for c in self.room.background])
        self._depth.use(location=0)
        context.enable(context.DEPTH_TEST | context.CULL_FACE)  # the wall before the camera shows only its back
        self._room_array.render()
        context.disable(context.CULL_FACE)
        self._person_array.render()
        context.copy_framebuffer(self._resolved, self._picture)
        width, height = self.camera.image_size
        pixels = np.frombuffer(self._resolved.read(components=3, alignment=1), dtype=np.uint8)
        return pixels.reshape(height, width, 3)[::-1].copy()

    def _light_matrix(self, centre: np.ndarray) -> np.ndarray:
        """(4, 4) world to the light's clip space, a box around the person."""
        forward = -self._light
        right = unit(np.cross(forward, [0.0, 1.0, 0.0]))
        up = np.cross(right, forward)
        rotation = np.stack([right, up, -forward])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation / _SHADOW_REACH_M
        matrix[2, :3] = -rotation[2] / (2 * _SHADOW_REACH_M)
        matrix[:3, 3] = -matrix[:3, :3] @ centre
        return matrix

    def _programs(self) -> None:
        program = self.context.program
        self._shadow = program(vertex_shader=shaders.SHADOW_VERTEX, fragment_shader=shaders.SHADOW_FRAGMENT)
        self._figure = program(vertex_shader=shaders.FIGURE_VERTEX, fragment_shader=shaders.FIGURE_FRAGMENT)
        self._walls = program(vertex_shader=shaders.ROOM_VERTEX, fragment_shader=shaders.ROOM_FRAGMENT)

    def _upload_person(self) -> None:
        mesh, context = self.mesh, self.context
        count = len(mesh.vertices)
        self._positions = context.buffer(reserve=count * 12)
        self._normals = context.buffer(reserve=count * 12)
        static = np.concatenate([mesh.vertices, mesh.colour, mesh.second, mesh.cover[:, None], mesh.kind], axis=1)
        looks = context.buffer(static.astype("f4").tobytes())
        cover = context.buffer(mesh.cover.astype("f4").tobytes())
        index = context.buffer(mesh.faces.astype("i4").tobytes())
        names = ("in_rest", "in_color", "in_second", "in_cover", "in_kind")
        self._person_array = context.vertex_array(
            self._figure,
            [
                (self._positions, "3f", "in_position"),
                (self._normals, "3f", "in_normal"),
                (looks, "3f 3f 3f 1f 2f", *names),
            ],
            index,
        )
        self._person_shadow = context.vertex_array(
            self._shadow, [(self._positions, "3f", "in_position"), (cover, "1f", "in_cover")], index
        )

    def _upload_room(self) -> None:
        context = self.context
        meshes = [box_mesh(box) for box in self.room.boxes]
        starts = np.cumsum([0] + [len(v) for v, _ in meshes])
        vertices = np.concatenate([v for v, _ in meshes])
        vertices[:, :3] = vertices[:, :3] @ self._turn.T + self.origin
        vertices[:, 3:6] = vertices[:, 3:6] @ self._turn.T
        faces = [f + s for (_, f), s in zip(meshes, starts, strict=False)]
        names = ("in_position", "in_normal", "in_local", "in_half", "in_color", "in_material")
        self._room_array = context.vertex_array(
            self._walls,
            [(context.buffer(vertices.astype("f4").tobytes()), "3f 3f 3f 3f 3f 1f", *names)],
            context.buffer(np.concatenate(faces).astype("i4").tobytes()),
        )
        casting = [f for f, box in zip(faces, self.room.boxes, strict=True) if box.casts]
        self._furniture_shadow = None
        if casting:
            solid = np.concatenate([vertices[:, :3], np.ones((len(vertices), 1))], axis=1)
            self._furniture_shadow = context.vertex_array(
                self._shadow,
                [(context.buffer(solid.astype("f4").tobytes()), "3f 1f", "in_position", "in_cover")],
                context.buffer(np.concatenate(casting).astype("i4").tobytes()),
            )

    def _targets(self, samples: int) -> None:
        context, size = self.context, self.camera.image_size
        self._depth = context.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._depth.compare_func = "<="
        self._depth_target = context.framebuffer(depth_attachment=self._depth)
        self._picture = context.framebuffer(
            context.renderbuffer(size, 3, samples=samples), context.depth_renderbuffer(size, samples=samples)
        )
        self._resolved = context.framebuffer(context.renderbuffer(size, 3))

    def _constants(self, outfit: Outfit) -> None:
        light, room = self.room.light, self.room
        eyes = [self.body.vertices[self.body.face_points[i]].mean(axis=0) for i in (1, 2)]
        values = {
            "light_direction": self._light,
            "light_color": np.array(light.colour) * light.strength,
            "ambient": light.ambient,
            "bounce": light.bounce,
            "eye": self.camera.position,
            "exposure": light.exposure,
            "shadow_spread": light.softness_m / (2 * _SHADOW_REACH_M),
            "shadow_map": 0,
            "left_eye": eyes[0],
            "right_eye": eyes[1],
            "brow_color": np.array(outfit.hair) * 1.2,
            "room_half": room.half,
            "room_turn": (np.cos(self.yaw), np.sin(self.yaw)),
            "room_origin": self.origin,
        }
        for program in (self._figure, self._walls):
            program["camera_matrix"].write(self.camera.matrix().T.astype("f4").tobytes())
            for name, value in values.items():
                if name in program:
                    program[name].value = value if np.isscalar(value) else tuple(float(v) for v in value)
