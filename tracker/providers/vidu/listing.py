"""Vidu's list of an account's tasks, by the time of their create.

Sources: https://platform.vidu.com/docs/tasks-list, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tracker.domain.exchange import HttpCall
from tracker.domain.outcome import Unanswered
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.scan import read_page
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest
from tracker.providers.vidu.inputs import CREATES
from tracker.providers.vidu.marks import mark_in
from tracker.providers.vidu.passing import build_token_header

PAGE = 100
ENTRIES = "tasks"
"""The field of a page that holds its tasks."""
MARGIN = timedelta(minutes=10)
"""How far Vidu's clock may be off."""
_ANY_OPERATION = next(iter(CREATES))
"""A task is asked for by its id alone, whatever made it."""


def list_call(
    account: Account, since: datetime, now: datetime, page: Mapping[str, Any]
) -> HttpCall:
    """Build the call for a page of the tasks that were made between two times."""
    window = {
        "created_at.from": _format_instant(since - MARGIN),
        "created_at.to": _format_instant(now + MARGIN),
        "pager.pagesz": PAGE,
    }
    query = urlencode(window | dict(page), quote_via=quote)
    return HttpCall("GET", f"{account.base_url}/ent/v2/tasks?{query}", build_token_header(account))


def build_next_page(
    before: Mapping[str, Any], parsed: Mapping[str, Any], entries: Sequence[Any]
) -> Mapping[str, Any] | None:
    """Return the parameters of the page behind this one; None at the end."""
    token = find_first_text(parsed, ("next_page_token",))
    if not entries or (token is None and "pager.page_token" in before):
        return None
    if token is not None:
        return {"pager.page_token": token}
    return {"pager.page": int(before.get("pager.page", 0)) + 1}


class ViduLists:
    """Lists the tasks whose payload carries an id of ours; others are not ours."""

    def __init__(self, adapter: TableAdapter) -> None:
        """adapter: reads entries and refusals."""
        self._adapter = adapter

    def build_list(self, request: ListRequest) -> HttpCall | None:
        """Build the call for a page."""
        page = request.page or {"pager.page": 0}
        return list_call(request.account, request.since, request.now, page)

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        """Read a page; it leads on until one is empty."""
        page = read_page(self._adapter, answer, ENTRIES)
        if isinstance(page, Unanswered):
            return page
        parsed, entries = page
        found = [
            ListedTask(_ANY_OPERATION, said.provider_task_id, mark)
            for one in entries
            if (mark := mark_in(one)) is not None
            and (said := self._adapter.observe(request.account, None, one)) is not None
            and said.provider_task_id is not None
        ]
        return ListedPage(found, build_next_page(request.page or {}, parsed, entries))


def _format_instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
