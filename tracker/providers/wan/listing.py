"""DashScope's list of tasks: those that a lost create may have made, by time and model.

It shows neither prompts nor marks of ours, so that a person compares. Source:
https://pypi.org/project/dashscope (2.0.2, `VideoSynthesis.list`), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import urlencode

from tracker.domain.observation import Observation
from tracker.providers.kit.likeness import LikenessScan
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.adapter import Asking

BEIJING = timezone(timedelta(hours=8))
_PAGE = 100
_MODELS = ("model_name", "model")


class WanTasks(LikenessScan):
    """Finds tasks of the same model and time, for a person."""

    entries_in = "data"
    before: ClassVar[timedelta] = timedelta(minutes=1)
    after: ClassVar[timedelta] = timedelta(minutes=5)
    is_decisive = False
    nothing = "no task of this model and time in the provider's list"

    def build_page_url(self, asking: Asking, begin: datetime, end: datetime) -> str:
        """Return the URL of a page of the model's tasks."""
        query = {
            "start_time": _format_time(begin),
            "end_time": _format_time(end),
            "model_name": _find_model(asking),
            "page_no": _find_number(asking),
            "page_size": _PAGE,
        }
        return f"{asking.account.base_url}/tasks?{urlencode(query)}"

    def read_next_page(
        self, asking: Asking, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Return the number of the next page; None where this one was not full."""
        del parsed
        return {"number": _find_number(asking) + 1} if len(entries) >= _PAGE else None

    def is_like(self, asking: Asking, entry: Any) -> bool:
        """Tell whether a task is of the model, or of one that the list does not name."""
        return find_first_text(entry, _MODELS) in (None, _find_model(asking))

    def observe(self, entry: Any) -> Observation | None:
        """Say that a task exists."""
        name = find_first_text(entry, ("task_id",), limit=500)
        return None if name is None else Observation(None, "listed", name)


def _find_number(asking: Asking) -> int:
    return 1 if asking.page is None else int(asking.page["number"])


def _find_model(asking: Asking) -> str:
    return str((asking.body or {}).get("model") or "")


def _format_time(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
