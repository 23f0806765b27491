"""Answers that many ask for, made once beside them."""

import asyncio

import pytest

from tracker.domain.errors import Unavailable
from tracker.services.latest_looks import FRESH_S, LatestLooks


def test_an_answer_is_made_once_for_all_who_ask_and_again_when_it_is_past() -> None:
    async def run() -> None:
        looks, made = LatestLooks[str, int](), []

        async def make() -> int:
            made.append(1)
            await asyncio.sleep(0)
            return len(made)

        asked = [looks.look("a", make, patience_s=10) for _ in range(3)]
        assert await asyncio.gather(*asked) == [1, 1, 1]
        assert await looks.look("b", make, patience_s=10) == 2
        looks.forget("a")
        assert await looks.look("a", make, patience_s=10) == 3

    asyncio.run(run())


def test_what_was_being_made_when_it_became_past_is_not_kept() -> None:
    async def run() -> None:
        looks, may_end = LatestLooks[str, int](), asyncio.Event()

        async def late() -> int:
            await may_end.wait()
            return 1

        async def new() -> int:
            return 2

        assert await looks.look("a", late, patience_s=0) is None
        looks.forget("a")
        may_end.set()
        assert await looks.look("a", new, patience_s=10) == 2
        await asyncio.sleep(0)
        assert await looks.look("a", new, patience_s=10) == 2

    asyncio.run(run())


def test_a_look_of_ones_own_is_new_and_told_to_those_who_ask_next() -> None:
    async def run() -> None:
        looks, may_end = LatestLooks[str, int](), asyncio.Event()

        async def late() -> int:
            await may_end.wait()
            return 1

        async def new() -> int:
            return 2

        async def refused() -> int:
            raise Unavailable("not now")

        assert await looks.look("a", late, patience_s=0) is None
        assert await looks.renew("a", new) == 2
        may_end.set()
        await asyncio.sleep(0)
        assert await looks.look("a", refused, patience_s=10) == 2
        with pytest.raises(Unavailable):
            await looks.renew("a", refused)
        assert await looks.look("a", refused, patience_s=10) == 2

    asyncio.run(run())


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time can be set ahead."""

    ahead_s = 0.0

    def time(self) -> float:
        """Return seconds, as those of every loop."""
        return super().time() + self.ahead_s


def test_one_who_cannot_be_told_now_is_told_what_was_known() -> None:
    async def run(loop: _Loop) -> None:
        looks, may_end = LatestLooks[str, int](), asyncio.Event()

        async def refused() -> int:
            raise Unavailable("not now")

        async def known() -> int:
            return 1

        async def late() -> int:
            await may_end.wait()
            return 2

        assert await looks.look("a", refused, patience_s=10) is None
        assert await looks.look("a", known, patience_s=10) == 1
        loop.ahead_s += FRESH_S
        assert await looks.look("a", refused, patience_s=10) == 1
        assert await looks.look("a", late, patience_s=0) == 1
        may_end.set()
        assert await looks.look("a", refused, patience_s=10) == 2

    loop = _Loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run(loop))
