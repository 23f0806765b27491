"""Tell whether this database was restored and is still being completed: submits wait meanwhile."""

import logging
from datetime import datetime

from tracker.domain.errors import Recovering, Unavailable
from tracker.store import conditions
from tracker.store.conditions import RECOVERING, RESTORING
from tracker.store.store import Reading, Store

log = logging.getLogger(__name__)


class Recovery:
    """Knowledge of one process. A database begins to be recovered only while no process uses it."""

    def __init__(self) -> None:
        """Nothing is known yet: `look` finds it out.

        since: what was written after this time may be missing; None where nothing is recovered.
        """
        self.since: datetime | None = None

    async def look(self, store: Store) -> None:
        """Find out how it stands. Raises Unavailable."""
        self.since = await store.read(_read_since)

    async def look_again(self, store: Store) -> None:
        """Find out whether it is over, now and then; a database that is away is asked later."""
        if self.since is None:
            return
        try:
            await self.look(store)
        except Unavailable as error:
            log.info("whether the recovery is over is asked later: %(reason)s", {"reason": error})

    def is_holding(self, db: Reading) -> bool:
        """Return whether submits wait, as the open transaction sees it."""
        if self.since is not None:
            self.since = _read_since(db)
        return self.since is not None


def build_refusal() -> Recovering:
    """Return why a submission is not taken now."""
    return Recovering(
        "the service was restored from a backup and still finds out what was submitted since; "
        "nothing new is taken until its operator ends that with `tracker recover --done`",
        retry_after_s=30,
    )


def _read_since(db: Reading) -> datetime | None:
    found = [one.raised_at for one in conditions.list_open(db) if one.name in _NAMES]
    return min(found, default=None)


_NAMES = frozenset({RECOVERING, RESTORING})
