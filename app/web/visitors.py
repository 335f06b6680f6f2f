"""Visitors by network address: how often each may try a password, and how much of the app each may have."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_KEPT = 10_000  # addresses remembered


def network(address: str) -> str:
    """The network address that one visitor is taken to have: of IPv6, where everybody has billions, the first half; an
    IPv4 address inside an IPv6 one counts as what it is."""
    number = address_of(address)
    if number is None or number.version == 4:
        return address if number is None else str(number)
    inside = number.ipv4_mapped
    return str(inside or ipaddress.ip_network((int(number), 64), strict=False))


def address_of(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A numeric address; None for a name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


class Attempts:
    """Wrong passwords by network address: after a few, the next is refused for twice as long each time."""

    SLOW_S = 1.0  # before a wrong password is answered
    FREE, LONGEST_S = 5, 300.0
    _FORGOTTEN_S = 3600.0

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, tuple[int, float]] = {}  # how many, and when the last

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again."""
        count, last = self._failures.get(address, (0, 0.0))
        if count < self.FREE:
            return 0.0
        return max(0.0, last + min(2.0 ** min(1 + count - self.FREE, 20), self.LONGEST_S) - self._now())

    def failed(self, address: str) -> None:
        """A password was wrong."""
        count, last = self._failures.pop(address, (0, 0.0))
        fresh = self._now() - last > self._FORGOTTEN_S
        self._failures[address] = (1 if fresh else count + 1, self._now())
        while len(self._failures) > _KEPT:
            self._failures.pop(next(iter(self._failures)))

    def succeeded(self, address: str) -> None:
        """A password was right: the address no longer has to wait."""
        self._failures.pop(address, None)


class Budget:
    """So much for each address; what was spent comes back steadily."""

    def __init__(self, most: float, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """Args:
        most: that an address can spend at once.
        seconds: after which all of it is there again.
        now: the time in seconds.
        """
        self._most, self._seconds, self._now = most, seconds, now
        self._spent: dict[str, tuple[float, float]] = {}  # how much of it, and when

    def take(self, address: str, amount: float = 1.0) -> bool:
        """Spend so much, if there is as much left."""
        spent, then = self._spent.pop(address, (0.0, 0.0))
        spent = max(0.0, spent - (self._now() - then) * self._most / self._seconds)
        enough = spent + amount <= self._most
        self._spent[address] = (spent + amount if enough else spent, self._now())
        while len(self._spent) > _KEPT:
            self._spent.pop(next(iter(self._spent)))
        return enough


class Crowd:
    """Requests under way by address, streams that pages listen to among them."""

    def __init__(self, most: int) -> None:
        """At most so many of one address."""
        self._most = most
        self._here: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str) -> Iterator[bool]:
        """Whether there is room for one more, who stays for the length of the context."""
        if self._here[address] >= self._most:
            yield False
            return
        self._here[address] += 1
        try:
            yield True
        finally:
            self._here[address] -= 1
            if not self._here[address]:
                del self._here[address]
