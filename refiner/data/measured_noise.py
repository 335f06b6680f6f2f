"""A real detector's error, resampled: what it did on rendered clips, done again to other people.

On clips with exact ground truth (`python -m demo_videos.suite --split train`) every keypoint that reaches a lifter has
a known error and a score. A window of training gets a stretch of these, found by its pose: of a handful of stretches
drawn at random, the one whose person looks most alike in the picture. So errors keep what a formula would have to be
told: where the detector sees a hip, which limbs it loses from which side, tails, bursts, swaps, how they last, how
joints err together, and what the scores say about it all. Lengths are fractions of the person's size
(`estimators.lifting.normalise.person_size`).

Where the detector reads a pose from the picture itself (`estimators.observation.Observation.pose_3d`), its error
against the true pose is kept beside, in metres and camera axes, with its scores and with how the body was turned to the
camera, which is part of what stretches are found by. How the whole body is misread is kept apart from how its shape
is, for a turn that is done again to another pose must leave that one's bones as long as they are.

No true pose is kept, for motion capture may not be given on: only errors, scores, `shape`, which is how the rendered
body looked, and `turn` and `turn_error`, three numbers each. `python -m app.evaluation.detector_errors` makes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from scipy.spatial.transform import Rotation
from torch import Tensor

from estimators import weights
from estimators.checked import Checked, Count, Finite, checked
from estimators.errors import WeightsError
from estimators.lifting.normalise import person_size
from estimators.skeleton import H36M17, mirror
from estimators.turns import turns_of
from refiner.data.coco_points import to_h36m

CANDIDATES = 48  # stretches to choose the most similar from: more are more alike, and less random
KIND = "detector-noise"
SHAPES = {"error": (17, 2), "scores": (17,), "shape": (17, 2)}  # of a frame
# what files may have besides: all or none
MORE = {"error_3d": (17, 3), "scores_3d": (17,), "turn_error": (3,), "turn": (3,)}
TURN_COUNTS = 0.1  # squared difference of two rotation matrices, in that of two shapes: errors are most alike then


@dataclass(frozen=True)
class Stretch:
    """What a detector made of one person over N frames in a row.

    Attributes:
        error: (N, 17, 2) found minus true image point, in person sizes.
        scores: (N, 17).
        shape: (N, 17, 2) true image points about their mean, in person sizes. All Human3.6M-17.
        fps: frames per second.
        error_3d: (N, 17, 3) metres, camera axes, relative to the hip: the picture's own pose, turned as the true one is
            and at the best single scale of its clip, minus the true one; None if the detector gives none.
        scores_3d: (N, 17) of that pose; 0, and its errors too, in frames without one.
        turn_error: (N, 3) how the picture's own pose is turned from the true one, radians about the camera's axes.
        turn: (N, 3) how the body is turned, radians about the camera's axes, from upright and facing the camera.
    """

    error: Tensor
    scores: Tensor
    shape: Tensor
    fps: float
    error_3d: Tensor | None = None
    scores_3d: Tensor | None = None
    turn_error: Tensor | None = None
    turn: Tensor | None = None

    @classmethod
    def of(cls, found: Tensor, scores: Tensor, true: Tensor, fps: float) -> Stretch:
        """From found and true image points (N, 17, 2), pixels."""
        size = person_size(true[None])[0]
        return cls((found - true) / size, scores, (true - true.mean(dim=1, keepdim=True)) / size, fps)


@dataclass(frozen=True)
class Seen:
    """What a detector makes of B windows of T frames.

    Attributes:
        keypoints: (B, T, 17, 2) in the unit of the exact ones.
        scores: (B, T, 17).
        clean: (B,) bool, the windows that are left to a perfect detector.
        pose_3d: (B, T, 17, 3) metres, camera axes, relative to the hip: what the picture itself gives, of no particular
            size; None if the detector gives none.
        pose_3d_scores: (B, T, 17); 0 in frames without.
    """

    keypoints: Tensor
    scores: Tensor
    clean: Tensor
    pose_3d: Tensor | None = None
    pose_3d_scores: Tensor | None = None


class MeasuredNoise:
    """Samples errors and scores for windows of exact keypoints.

    Args:
        stretches: what was measured.
        clean_share: share of windows that are left to a perfect detector.
        spread: of the error's size from window to window (standard deviation of its logarithm): other detectors, other
            pictures.
        offset: of each of the detector's own points in a window, a standard deviation in person sizes: what a training
            cannot come to know by heart of a clip that it meets again and again.
        pictured: share of windows that are given the picture's own pose, of detectors that read one.
    """

    def __init__(
        self,
        stretches: list[Stretch],
        clean_share: float = 0.25,
        spread: float = 0.2,
        offset: float = 0.0,
        pictured: float = 0.5,
    ) -> None:
        self.stretches, self.clean_share, self.spread, self.offset = stretches, clean_share, spread, offset
        self.pictured = pictured
        both = [*stretches, *map(_mirrored, stretches)]
        self.error = torch.cat([stretch.error for stretch in both])
        self.scores = torch.cat([stretch.scores for stretch in both])
        self.shape = torch.cat([stretch.shape for stretch in both]).flatten(1)
        lengths = torch.tensor([len(stretch.scores) for stretch in both])
        of_frame = torch.repeat_interleave(torch.arange(len(both)), lengths)
        self.first = (lengths.cumsum(0) - lengths)[of_frame]  # (frames,) of the stretch that a frame belongs to
        self.length = lengths[of_frame]
        self.fps = torch.tensor([stretch.fps for stretch in both])[of_frame]
        # None unless every stretch has them
        self.error_3d, self.scores_3d, self.turn_error, self.turn = (_together(both, name) for name in MORE)
        self.turned = None if self.turn_error is None else _rotations(self.turn_error)
        self.facing = None if self.turn is None else _rotations(self.turn).flatten(1)

    @classmethod
    def load(cls, name_or_path: str = "noise-movenet", **options: float) -> MeasuredNoise:
        """A measured detector by the name or path of its file.

        Raises:
            WeightsError: not there, damaged, or something else.
        """
        state, card = weights.load(name_or_path)
        if card.get("kind") != KIND:
            raise WeightsError(f"{name_or_path} is a {card.get('kind')}, not the noise of a detector.")
        _check(state, card, str(name_or_path))
        pieces = {key: tensor.float().split(card["lengths"]) for key, tensor in state.items()}
        stretches = [
            Stretch(**{key: parts[index] for key, parts in pieces.items()}, fps=fps)
            for index, fps in enumerate(card["fps"])
        ]
        return cls(stretches, **options)

    def save(self, path: str | Path, card: weights.Card) -> None:
        """Write the stretches as half floats, and the card."""
        known = {key: _together(self.stretches, key) for key in (*SHAPES, *MORE)}
        state = {key: tensor.half() for key, tensor in known.items() if tensor is not None}
        lengths = [len(stretch.scores) for stretch in self.stretches]
        weights.save(path, state, {"kind": KIND, **card, "lengths": lengths, "fps": [s.fps for s in self.stretches]})

    def __call__(self, points: Tensor, poses: Tensor, fps: Tensor, generator: torch.Generator) -> Seen:
        """What the detector makes of windows.

        Args:
            points: (B, T, 17, 2) exact image points, Human3.6M-17, any unit.
            poses: (B, T, 17, 3) true poses, metres, camera axes, relative to the hip.
            fps: (B,) frames per second of the windows.
        """
        B, T = points.shape[:2]
        size = person_size(points)[:, None, None, None]
        frames = self._around(self._similar(points, poses, size, generator), T, fps)
        error, scores = self.error.to(points)[frames], self.scores.to(points)[frames]
        level = torch.exp(self.spread * torch.randn(B, generator=generator, device=points.device))
        clean = torch.rand(B, generator=generator, device=points.device) < self.clean_share
        error = error * level[:, None, None, None]
        if self.offset:
            drawn = self.offset * torch.randn(B, 1, 17, 2, generator=generator, device=points.device)
            error = error + to_h36m(drawn)
        seen = Seen(points + error * size, scores, clean)
        if self.error_3d is None or self.scores_3d is None or self.turned is None:
            return seen
        told = torch.rand(B, generator=generator, device=points.device) < self.pictured
        sure = self.scores_3d.to(points)[frames] * told[:, None, None]
        poses = poses + self.error_3d.to(points)[frames] * level[:, None, None, None]
        poses = torch.einsum("btij,btkj->btki", self.turned.to(points)[frames], poses)
        return replace(seen, pose_3d=poses * told[:, None, None, None], pose_3d_scores=sure)

    def _similar(self, points: Tensor, poses: Tensor, size: Tensor, generator: torch.Generator) -> Tensor:
        """(B,) the measured frame, of `CANDIDATES` random ones, that looks most like the window's middle."""
        middle = points[:, points.shape[1] // 2]
        shape = ((middle - middle.mean(dim=1, keepdim=True)) / size[:, 0]).flatten(1)
        drawn = torch.randint(len(self.scores), (len(points), CANDIDATES), generator=generator, device=points.device)
        distance = (self.shape.to(points)[drawn] - shape[:, None]).square().sum(dim=-1)
        if self.facing is not None:
            facing = torch.from_numpy(turns_of(poses[:, poses.shape[1] // 2].cpu().numpy())).to(points).flatten(1)
            distance += TURN_COUNTS * (self.facing.to(points)[drawn] - facing[:, None]).square().sum(dim=-1)
        return drawn.gather(1, distance.argmin(dim=1, keepdim=True))[:, 0]

    def _around(self, middle: Tensor, T: int, fps: Tensor) -> Tensor:
        """(B, T) measured frames about `middle` (B,), as far apart as the window's; stretches swing back at ends."""
        device = middle.device
        first, last = self.first.to(device)[middle], self.length.to(device)[middle] - 1
        pace = self.fps.to(device)[middle] / fps
        steps = torch.arange(T, device=device) - T // 2
        position = (middle - first)[:, None] + (steps * pace[:, None]).round().long()
        period = (2 * last).clamp_min(1)[:, None]
        position = position % period
        return first[:, None] + torch.minimum(position, period - position).clamp_max(last[:, None])


class NoiseCard(Checked):
    """What a card says of the stretches: how many frames each has, and their frame rates."""

    model_config = ConfigDict(extra="ignore")

    lengths: list[Count] = Field(min_length=1, description="a list of numbers of frames")
    fps: list[Annotated[Finite, Field(gt=0, lt=10_000)]] = Field(description="a list of frame rates")


def _check(state: Mapping[str, Tensor], card: weights.Card, name: str) -> None:
    told = checked(NoiseCard, card, f"the model card of {name}", WeightsError)
    found = {key: tuple(tensor.shape) for key, tensor in state.items()}
    shapes = {**SHAPES, **(MORE if state.keys() & MORE.keys() else {})}
    expected = {key: (sum(told.lengths), *shape) for key, shape in shapes.items()}
    if found != expected or len(told.fps) != len(told.lengths):
        raise WeightsError(f"{name} does not hold what its card says: stretches of a detector's errors.")
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise WeightsError(f"{name} is damaged: it holds errors that are not finite.")


def _together(stretches: list[Stretch], name: str) -> Tensor | None:
    """(frames, ...) what all stretches have under this name; None if one lacks it."""
    parts = [getattr(stretch, name) for stretch in stretches]
    return None if any(part is None for part in parts) else torch.cat(parts)


def _mirrored(stretch: Stretch) -> Stretch:
    """The same stretch in a mirror: x negated, left and right traded."""
    order = list(H36M17.flip_order)
    return Stretch(
        mirror(stretch.error),
        stretch.scores[:, order],
        mirror(stretch.shape),
        stretch.fps,
        None if stretch.error_3d is None else mirror(stretch.error_3d),
        None if stretch.scores_3d is None else stretch.scores_3d[:, order],
        *(
            None if turn is None else turn * turn.new_tensor([1.0, -1.0, -1.0])
            for turn in (stretch.turn_error, stretch.turn)
        ),
    )


def _rotations(vectors: Tensor) -> Tensor:
    """(N, 3, 3) matrices of (N, 3) rotation vectors."""
    return torch.from_numpy(Rotation.from_rotvec(vectors.numpy()).as_matrix()).float()
