"""Time and chance: their only owner. Everything else is handed what it needs from here."""

import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux has the first
"""A lease runs on while a machine is suspended, and Linux's CLOCK_MONOTONIC does not."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, and that pass while the machine sleeps."""
        return time.clock_gettime(_STEADY)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import asyncio  # noqa: PLC0415 - 25 ms of each start of a command that needs no loop

        await asyncio.sleep(seconds)


def new_id() -> UUID:
    """A fresh UUIDv7: sorts by time of making."""
    return uuid7()


def new_name() -> str:
    """The text of a fresh UUIDv7, for what is only ever shown: an eighth of the time."""
    return str(uuid_utils.uuid7())


def jitter() -> float:
    """A fraction in [0, 1)."""
    return random.random()


def new_token() -> str:
    """A value nobody else has: 128 bits, hex. For leases."""
    return secrets.token_hex(16)


def new_key(size: int) -> bytes:
    """Bytes that nobody can guess."""
    return secrets.token_bytes(size)


def new_secret() -> str:
    """A value nobody can guess: 256 bits, URL-safe. For signing."""
    return secrets.token_urlsafe(32)
