"""Lose the answer of a create on its way to the client."""

from tests.support.proxy import Choose, Cut, Exchange, Fault, Side

ANSWERED = Cut(Side.RESPONSE, after=0, is_reset=True)
"""The answer was given; not a byte of it passes."""


def first_create(fault: Fault) -> Choose:
    """Break the first POST."""
    faults = [fault]

    def choose(request: bytes) -> Fault | None:
        return faults.pop() if faults and request.startswith(b"POST") else None

    return choose


def creates(exchanges: list[Exchange]) -> list[str]:
    """Return `lost` or `answered` for each POST that passed."""
    posts = [each for each in exchanges if each.request.startswith(b"POST")]
    return ["lost" if each.fault else "answered" for each in posts]
