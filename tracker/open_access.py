"""Refuse to serve strangers where there are no API keys, and make the first key."""

import logging
from urllib.parse import urlsplit

from tracker.domain.errors import Unavailable
from tracker.services.access.keys import Keys
from tracker.services.context import Context
from tracker.settings import Settings, SettingsError
from tracker.store import keys
from tracker.store.probe import has_keys
from tracker.store.store import Store
from tracker.web.edge.local import is_loopback

log = logging.getLogger(__name__)


def refuse_open_access(settings: Settings) -> None:
    """Warn, before it happens, that anybody who reaches the service may submit paid tasks.

    Raises SettingsError for a bind beyond loopback without keys, unless TRACKER_AUTH=off.
    """
    if settings.is_loopback() or settings.tracker_auth == "off":
        return
    if settings.tracker_bootstrap_key is not None:  # made before anything is answered
        return
    if has_keys(settings.resolve_database_url()) is False:
        raise SettingsError(
            f"TRACKER_AUTH: {settings.tracker_host} is open to others and there are no keys: make "
            "one (`tracker migrate`, `tracker keys create`), or bind 127.0.0.1, or put your own "
            "gateway in front and set TRACKER_AUTH=off; on a platform without a shell set "
            "TRACKER_BOOTSTRAP_KEY"
        )


def advise_on_first_key(settings: Settings) -> str | None:
    """Return what to do before others can use the API at its public URL; None where all may.

    Call it only where there are no keys: then nobody but programs on this machine is answered.
    """
    url = settings.tracker_public_url
    if url is None or settings.tracker_auth is not None or not settings.is_loopback():
        return None
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    return (
        f"there are no API keys: through {url} only callbacks are taken, everything else is "
        "refused; make a key with `tracker keys create` for whoever calls the API"
    )


async def make_first_key(settings: Settings, context: Context) -> None:
    """Keep TRACKER_BOOTSTRAP_KEY as the first key, where no key was ever made."""
    given = settings.tracker_bootstrap_key
    if given is None:
        return
    made = await Keys(context.store, context.clock, context.secrets).keep_first(
        given.get_secret_value()
    )
    if made:
        log.info("the key of TRACKER_BOOTSTRAP_KEY is kept: it may do everything")


async def advise_key(settings: Settings, store: Store) -> None:
    """Log the advice of `advise_on_first_key`, where no key was ever made."""
    advice = advise_on_first_key(settings)
    try:
        if advice is not None and not await store.read(keys.is_any):
            log.warning("TRACKER_PUBLIC_URL wants a look: %(reason)s", {"reason": advice})
    except Unavailable as error:
        log.warning("whether there are API keys is not known: %(reason)s", {"reason": error})
