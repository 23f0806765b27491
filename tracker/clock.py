"""Time and chance: their only owner. Everything else is handed what it needs from here."""

import random
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux has the first
"""A lease runs on while a machine is suspended, and Linux's CLOCK_MONOTONIC does not."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the time, as aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time, as aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back, and that pass while the machine sleeps."""
        return time.clock_gettime(_STEADY)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import asyncio  # noqa: PLC0415 - 25 ms of each start of a command that needs no loop

        await asyncio.sleep(seconds)


class ServerClock:
    """A database server's time, carried on between samples by the machine's steady clock.

    Every process on one server tells the same time, whatever its machine's wall clock says. Before
    the first sample it is the machine's own time, and stays so where there is no server.
    Samples come from several threads.

    machine: the clock that it stands on.
    """

    def __init__(self, machine: Clock) -> None:
        """Nothing was heard of a server yet."""
        self.machine = machine
        self.monotonic = machine.monotonic
        self._heard: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the time, as aware UTC."""
        heard = self._heard
        if heard is None:
            return self.machine.now()
        at, at_s = heard
        return at + timedelta(seconds=self.monotonic() - at_s)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self.machine.sleep(seconds)

    @property
    def is_servers(self) -> bool:
        """Return whether a server was heard."""
        return self._heard is not None

    def hear(self, at: datetime, asked_s: float) -> None:
        """Take the server's time from an answer that has just come.

        asked_s: when it was asked, by `monotonic`. A sample that the way there and back may explain
            changes nothing, so that time does not waver.
        """
        now_s = self.monotonic()
        middle_s, error_s = (asked_s + now_s) / 2, (now_s - asked_s) / 2
        heard = self._heard
        if heard is not None:
            carried = heard[0] + timedelta(seconds=middle_s - heard[1])
            if abs((at - carried).total_seconds()) <= error_s:
                return
        self._heard = at, middle_s


def get_machine_time(clock: Clock) -> datetime:
    """Return the time of the machine that a clock stands on."""
    return clock.machine.now() if isinstance(clock, ServerClock) else clock.now()


def make_id() -> UUID:
    """Return a fresh UUIDv7: sorts by time of making."""
    return uuid7()


def make_name() -> str:
    """Return the text of a fresh UUIDv7, for what is only shown: it takes an eighth of the time."""
    return str(uuid_utils.uuid7())


def draw_jitter() -> float:
    """Return a fraction in [0, 1)."""
    return random.random()


def make_token() -> str:
    """Return a value nobody else has: 128 bits, hex. For leases."""
    return secrets.token_hex(16)


def make_key(size: int) -> bytes:
    """Return bytes that nobody can guess."""
    return secrets.token_bytes(size)


def make_secret() -> str:
    """Return a value nobody can guess: 256 bits, URL-safe. For signing."""
    return secrets.token_urlsafe(32)
