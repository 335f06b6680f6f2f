"""The queue of a batch, with workers that do as they are told: who gets what, when, and what becomes of the lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.batch.clips import Clip
from app.batch.outcome import Outcome
from app.batch.pool import ATTEMPTS, Lost, run_on
from app.batch.worker import Event
from estimators.errors import D3PError, WeightsError


def quiet(name: str, stage: str, done: int, total: int | None) -> None: ...


class Scripted:
    """`Workers` that lose a clip as often as `deaths` says, and end in the order in which they have begun.

    Attributes:
        together: names of the clips at work at every beginning of one, which comes last.
        alive: workers that nobody has stopped.
    """

    def __init__(self, count: int, deaths: dict[str, int] | None = None, error: D3PError | None = None) -> None:
        self.count, self.deaths, self.error = count, dict(deaths or {}), error
        self.together: list[tuple[str, ...]] = []
        self.alive: list[ScriptedWorker] = []
        self.started, self.closed = 0, False

    def start(self) -> ScriptedWorker:
        self.started += 1
        self.alive.append(ScriptedWorker(self))
        return self.alive[-1]

    def hear(self, seconds: float) -> Iterator[tuple[ScriptedWorker, Event | Outcome | D3PError | Lost]]:
        worker = next(worker for worker in self.alive if worker.clip)
        assert worker.clip is not None
        name, worker.clip = worker.clip.name, None
        yield worker, (name, "Detect", 1, 2)
        if self.error:
            yield worker, self.error
        elif self.deaths.get(name, 0):
            self.deaths[name] -= 1
            yield worker, Lost("a lightning")
        else:
            yield worker, Outcome(name, "done")

    def close(self) -> None:
        self.closed = True


class ScriptedWorker:
    def __init__(self, workers: Scripted) -> None:
        self.workers = workers
        self.clip: Clip | None = None

    def give(self, clip: Clip) -> None:
        assert self.clip is None
        self.clip = clip
        others = [worker.clip.name for worker in self.workers.alive if worker.clip and worker is not self]
        self.workers.together.append((*others, clip.name))

    def stop(self) -> None:
        self.workers.alive.remove(self)


def clips(names: str, folder: Path = Path("nowhere")) -> list[Clip]:
    return [Clip(folder / name, name, folder / "out" / name) for name in names]


def test_no_more_clips_are_in_flight_than_there_are_workers_and_workers_are_used_again() -> None:
    workers = Scripted(3)
    outcomes = list(run_on(lambda: workers, clips("abcdefgh"), quiet))
    assert sorted(one.name for one in outcomes) == list("abcdefgh")
    assert max(map(len, workers.together)) == 3 and workers.started == 3
    assert not workers.alive and workers.closed


def test_a_lost_clip_is_tried_again_at_the_end_and_the_last_time_alone() -> None:
    workers = Scripted(2, {"a": ATTEMPTS, "b": 1, "d": ATTEMPTS - 1})
    outcomes = {one.name: one for one in run_on(lambda: workers, clips("abcdef"), quiet)}
    assert {name for name, one in outcomes.items() if one.status == "done"} == set("bcdef")
    assert f"died {ATTEMPTS} times (a lightning)" in str(outcomes["a"].error)
    begun = [names[-1] for names in workers.together]
    assert [begun.count(name) for name in "abcdef"] == [ATTEMPTS, 2, 1, ATTEMPTS, 1, 1]
    assert begun.index("f") < len(begun) - 1 - begun[::-1].index("b")  # who has not been tried goes first
    for name in "ad":
        last = max(number for number, now in enumerate(begun) if now == name)
        assert workers.together[last] == (name,)
        assert not any(name in names for names in workers.together[last + 1 :])  # nor is anything begun beside it
    assert not workers.alive


def test_when_no_worker_can_work_or_the_batch_is_cancelled_all_are_stopped(tmp_path: Path) -> None:
    workers = Scripted(2, error=WeightsError("damaged"))
    with pytest.raises(WeightsError, match="damaged"):
        list(run_on(lambda: workers, clips("abcd"), quiet))
    assert not workers.alive and workers.closed

    workers = Scripted(2)
    leftover = tmp_path / "out" / ".b.partial-1"
    leftover.mkdir(parents=True)
    batch = run_on(lambda: workers, clips("abc", tmp_path), quiet)
    assert next(batch).name == "a"
    batch.close()  # type: ignore[attr-defined]
    assert not workers.alive and workers.closed and not leftover.exists()
