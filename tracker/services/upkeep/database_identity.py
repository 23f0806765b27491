"""Keep what tells this database from an older copy of it, and say for a day that it changed."""

import logging
from datetime import timedelta

from tracker.domain.errors import Unavailable
from tracker.services.conditions import end_after
from tracker.services.context import Context
from tracker.store.conditions import DATABASE_CHANGED

log = logging.getLogger(__name__)

SAID = timedelta(days=1)
"""How long it stands in `/v1/attention` that the database changed: it ends by itself."""


async def note_identity(context: Context) -> None:
    """Write the newest number of the feed beside a SQLite file, and end what was said."""
    store = context.store
    try:
        await store.note_identity()
        await end_after(store, DATABASE_CHANGED, before=context.clock.now() - SAID)
    except Unavailable as error:
        log.info("the newest number is noted later: %(reason)s", {"reason": error})
