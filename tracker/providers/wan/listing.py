"""DashScope's list of tasks: those that a lost create may have made, by time and model.

It shows neither prompts nor marks of ours, so that a person compares. Source:
https://pypi.org/project/dashscope (2.0.2, `VideoSynthesis.list`), read 2026-11.
"""

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.domain.outcome import Alike, LookupOutcome, More, NotSeen, Unanswered
from tracker.providers.kit.reading import first_text
from tracker.providers.kit.scan import page_of
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking

BEIJING = timezone(timedelta(hours=8))
_BEFORE, _AFTER = timedelta(minutes=1), timedelta(minutes=5)
"""How far from the beginning of its submit a task may be dated: clocks differ, calls last."""
_PAGE = 100
_MODELS = ("model_name", "model")


class WanTasks:
    """See providers/ports/adapter.py, `Looks`."""

    def __init__(self, adapter: TableAdapter) -> None:
        """adapter: reads refusals."""
        self._adapter = adapter

    def needs_url(self, account: Account) -> bool:
        """Tell that no URL of ours is looked for."""
        del account
        return False

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the call for a page of the time; None without a submit to look for."""
        if asking.since is None or asking.body is None:
            return None
        query = {
            "start_time": _written(asking.since - _BEFORE),
            "end_time": _written(asking.since + _AFTER),
            "model_name": _model_of(asking),
            "page_no": 1 if asking.page is None else asking.page["number"],
            "page_size": _PAGE,
        }
        url = f"{asking.account.base_url}/tasks?{urlencode(query)}"
        return HttpCall("GET", url, self._adapter.headers(asking.account))

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Collect the tasks of the model and time, until a page is empty."""
        page = page_of(self._adapter, answer, "data")
        if isinstance(page, Unanswered):
            return page
        _, entries = page
        number, before = 1, []
        if asking.page is not None:
            number, before = asking.page["number"], asking.page["found"]
        found = [*before, *(one for one in entries if _is_of_model(asking, one))]
        if len(entries) >= _PAGE:
            return More({"number": number + 1, "found": found})
        ids = [id_ for one in found if (id_ := first_text(one, ("task_id",), limit=500))]
        if not ids:
            return NotSeen("no task of this model and time in the provider's list")
        return Alike([Observation(None, "listed", id_) for id_ in ids], is_decisive=False)


def _model_of(asking: Asking) -> str:
    return str((asking.body or {}).get("model") or "")


def _is_of_model(asking: Asking, entry: Any) -> bool:
    return first_text(entry, _MODELS) in (None, _model_of(asking))


def _written(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
