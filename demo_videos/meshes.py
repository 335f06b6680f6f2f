"""Triangle meshes in rest space: layers joined into one, smoothing, subdivision, normals."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from scipy import sparse

from demo_videos.rotations import unit

Colour = tuple[float, float, float]  # linear RGB


class Surface(IntEnum):
    """What a triangle is made of; the figure shader switches on it."""

    SKIN = 0
    CLOTH = 1
    HAIR = 2
    SHOE = 3
    EYE = 4


@dataclass
class Mesh:
    """A dressed body in rest space; V vertices, F triangles."""

    vertices: np.ndarray  # (V, 3)
    normals: np.ndarray  # (V, 3)
    weights: sparse.csr_matrix  # (V, T)
    colour: np.ndarray  # (V, 3) linear RGB
    second: np.ndarray  # (V, 3) the pattern's other colour
    cover: np.ndarray  # (V,) metres inside the layer's edge; below 0 is not drawn
    kind: np.ndarray  # (V, 2) Surface, pattern
    faces: np.ndarray  # (F, 3)


@dataclass
class MeshBuilder:
    """Collects layers into one mesh."""

    parts: list[Mesh] = field(default_factory=list)

    def add(
        self,
        vertices: np.ndarray,
        weights: sparse.csr_matrix,
        faces: np.ndarray,
        colour: np.ndarray | Colour,
        surface: Surface,
        cover: np.ndarray | None = None,
        second: Colour = (0.0, 0.0, 0.0),
        pattern: int = 0,
    ) -> None:
        """Add `faces` over `vertices` (V, 3) with skin `weights` (V, T); only the vertices in use are kept."""
        used, local = np.unique(faces, return_inverse=True)
        local = local.reshape(-1, 3)
        count = len(used)
        colours = np.broadcast_to(np.asarray(colour, dtype=float), (len(vertices), 3))[used]
        self.parts.append(
            Mesh(
                vertices=vertices[used],
                normals=vertex_normals(vertices, faces)[used],
                weights=weights[used],
                colour=colours,
                second=np.broadcast_to(np.asarray(second, dtype=float), (count, 3)),
                cover=np.ones(count) if cover is None else cover[used],
                kind=np.broadcast_to(np.array([surface, pattern], dtype=float), (count, 2)),
                faces=local,
            )
        )

    def mesh(self) -> Mesh:
        """All parts as one."""
        starts = np.cumsum([0] + [len(p.vertices) for p in self.parts])
        joined = {
            name: np.concatenate([getattr(p, name) for p in self.parts])
            for name in ("vertices", "normals", "colour", "second", "cover", "kind")
        }
        faces = np.concatenate([p.faces + s for p, s in zip(self.parts, starts, strict=False)])
        weights = sparse.vstack([p.weights for p in self.parts]).tocsr()
        return Mesh(weights=weights, faces=faces, **joined)


def subdivided(
    points: np.ndarray, weights: sparse.csr_matrix, faces: np.ndarray
) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray]:
    """Each triangle cut in four at the middles of its edges; `points` (V, D), `weights` (V, T), `faces` (F, 3)."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, which = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = (which.ravel() + len(points)).reshape(3, -1)
    a, b, c = faces.T
    finer = np.concatenate([np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    middle = (points[unique[:, 0]] + points[unique[:, 1]]) / 2
    weights = sparse.vstack([weights, (weights[unique[:, 0]] + weights[unique[:, 1]]) / 2]).tocsr()
    return np.concatenate([points, middle]), weights, finer


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) area-weighted normals; vertices that share a place (texture seams) share a normal."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    areas = np.cross(b - a, c - a)
    _, group = np.unique(np.round(vertices, 5), axis=0, return_inverse=True)
    group = group.ravel()
    total = np.zeros((group.max() + 1, 3))
    for i in range(3):
        np.add.at(total, group[faces[:, i]], areas)
    return unit(total)[group]


def smoothed(vertices: np.ndarray, faces: np.ndarray, steps: int) -> np.ndarray:
    """(V, 3) after Taubin smoothing (shrink, then grow) over the edges of `faces`; other vertices stay."""
    _, group = np.unique(np.round(vertices, 5), axis=0, return_inverse=True)
    group = group.ravel()
    n = group.max() + 1
    f = group[faces]
    i, j = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]).T
    links = sparse.coo_matrix((np.ones(len(i)), (i, j)), shape=(n, n)).tocsr()
    links = ((links + links.T) > 0).astype(float)
    degree = np.asarray(links.sum(axis=1)).ravel()
    points = np.zeros((n, 3))
    points[group] = vertices
    inside = (degree > 0)[:, None]
    for step in range(2 * steps):
        mean = links @ points / np.maximum(degree, 1)[:, None]
        points = np.where(inside, points + (0.55 if step % 2 == 0 else -0.5) * (mean - points), points)
    return points[group]
