"""Pictures are decoded while the one before is being looked at: both take long, and neither needs the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

AHEAD = 2  # pictures that are ready before they are asked for: more would only take memory


def ahead(
    firsts: Iterable[First], seconds: Iterable[Second], count: int = AHEAD
) -> tuple[Generator[First], Iterator[Second]]:
    """The same two, `zip`ped in a thread of its own, up to `count` pairs ahead of who asks for them.

    What goes wrong there is raised where the pair would have come. The thread ends with the first iterator, which may
    be closed before its end.

    Args:
        seconds: asked for once after each of the firsts, here as well as of what is returned.
    """
    told: deque[Second] = deque()

    def each_first() -> Generator[First]:
        pairs = zip(firsts, seconds, strict=False)
        with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
            waiting: deque[Future[tuple[First, Second] | None]] = deque()
            waiting.extend(thread.submit(next, pairs, None) for _ in range(count))
            while (pair := waiting.popleft().result()) is not None:
                waiting.append(thread.submit(next, pairs, None))
                told.append(pair[1])
                yield pair[0]

    def each_second() -> Iterator[Second]:
        while True:
            yield told.popleft()

    return each_first(), each_second()
