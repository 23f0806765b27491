"""fal's list of an account's requests, where a lost one is looked for by its input and its time.

Sources: https://docs.fal.ai/platform-apis (requests by endpoint) and, for the names of its fields,
public callers of it (GitHub, `requests/by-endpoint`), read 2026-11-30. It shows no webhook and no
id of ours. Whether requests that still wait are listed is unknown.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from tracker.domain.observation import Observation
from tracker.domain.task import TaskState
from tracker.providers.kit.front_answers import format_time
from tracker.providers.kit.likeness import LikenessScan
from tracker.providers.kit.reading import find_first_instant, find_first_text, read_json
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking

PLATFORM_URL = "https://api.fal.ai/v1"
_PAGE = 100
_TIMES = ("sent_at", "created_at", "started_at")


class FalRequests(LikenessScan):
    """Takes a request of the same model, input and time."""

    entries_in = "items"
    before: ClassVar[timedelta] = timedelta(minutes=2)
    after: ClassVar[timedelta] = timedelta(minutes=10)
    is_decisive = True
    nothing = "no request of this input in the provider's list"

    def __init__(self, adapter: TableAdapter, families: Sequence[str]) -> None:
        """adapter: reads refusals. families: of fal's own hosts."""
        super().__init__(adapter)
        self._families = tuple(f".{one}" for one in families)

    def build_page_url(self, asking: Asking, begin: datetime, end: datetime) -> str:
        """Return the URL of a page of the model's requests, with what each was made of."""
        query = {
            "endpoint_id": asking.task.operation,
            "start": format_time(begin),
            "end": format_time(end),
            "expand": "payloads",
            "limit": _PAGE,
        }
        if asking.page is not None:
            query["cursor"] = asking.page["cursor"]
        return f"{self._choose_base(asking.account)}/models/requests/by-endpoint?{urlencode(query)}"

    def read_next_page(
        self, asking: Asking, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Return the cursor of the next page."""
        del asking
        cursor = find_first_text(parsed, ("next_cursor",))
        return {"cursor": cursor} if cursor is not None and entries else None

    def is_like(self, asking: Asking, entry: Any) -> bool:
        """Tell whether a request has the input of the submit and may have been made by it."""
        at = find_first_instant(entry, _TIMES)
        if at is None or asking.since is None or asking.body is None:
            return False
        given = entry.get("json_input")
        try:
            made_of = read_json(given.encode()) if isinstance(given, str) else given
        except ValueError:
            return False
        sent = {name: value for name, value in asking.body["input"].items() if name != "sync_mode"}
        is_of_time = asking.since - self.before <= at <= asking.since + self.after
        return is_of_time and _is_same(sent, made_of)

    def observe(self, entry: Any) -> Observation | None:
        """Say that a request exists; how it stands is asked for by its id."""
        name = find_first_text(entry, ("request_id",), limit=500)
        word = find_first_text(entry, ("status",), limit=100) or "listed"
        return None if name is None else Observation(TaskState.SUBMITTED, word, name)

    def _choose_base(self, account: Account) -> str:
        host = urlsplit(account.base_url).hostname or ""
        return PLATFORM_URL if host.endswith(self._families) else f"{account.base_url}/v1"


def _is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does: `true` is not 1, 1.0 is."""
    if isinstance(one, Mapping):
        is_alike = isinstance(other, Mapping) and one.keys() == other.keys()
        return is_alike and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        is_alike = isinstance(other, list) and len(one) == len(other)
        return is_alike and all(map(_is_same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
