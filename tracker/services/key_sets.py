"""Fetch and keep the keys that callbacks are signed with.

Keys are fetched in the event loop, before anything is written. What was fetched once counts until a
newer set was fetched, however long its source is away; the database keeps it over restarts.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.providers.kit.published_keys import is_usable
from tracker.providers.kit.reading import read_json
from tracker.providers.ports.keys import KeySet, KeySource
from tracker.services.provider_calls import OutboundHttp
from tracker.services.shared_task import wait_for_shared
from tracker.store import published_keys
from tracker.store.published_keys import FetchedKeys
from tracker.store.store import Store

log = logging.getLogger(__name__)

FETCH_TIMEOUT_S = 5.0
"""Senders wait 15 s for an answer, some of them less."""
NEWER_AFTER_S = 300.0
"""The least pause between two fetches that signatures ask for which no key fits."""
AGAIN_AFTER_S = 15.0
"""The least pause behind a fetch that failed: callbacks do not wait for its source one by one."""
RENEWED_AFTER_S = 12 * 3600.0
"""Providers let their keys be kept for a day."""


@dataclass(slots=True)
class _Kept:
    """The keys of a source. Times are monotonic seconds.

    since:     when the fetch of the keys began, in this process or before; None without any.
    fetched_s: the same where this process fetched them; else None.
    asked_s:   when a signature that no key fitted last had them fetched.
    failed_s:  when a fetch last failed; None since one succeeded.
    """

    keys: KeySet | None = None
    since: datetime | None = None
    fetched_s: float | None = None
    asked_s: float | None = None
    failed_s: float | None = None
    fetching: "asyncio.Task[None] | None" = None


class KeySets:
    """The key sets of a process."""

    def __init__(self, store: Store, http: OutboundHttp, clock: Clock) -> None:
        """Nothing is fetched yet."""
        self._store, self._http, self._clock = store, http, clock
        self._kept: dict[KeySource, _Kept] = {}

    def get_keys(self, source: KeySource) -> KeySet | None:
        """Return the keys of a source; None while none are at hand."""
        kept = self._kept.get(source)
        return None if kept is None else kept.keys

    async def fetch_newer(self, source: KeySource, since_s: float) -> bool:
        """Fetch the keys for a signature that none fits; tell whether those at hand are newer.

        since_s: monotonic seconds at which the signature was there. A set whose fetch began later
                 has the key of every genuine one.
        """
        kept = self._kept.setdefault(source, _Kept())
        if kept.fetching is not None or self._may_fetch(kept):
            await self._await_fetch(source, kept)
        return kept.fetched_s is not None and kept.fetched_s >= since_s

    async def renew(self, sources: Iterable[KeySource]) -> None:
        """Fetch the sets that are not there yet or have become old. Raises nothing."""
        for source in sources:
            kept = self._kept.setdefault(source, _Kept())
            is_old = _is_over(kept.fetched_s, RENEWED_AFTER_S, self._clock.monotonic())
            if is_old and _is_over(kept.failed_s, NEWER_AFTER_S, self._clock.monotonic()):
                await self._await_fetch(source, kept)

    def _may_fetch(self, kept: _Kept) -> bool:
        now_s = self._clock.monotonic()
        if kept.failed_s is not None or kept.keys is None:
            return _is_over(kept.failed_s, AGAIN_AFTER_S, now_s)
        if not _is_over(kept.asked_s, NEWER_AFTER_S, now_s):
            return False
        kept.asked_s = now_s
        return True

    async def _await_fetch(self, source: KeySource, kept: _Kept) -> None:
        """Wait for a fetch; whoever comes while one is under way shares it."""
        if kept.fetching is None:
            kept.fetching = asyncio.create_task(self._fetch(source, kept))
        await wait_for_shared(kept.fetching)

    async def _fetch(self, source: KeySource, kept: _Kept) -> None:
        try:
            if kept.keys is None:
                await self._remember(source, kept)
            started_s, started_at = self._clock.monotonic(), self._clock.now()
            found = await self._request_keys(source)
            if isinstance(found, str):
                kept.failed_s = self._clock.monotonic()
                log.warning(
                    "no keys from %(url)s: %(reason)s; %(age)s",
                    {"url": source.url, "reason": found, "age": self._describe_age(kept)},
                )
            else:
                kept.keys, kept.since = found, started_at
                kept.fetched_s, kept.failed_s = started_s, None
                await self._keep(FetchedKeys(source.url, found, started_at))
        finally:
            kept.fetching = None

    async def _remember(self, source: KeySource, kept: _Kept) -> None:
        """Take the set that the database has of a source, in case that it is away."""
        try:
            found = await self._store.read(partial(published_keys.find, url=source.url))
        except Unavailable as error:
            log.warning(
                "keys are not read from the database: those of %(url)s: %(reason)s",
                {"url": source.url, "reason": error},
            )
            return
        if found is not None:
            kept.keys, kept.since = found.keys, found.fetched_at

    async def _keep(self, fetched: FetchedKeys) -> None:
        """Write a set down for the next start; without it, this process works all the same."""
        try:
            await self._store.write(published_keys.keep, fetched)
        except Unavailable as error:
            log.warning(
                "fetched keys were not written down: those of %(url)s: %(reason)s",
                {"url": fetched.url, "reason": error},
            )

    def _describe_age(self, kept: _Kept) -> str:
        """Say, for the log, how old the keys are that stand in for those that did not come."""
        if kept.since is None:
            return "there are none"
        age = self._clock.now() - kept.since
        return f"those of {timedelta(seconds=int(age.total_seconds()))} ago go on counting"

    async def _request_keys(self, source: KeySource) -> KeySet | str:
        """Return the keys that a source publishes now, or why there are none."""
        call = HttpCall("GET", source.url, timeout_s=FETCH_TIMEOUT_S, proxy=source.proxy)
        if source.is_operators or source.proxy is not None:
            answer = await self._http.call_provider(call)
        else:
            answer = await self._http.call_guarded(call)
        if isinstance(answer, HttpFailure):
            return answer.reason
        if answer.status != 200:
            return f"HTTP {answer.status}"
        try:
            keys = _parse_keys(read_json(answer.body), source)
        except ValueError as error:
            return f"not JSON: {error}"
        return keys or "the answer is no JSON Web Key Set with a key that can be used"


def _parse_keys(parsed: Any, source: KeySource) -> KeySet:
    """Return the usable keys of a set. None would replace those at hand, and refuse everything."""
    kinds = ("crv", "kty")
    keys = parsed.get("keys") if isinstance(parsed, dict) else None
    listed = keys if isinstance(keys, list) else []
    return [
        one
        for one in listed
        if isinstance(one, dict)
        and is_usable(one)
        and source.kind in (None, *(one.get(name) for name in kinds))
    ]


def _is_over(since_s: float | None, pause_s: float, now_s: float) -> bool:
    return since_s is None or now_s - since_s >= pause_s
