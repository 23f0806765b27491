"""fal's list of an account's requests, where a lost one is looked for by its input and its time.

Sources: https://docs.fal.ai/platform-apis (requests by endpoint) and, for the names of its fields,
public callers of it (GitHub, `requests/by-endpoint`), read 2026-11-30. It shows no webhook and no
id of ours. Whether requests that still wait are listed is unknown.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.domain.outcome import Alike, LookupOutcome, More, NotSeen, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.kit.reading import first_instant, first_text, read_json
from tracker.providers.kit.scan import page_of
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking

PLATFORM_URL = "https://api.fal.ai/v1"
_BEFORE, _AFTER = timedelta(minutes=2), timedelta(minutes=10)
"""How far from the beginning of its submit a request may be dated: clocks differ, calls last."""
_PAGE = 100
_TIMES = ("sent_at", "created_at", "started_at")


class FalRequests:
    """See providers/ports/adapter.py, `Looks`."""

    def __init__(self, adapter: TableAdapter, families: Sequence[str]) -> None:
        """adapter: reads refusals. families: of fal's own hosts."""
        self._adapter = adapter
        self._families = tuple(f".{one}" for one in families)

    def needs_url(self, account: Account) -> bool:
        """Tell that no URL of ours is looked for."""
        del account
        return False

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the call for a page of the model's requests; None without a submit to look for."""
        if asking.since is None or asking.body is None:
            return None
        query = {
            "endpoint_id": asking.task.operation,
            "start": _written(asking.since - _BEFORE),
            "end": _written(asking.since + _AFTER),
            "expand": "payloads",
            "limit": _PAGE,
        }
        if asking.page is not None:
            query["cursor"] = asking.page["cursor"]
        url = f"{self._base_of(asking.account)}/models/requests/by-endpoint?{urlencode(query)}"
        return HttpCall("GET", url, self._adapter.headers(asking.account))

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Collect the requests of the same input and time, through all pages."""
        page = page_of(self._adapter, answer, "items")
        if isinstance(page, Unanswered):
            return page
        parsed, entries = page
        before = () if asking.page is None else asking.page["found"]
        found = [*before, *(one for one in entries if _is_like(asking, one))]
        cursor = first_text(parsed, ("next_cursor",))
        if cursor is not None and entries:
            return More({"cursor": cursor, "found": found})
        said = [said for one in found if (said := _observed(one)) is not None]
        if not said:
            return NotSeen("no request of this input in the provider's list")
        return Alike(said, is_decisive=True)

    def _base_of(self, account: Account) -> str:
        host = urlsplit(account.base_url).hostname or ""
        return PLATFORM_URL if host.endswith(self._families) else f"{account.base_url}/v1"


def _is_like(asking: Asking, entry: Any) -> bool:
    """Tell whether a request has the input of the submit and may have been made by it."""
    at = first_instant(entry, _TIMES)
    if at is None or asking.since is None or asking.body is None:
        return False
    given = entry.get("json_input")
    try:
        made_of = read_json(given.encode()) if isinstance(given, str) else given
    except ValueError:
        return False
    sent = {name: value for name, value in asking.body["input"].items() if name != "sync_mode"}
    return asking.since - _BEFORE <= at <= asking.since + _AFTER and _is_same(sent, made_of)


def _is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does: `true` is not 1, 1.0 is."""
    if isinstance(one, Mapping):
        is_alike = isinstance(other, Mapping) and one.keys() == other.keys()
        return is_alike and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        is_alike = isinstance(other, list) and len(one) == len(other)
        return is_alike and all(map(_is_same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _observed(entry: Any) -> Observation | None:
    """Say that a request exists; how it stands is asked for by its id."""
    name = first_text(entry, ("request_id",), limit=500)
    word = first_text(entry, ("status",), limit=100) or "listed"
    return None if name is None else Observation(TaskState.SUBMITTED, word, name)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
