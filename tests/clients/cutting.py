"""Lose the answer of a create on its way to the client."""

import re

from tests.clients.conftest import Served
from tests.support.proxy import Choose, Cut, Exchange, Fault, Proxy, Side
from tests.support.waiting import wait_until

ANSWERED = Cut(Side.RESPONSE, after=0, is_reset=True)
"""The answer was given; not a byte of it passes."""


def first_create(naming: str = "") -> Choose:
    """Lose the answer to the first POST, of those that name something."""
    faults, name = [ANSWERED], naming.encode()

    def choose(request: bytes) -> Fault | None:
        is_meant = request.startswith(b"POST") and name in request
        return faults.pop() if faults and is_meant else None

    return choose


def creates(exchanges: list[Exchange]) -> list[str]:
    """Return `lost` or `answered` for each POST that passed."""
    posts = [each for each in exchanges if each.request.startswith(b"POST")]
    return ["lost" if each.fault else "answered" for each in posts]


class EvenCuts:
    """Cuts the first answer to each of several creates, at places spread over all of its bytes.

    prompts: of the creates, in their order. The answer to the first one passes whole: it tells how
             long they are. Of that to the second not a byte passes.
    """

    def __init__(self, name: str, count: int = 16) -> None:
        """name: of the prompts; they end with 0, 1 and so on.

        count: more than an answer has bytes, for a cut behind each of them.
        """
        self.prompts = [f"{name} cut {number}" for number in range(count)]
        self._waiting = set(range(1, count))
        self._proxy: Proxy | None = None

    def of(self, proxy: Proxy) -> None:
        """Take the proxy that this chooses for."""
        self._proxy = proxy

    def __call__(self, request: bytes) -> Fault | None:
        """Choose the cut of a create by the number in its prompt."""
        found = re.search(rb"\bcut[ +](\d+)\b", request)
        number = int(found[1]) if found else 0
        if number not in self._waiting or self._proxy is None:
            return None
        self._waiting.discard(number)
        size = self._proxy.exchanges[0].response_size
        after = size * (number - 1) // (len(self.prompts) - 1)
        return Cut(Side.RESPONSE, after, is_reset=True)

    def check(self, served: Served, ids: list[str]) -> None:
        """Check that each create was lost once, sent again, and made one task."""
        self.check_repeats(ids)
        wait_until(lambda: all(served.created_each(self.prompts)))
        assert served.created_each(self.prompts) == [1] * len(self.prompts)

    def check_repeats(self, ids: list[str]) -> set[int]:
        """Check that each create was lost once and sent again; return where answers were cut."""
        assert self._proxy is not None
        count, exchanges = len(self.prompts), self._proxy.exchanges
        assert len(set(ids)) == count
        assert creates(exchanges) == ["answered", *["lost", "answered"] * (count - 1)]
        return {one.response_size for one in exchanges if one.fault is not None}
