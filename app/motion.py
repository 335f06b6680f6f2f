"""Motion: the result of a run, and the one object that every export, measure and picture is made from.

Camera space is x right, y down, z forward. N is the number of frames of the video, always.
Its file is `app.motion_file`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from app.world.ground import Ground, find_ground
from estimators.errors import DataError
from estimators.even import Grid
from estimators.observation import Observation, Provenance
from estimators.skeleton import H36M17, Skeleton
from estimators.stretches import runs

# name -> (shape after N, dtype, may be absent)
ARRAYS: dict[str, tuple[tuple[int, ...], type, bool]] = {
    "keypoints_2d": ((17, 2), np.float32, False),
    "scores": ((17,), np.float32, False),
    "provenance": ((), np.uint8, False),
    "lifted": ((17, 3), np.float32, False),
    "refined": ((17, 3), np.float32, True),
    "root": ((3,), np.float32, False),
    "sigma": ((17,), np.float32, True),
    "believed": ((17,), np.bool_, True),
    "pose_3d": ((17, 3), np.float32, True),
    "pose_3d_scores": ((17,), np.float32, True),
}


@dataclass(frozen=True)
class PersonMotion:
    """One person over the N frames of a video; camera space, relative to the hip where not said otherwise.

    Attributes:
        id: stable over the clip.
        keypoints_2d: (N,17,2) float32 pixels, x right, y down, origin at the top-left corner; NaN if missing.
        scores: (N,17) float32 confidence of each keypoint, 0 if missing.
        provenance: (N,) uint8, `estimators.observation.Provenance`.
        lifted: (N,17,3) float32 metres; NaN if missing.
        root: (N,3) float32 metres, camera space: where the hip is, see `app.world.root`; NaN if missing.
        refined: (N,17,3) float32 metres, `lifted` after refinement; None if the run did not refine.
        sigma: (N,17) float32 metres, half a 68 % band of each coordinate of `refined`; None if not estimated.
        believed: (N,17) bool, False for a joint outside the picture or not seen for long, whose place is a guess, see
            `estimators.belief`; None: all are believed.
        pose_3d: (N,17,3) float32 metres: the pose that the detector has read from the picture itself; NaN in frames
            without, None if it gives none.
        pose_3d_scores: (N,17) float32 from 0 to 1, how sure that pose is; 0 in frames without, None with `pose_3d`.
    """

    id: int
    keypoints_2d: np.ndarray
    scores: np.ndarray
    provenance: np.ndarray
    lifted: np.ndarray
    root: np.ndarray
    refined: np.ndarray | None = None
    sigma: np.ndarray | None = None
    believed: np.ndarray | None = None
    pose_3d: np.ndarray | None = None
    pose_3d_scores: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """(N,17) bool: the joints that are believed; False where the person is missing."""
        there = np.repeat(self.present[:, None], self.scores.shape[1], axis=1)
        return there if self.believed is None else there & self.believed

    @property
    def best(self) -> np.ndarray:
        """(N,17,3) metres, relative to the hip: the refined poses if there are any, else the lifted ones."""
        return self.lifted if self.refined is None else self.refined

    @property
    def body(self) -> np.ndarray:
        """(N,17,3) float64 metres, camera space: `best` where the person is; NaN where missing."""
        return self.best.astype(np.float64) + self.root[:, None].astype(np.float64)

    @property
    def present(self) -> np.ndarray:
        """(N,) bool: the frames in which there is a pose."""
        return self.provenance != Provenance.MISSING

    def runs(self, cuts: Sequence[int] = ()) -> list[slice]:
        """The stretches of frames without a gap or a cut in which there is a pose."""
        return runs(self.present, cuts)

    def counts(self) -> dict[str, int]:
        """How many frames are detected, interpolated and missing."""
        return {kind.name.lower(): int((self.provenance == kind).sum()) for kind in reversed(Provenance)}


@dataclass(frozen=True)
class Motion:
    """People of one video in 3D, with all that is needed to understand the numbers.

    Attributes:
        people: one or more, by id.
        timestamps: (N,) float64 seconds since the first frame, strictly increasing.
        fps: frames per second; the typical rate if the video's rate varies, see `app.media.clock.typical_rate`.
        image_size: (width, height) pixels of the upright picture.
        source: `name` and `sha256` of the video file.
        camera: the assumed pinhole camera, `focal_px` and `principal_point_px`, under which `root` was found;
            `turned_deg`, if pictures were turned clockwise for it beyond what the file says.
        models: `detector`, `lifter`, `refiner` (None if not used): name, version, weight hash of each.
        options: what the user asked for.
        skeleton: names and parents of the 17 joints.
        looked: (N,) bool, the frames that the detector has looked at; None: all.
        start_offset: seconds from the beginning of the file's sound to the first frame; None without sound.
        cuts: the frames that begin a new shot, rising; nothing is estimated across them.
        left_out: real people of the video who are not among `people`: `id`, `frames` in which they are seen, `first`
            and `last`.
    """

    people: tuple[PersonMotion, ...]
    timestamps: np.ndarray
    fps: Fraction
    image_size: tuple[int, int]
    source: Mapping[str, Any]
    camera: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    skeleton: Skeleton = H36M17
    looked: np.ndarray | None = None
    start_offset: float | None = None
    cuts: tuple[int, ...] = ()
    left_out: tuple[Mapping[str, int], ...] = ()

    def __post_init__(self) -> None:
        from app.motion_check import check

        check(self)

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self.timestamps)

    @cached_property
    def grid(self) -> Grid:
        """Moments 1 / `fps` apart over the frames, which are not if the video's rate varies."""
        return Grid.of(self.timestamps, float(self.fps), self.cuts)

    @cached_property
    def even(self) -> Motion:
        """The same motion with a frame every 1 / `fps` seconds, for all that counts in frames; itself if it is so.

        Where frames were dropped poses are interpolated; in a pause of more than half a second everybody is missing.
        """
        grid = self.grid
        if grid.even:
            return self
        moments = np.arange(len(grid)) * self.fps.denominator / self.fps.numerator
        people = tuple(grid.resample(person) for person in self.people)
        looked = None if self.looked is None else self.looked[grid.nearest]
        return replace(self, people=people, timestamps=moments, looked=looked, cuts=grid.cuts(self.cuts))

    @property
    def ground(self) -> Ground:
        """The floor of the whole clip, see `app.world.ground`; level, at the camera's height, if nobody is seen."""
        return self._standing[0]

    @property
    def contacts(self) -> tuple[np.ndarray, ...]:
        """For each of `people` (N,2) bool: when the left and the right foot stand on `ground`."""
        return self._standing[1]

    @cached_property
    def _standing(self) -> tuple[Ground, tuple[np.ndarray, ...]]:
        """`ground` and `contacts`, found once, at even moments."""
        if self.even is not self:
            return self.even.ground, tuple(stands[self.grid.at] for stands in self.even.contacts)
        seen = [person for person in self.people if person.present.any()]
        if not seen:
            return Ground(np.zeros(3), np.diag([1.0, -1.0, -1.0])), (np.zeros((len(self), 2), bool),) * len(self.people)
        bodies = [person.body for person in seen]
        known = [person.known for person in seen]
        ground, found = find_ground(bodies, self.skeleton, float(self.fps), known, self.cuts)
        contacts = {person.id: stands for person, stands in zip(seen, found, strict=True)}
        nowhere = np.zeros((len(self), 2), bool)
        return ground, tuple(contacts.get(person.id, nowhere) for person in self.people)

    @property
    def seconds(self) -> float:
        """Length, the last frame's 1 / `fps` included."""
        return float(self.timestamps[-1] + 1 / self.fps)

    def person(self, person_id: int) -> PersonMotion:
        """The person with this id, which files and exports name; in `people` they are by place.

        Raises:
            DataError: nobody has it.
        """
        for person in self.people:
            if person.id == person_id:
                return person
        raise DataError(f"No person {person_id} in this motion; there are {[person.id for person in self.people]}.")

    def shown_provenance(self, person: PersonMotion) -> np.ndarray:
        """(N,) `Provenance` as people want to see it: frames that were not looked at are like their neighbours."""
        shown = person.provenance.copy()
        for run in runs(shown == Provenance.INTERPOLATED):
            if self.looked is not None and not self.looked[run].any():
                shown[run] = Provenance.DETECTED
        return shown

    def shown_counts(self, person: PersonMotion) -> dict[str, int]:
        """How many frames are detected, interpolated and missing, as people want to see it."""
        return replace(person, provenance=self.shown_provenance(person)).counts()

    def observed(self, person: PersonMotion) -> Observation:
        """What was seen of a person in the picture."""
        return Observation(
            person.keypoints_2d, person.scores, person.provenance, self.image_size, self.fps,
            focal=self.camera.get("focal_px"), skeleton=self.skeleton, believed=person.believed,
            pose_3d=person.pose_3d, pose_3d_scores=person.pose_3d_scores, id=person.id, looked=self.looked,
            cuts=self.cuts,
        )  # fmt: skip

    @property
    def sigma_95(self) -> float:
        """How many sigmas cover 95 % of the errors, as the refiner says; a Gaussian's if it says nothing."""
        refiner = self.models.get("refiner")
        told = refiner.get("sigma_95") if isinstance(refiner, dict) else None
        return float(told) if isinstance(told, int | float) else 1.96

    @property
    def most_seen(self) -> PersonMotion:
        """The person who is there in most frames, the first of several."""
        return max(self.people, key=lambda person: int(person.present.sum()))

    @property
    def meta(self) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON."""
        from app.motion_file import meta_of

        return meta_of(self)

    def save(self, path: str | Path) -> Path:
        """Write motion.npz, whole or not at all, see `app.motion_file`. Returns the path."""
        from app.motion_file import save

        return save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Motion:
        """Read a motion.npz of this or an earlier version.

        Raises:
            DataError: no such file, or not a motion file, or one that contradicts itself.
        """
        from app.motion_file import load

        return load(path)
