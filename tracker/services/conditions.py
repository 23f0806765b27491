"""Say that something is wrong for a while, and that it is over: in the database and in the log."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.store import conditions
from tracker.store.conditions import Condition
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """A report about one condition: raised or cleared.

    provider, account: of whom it is said; both empty when it concerns the whole service.
    reason: what is wrong, for people; None when nothing is (any more).
    """

    name: str
    provider: str
    account: str
    reason: str | None


def report(tx: Tx, news: Sequence[ConditionReport]) -> list[None]:
    """Set-based: raise and clear conditions. What stands already is not said again."""
    for one in news:
        if one.reason is not None:
            raise_one(tx, one)
        elif conditions.clear(tx.db, one.name, one.provider, one.account, now=tx.now):
            log.warning("condition %(subject)s is over", _list_fields(one, "cleared"))
    return [None] * len(news)


async def end_after(store: Store, name: str, *, before: datetime) -> None:
    """End a condition of the whole service that was raised before then. Raises Unavailable."""
    for one in await store.read(conditions.list_open):
        if one.name == name and one.raised_at < before:
            await store.write(report, ConditionReport(name, "", "", None))


def raise_one(tx: Tx, one: ConditionReport) -> bool:
    """Raise a condition; False when it stands already."""
    about = (one.name, one.provider, one.account)
    if not conditions.raise_(tx.db, Condition(*about, one.reason or "", tx.now)):
        return False
    log.warning("condition %(subject)s: %(reason)s", _list_fields(one, "raised"))
    return True


def _list_fields(one: ConditionReport, became: str) -> dict[str, str]:
    """Return what the log says of it."""
    of = f" of {one.provider} {one.account}" if one.provider else ""
    return {
        "subject": f"{one.name}{of}",
        "condition": one.name,
        "became": became,
        "provider": one.provider,
        "account": one.account,
        "reason": one.reason or "",
    }
