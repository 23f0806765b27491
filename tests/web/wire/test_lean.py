"""The event of connections that wait."""

import asyncio

from tracker.web.wire.lean import LeanEvent


def test_an_event_lets_all_go_on_who_wait_for_it() -> None:
    asyncio.run(_all_go_on())


async def _all_go_on() -> None:
    event = LeanEvent()
    left, *others = [asyncio.create_task(event.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    assert left.cancelled()
    event.set()
    event.set()
    event.clear()
    await asyncio.gather(*others)  # they were told before it was cleared
    assert not event.is_set()
    later = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    assert not later.done()
    event.set()
    await later
    await event.wait()
