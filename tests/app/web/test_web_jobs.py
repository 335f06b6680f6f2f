"""The slot, in which one job runs at a time, and the progress of jobs."""

from __future__ import annotations

import threading
import time

import pytest

from app.web.jobs import Cancelled, JobProgress, Slot, Snapshot


def test_a_job_is_stopped_when_nobody_has_watched_it_for_a_while() -> None:
    slot = Slot()

    def endless(progress: JobProgress) -> None:
        while True:
            progress.check()
            time.sleep(0.01)

    job = slot.submit(endless)
    with job.watched(0.3):
        pass
    time.sleep(0.1)
    with job.watched(0.3):  # come back to in time
        time.sleep(0.5)
        assert not job.done()
        with job.watched(0.0):  # a second page, closed again
            pass
        time.sleep(0.1)
        assert not job.done()
    assert job.wait(5)
    slot.close()


def test_a_running_and_a_waiting_job_can_be_cancelled() -> None:
    slot, begun = Slot(), threading.Event()

    def endless(progress: JobProgress) -> None:
        progress.start("Draw", 10)
        begun.set()
        while True:
            progress.update(1)
            time.sleep(0.01)

    first, second = slot.submit(endless), slot.submit(endless)
    assert begun.wait(5) and slot.busy() == 2 and second.progress.snapshot().stage == ""
    for job in (second, first):
        job.cancel()
        assert job.wait(2)
        with pytest.raises(Cancelled):
            job.result()
    slot.close()


def test_jobs_run_one_at_a_time() -> None:
    slot, inside, most = Slot(), [0], [0]

    def work(progress: JobProgress) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1

    for job in [slot.submit(work) for _ in range(4)]:
        assert job.wait(5)
    assert most[0] == 1
    slot.close()


def test_progress_keeps_the_time_of_stages() -> None:
    progress = JobProgress()
    progress.start("Prepare", None)
    progress.start("Lift", 20)
    progress.update(5)
    snapshot = progress.snapshot()
    assert (snapshot.stage, snapshot.done, snapshot.total) == ("Lift", 5, 20)
    assert [name for name, _ in snapshot.finished] == ["Prepare"]
    assert Snapshot("Lift", 5, 20, 10.0).seconds_left == 30.0
