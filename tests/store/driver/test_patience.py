"""How long callers wait for the writer, and when they hear that writes go on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.workbench import HandClock
from tracker.store.driver.patience import Patience

LIMIT_S = 10.0


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose timers a test fires by hand."""

    def call_at(self, when: float, callback: Callable[..., Any], *_: Any, **__: Any) -> Any:  # type: ignore[override] # arguments are not needed
        self.fire = callback
        return asyncio.TimerHandle(when, callback, (), self)


@dataclass
class _Caller:
    future: Any
    since_s: float = 0.0
    is_patient: bool = False
    is_refused: bool = False


@dataclass
class _Stall:
    """A transaction that stands still beyond the limit, with one caller."""

    clock: HandClock
    loop: _Loop
    told: list[tuple[datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.patience = Patience(self.clock, LIMIT_S)
        self.patience.start(self.loop)
        self.patience.call_on_recovery(lambda since, until: self.told.append((since, until)))

    def stand(self) -> None:
        self.patience.add([_Caller(self.loop.create_future())])
        self.patience.note_begin()
        self.clock.move(LIMIT_S)
        self.loop.fire()
        self.patience.note_end()


def test_a_stall_that_ends_in_a_refusal_is_over_with_the_next_write_that_is_taken() -> None:
    clock, loop = HandClock(), _Loop()
    since = clock.now()
    stall = _Stall(clock, loop)
    for _ in range(2):
        stall.stand()
        assert stall.patience.stalled_since is not None
        stall.patience.remove(1, is_any_taken=False)
        assert stall.patience.stalled_since is None
    assert stall.told == []
    stall.patience.add([_Caller(loop.create_future())])
    stall.patience.remove(1, is_any_taken=True)
    assert stall.told == [(since, clock.now())]
    loop.close()
