"""Callbacks of one turn of the loop are read together, and none is lost with another."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.made_up import NAME
from tests.support.raw_callbacks import build_raw_callback
from tracker.domain import token
from tracker.domain.errors import Unavailable
from tracker.domain.lifecycle import Verdict
from tracker.precedence import Precedence
from tracker.services.receive.arrivals import READ_AT_ONCE, READ_TOGETHER, Arrivals
from tracker.services.receive.callback import ParsedCallback, RawCallback
from tracker.store.driver.patience import WriteWaiter

pytestmark = pytest.mark.anyio
TURNS = 8
"""More turns of the loop than anything here takes."""


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class _Stage:
    """Reads and writes for Arrivals; a body `bad` cannot be read, `lost` not kept, `rude` told."""

    def __init__(self) -> None:
        self.read_at_once: list[int] = []
        self.answers: list[tuple[bytes, object]] = []
        self.precedence = Precedence()
        self.arrivals: Arrivals[str] = Arrivals(
            self._read, self._write, self._tell, self.precedence
        )

    def add(self, body: bytes) -> None:
        def then(outcome: str | Exception | None) -> None:
            self.answers.append((body, outcome))
            if body == b"rude":
                raise ValueError(body)

        self.arrivals.add(build_raw_callback(NAME, token.SHARED, "", body), 1.5, then)

    def _read(self, raws: Sequence[RawCallback]) -> list[ParsedCallback]:
        self.read_at_once.append(len(raws))
        if any(raw.inbound.body == b"bad" for raw in raws):
            raise ValueError("bad")
        return [_parsed(raw) for raw in raws]

    @staticmethod
    def _write(items: Sequence[tuple[ParsedCallback, WriteWaiter]]) -> None:
        for item, waiter in items:
            assert not waiter.done()
            if item.raw.inbound.body == b"lost":
                waiter.set_exception(Unavailable("lost"))
            else:
                waiter.set_result("kept")

    @staticmethod
    def _tell(raw: RawCallback, item: ParsedCallback, kept: str, started_s: float) -> str:
        return f"{kept} {raw.inbound.body.decode()} {item.verdict.value} {started_s}"


def _parsed(raw: RawCallback) -> ParsedCallback:
    verdict = Verdict.FORGED if raw.inbound.body == b"forged" else Verdict.ADVANCED
    return ParsedCallback(raw, b"", {}, None, None, verdict, None)


async def test_what_one_turn_brings_is_read_together_and_answered_in_order() -> None:
    stage = _Stage()
    for body in (b"a", b"forged", b"b"):
        stage.add(body)
    assert not stage.read_at_once
    assert stage.precedence.is_urgent  # from its arrival on, not only once the writer has it
    await _turns()
    assert stage.read_at_once == [3]
    # What must be read alone is handed back before anything is on the disk.
    assert stage.answers == [
        (b"forged", None),
        (b"a", "kept a advanced 1.5"),
        (b"b", "kept b advanced 1.5"),
    ]
    assert not stage.precedence.is_urgent


async def test_one_that_breaks_the_reading_leaves_the_others() -> None:
    stage = _Stage()
    for body in (b"a", b"bad", b"b"):
        stage.add(body)
    await _turns()
    assert stage.answers == [(b"a", None), (b"bad", None), (b"b", None)]
    assert not stage.precedence.is_urgent


async def test_one_that_is_not_kept_or_not_answered_leaves_the_others() -> None:
    stage = _Stage()
    for body in (b"lost", b"rude", b"a"):
        stage.add(body)
    await _turns()
    assert [body for body, _ in stage.answers] == [b"lost", b"rude", b"a"]
    lost = stage.answers[0][1]
    assert isinstance(lost, Unavailable)
    assert not stage.precedence.is_urgent


@pytest.mark.parametrize(
    ("bodies", "groups"),
    [
        ([b"a"] * (2 * READ_TOGETHER + 1), [READ_TOGETHER, READ_TOGETHER, 1]),
        ([b"a" * (READ_AT_ONCE // 2)] * 5, [2, 2, 1]),
        ([b"a" * READ_AT_ONCE] * 2, [1, 1]),
    ],
)
async def test_a_turn_reads_so_many_and_so_much(bodies: list[bytes], groups: list[int]) -> None:
    stage = _Stage()
    for body in bodies:
        stage.add(body)
    await _turns()
    assert stage.read_at_once == groups
    assert len(stage.answers) == len(bodies)
