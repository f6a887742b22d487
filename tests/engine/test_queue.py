"""The queue: every job once, in order, and only through states that lead to one another."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import QueueError
from engine.queue import Job, Queue


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    queue = Queue(tmp_path / "queue.db")
    yield queue
    queue.close()


def add(queue: Queue, run_id: str, *, priority: int = 0, resource: str = "cpu") -> Job:
    return queue.add(
        run_id, kind="fit", digest=run_id, resource=resource, priority=priority, who="Ada"
    )


def test_when_claimed_then_priority_comes_before_age(queue: Queue) -> None:
    for run_id, priority in [("old", 0), ("urgent", 5), ("young", 0), ("urgent too", 5)]:
        add(queue, run_id, priority=priority)
    claimed = [queue.claim("cpu", slots=9) for _ in range(5)]
    names = [job.run_id if job else None for job in claimed]
    assert names == ["urgent", "urgent too", "old", "young", None]


def test_when_the_clock_is_set_back_then_the_order_of_arrival_stays(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(queue, "first")
    monkeypatch.setattr("engine.queue.time.time", lambda: 1.0)
    add(queue, "second")
    claimed = [queue.claim("cpu", slots=9) for _ in range(2)]
    assert [job.run_id for job in claimed if job] == ["first", "second"]


def test_when_all_slots_are_used_then_nothing_is_claimed(queue: Queue) -> None:
    for run_id in ("a", "b", "c"):
        add(queue, run_id)
    add(queue, "gpu", resource="gpu0")
    assert queue.claim("cpu", slots=1)
    assert queue.claim("cpu", slots=1) is None
    gpu = queue.claim("gpu0", slots=1)
    assert gpu
    assert gpu.run_id == "gpu"
    queue.cancel("a", who="Ada")  # still uses its slot until the worker has ended
    assert queue.claim("cpu", slots=1) is None
    queue.change("a", "cancelled", who="engine", why="stopped")
    assert queue.claim("cpu", slots=1)


def test_when_five_threads_queue_and_four_claim_then_none_is_lost_or_claimed_twice(
    tmp_path: Path,
) -> None:
    """Each thread has the file open by itself, as another process would."""
    path, claimed = tmp_path / "queue.db", []
    Queue(path).close()

    def submit(thread: int) -> None:
        queue = Queue(path)
        for number in range(20):
            add(queue, f"{thread}-{number}", priority=number % 3)
        queue.close()

    def claim() -> None:
        queue = Queue(path)
        while len(claimed) < 100:
            if job := queue.claim("cpu", slots=1000):
                claimed.append(job.run_id)
        queue.close()

    threads = [threading.Thread(target=submit, args=(thread,)) for thread in range(5)]
    threads += [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(claimed) == sorted(f"{a}-{b}" for a in range(5) for b in range(20))


def test_when_cancelled_then_the_state_depends_on_how_far_it_was(queue: Queue) -> None:
    for run_id in ("run", "waiting"):
        add(queue, run_id)
    queue.claim("cpu", slots=1)
    assert queue.cancel("waiting", who="Ada").state == "cancelled"
    assert queue.cancel("run", who="Ada").presses == 1
    second = queue.cancel("run", who="Bob")
    assert (second.state, second.presses) == ("cancelling", 2)
    queue.change("run", "succeeded", who="worker", why="done")
    assert queue.cancel("run", who="Ada").state == "succeeded"


def test_when_a_state_does_not_lead_there_then_nothing_changes(queue: Queue) -> None:
    add(queue, "run")
    assert queue.change("run", "succeeded", who="worker", why="done") is None
    assert queue.job("run").state == "queued"


def test_when_the_state_changes_then_who_and_why_are_kept(queue: Queue) -> None:
    add(queue, "run")
    queue.claim("cpu", slots=1)
    queue.change("run", "interrupted", who="engine", why="The worker was killed.")
    queue.change("run", "queued", who="engine", why="queued again")
    queue.cancel("run", who="Ada")
    told = [(each.state, each.who) for each in queue.history("run")]
    assert told == [
        ("queued", "Ada"),
        ("running", "engine"),
        ("interrupted", "engine"),
        ("queued", "engine"),
        ("cancelled", "Ada"),
    ]


def test_when_the_run_is_unknown_or_twice_then_it_is_said(queue: Queue) -> None:
    with pytest.raises(QueueError, match="no job 'ghost'"):
        queue.cancel("ghost", who="Ada")
    add(queue, "run")
    with pytest.raises(QueueError, match="already in the queue"):
        add(queue, "run")
    assert len(queue.jobs()) == 1


def test_when_the_file_is_no_queue_then_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    path.write_text("this is not a database, although it is long enough to look like one " * 20)
    with pytest.raises(QueueError, match="is damaged"):
        Queue(path)


def test_when_opened_again_then_the_jobs_are_there(tmp_path: Path) -> None:
    first = Queue(tmp_path / "queue.db")
    job = add(first, "run")
    first.close()
    second = Queue(tmp_path / "queue.db")
    assert second.job("run") == job
    second.close()
