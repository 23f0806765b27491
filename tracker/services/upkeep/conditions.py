"""Say that something is wrong for a while, and that it is over: in the database and in the log."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.store import conditions
from tracker.store.conditions import Condition
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What is to be said of one condition.

    provider, account: of whom it is said; both empty when it concerns the whole service.
    reason: what is wrong, for people; None when nothing is (any more).
    """

    name: str
    provider: str
    account: str
    reason: str | None


def tell(tx: Tx, news: Sequence[News]) -> list[None]:
    """Set-based: raise and clear conditions. What stands already is not said again."""
    for one in news:
        about = (one.name, one.provider, one.account)
        if one.reason is None:
            if conditions.clear(tx.db, *about, now=tx.now):
                log.warning("condition %s is over (%s %s)", *about)
        elif conditions.raise_(tx.db, Condition(*about, one.reason, tx.now)):
            log.warning("condition %s (%s %s): %s", *about, one.reason)
    return [None] * len(news)
