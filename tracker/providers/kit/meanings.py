"""The conclusion from the HTTP status of an answer without a task: was anything created?"""

from collections.abc import Mapping
from enum import Enum, auto


class Meaning(Enum):
    """The conclusion from an answer without a task about a create."""

    REFUSED = auto()
    BLAMES_ACCOUNT = auto()
    """Refused because of the account: its key or its money."""
    WAIT = auto()
    """Not created; the same request may be accepted later."""
    UNKNOWN = auto()
    """It may have been created."""


STATUSES: Mapping[int, Meaning] = {
    400: Meaning.REFUSED,
    401: Meaning.BLAMES_ACCOUNT,
    402: Meaning.BLAMES_ACCOUNT,
    403: Meaning.BLAMES_ACCOUNT,
    408: Meaning.UNKNOWN,
    409: Meaning.UNKNOWN,
    425: Meaning.UNKNOWN,
    429: Meaning.WAIT,
}
"""Meanings of HTTP statuses where the provider's own page says nothing else. Of the other 4xx a
request is refused; of everything else nobody knows."""

CALLER_GONE = (444, 460, 499)
"""Statuses of proxies (nginx, AWS's load balancer) whose caller went away, or was taken to have:
what lies behind them may have created it. Apart from STATUSES, which are a part of each adapter's
revision: no kept answer is read otherwise for them.
"""


def get_meaning(status: int) -> Meaning:
    """Return what a status proves where the provider's own page says nothing else."""
    known = STATUSES.get(status)
    if known is not None:
        return known
    if status in CALLER_GONE:
        return Meaning.UNKNOWN
    return Meaning.REFUSED if 400 <= status < 500 else Meaning.UNKNOWN
