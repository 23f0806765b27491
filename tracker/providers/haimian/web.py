"""The web page: HTTP 200 always, `status_code` decides; one task for each song.

Source: https://pypi.org/project/meutils (2026.7.17, meutils/apis/sunoai/haimian.py), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Part
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import Task
from tracker.providers.haimian.options import build_web_headers
from tracker.providers.haimian.songs import read_song
from tracker.providers.haimian.tables import SongTable, WebSongInput
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.repeated import select_fullest
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.together import is_refused_together
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Sending

DAILY_LIMIT = "10000008"
_CHINA = timezone(timedelta(hours=8))


class WebDialect(SongTable):
    """The web page: HTTP 200 always, `status_code` decides; one task for each song."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "generate/lyric2song": CreatePath("generate/lyric2song", WebSongInput),
            "generate/text2bgm": CreatePath("generate/text2bgm", WebSongInput),
        }
    )
    poll_path = "generate/tasks/info?task_ids={id}"
    messages = ("status_info.status_msg", "message", "error")
    together = 20

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the cookie."""
        return build_web_headers(account)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take each task of the answer: the first is ours, the others are its parts."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        ids = [
            id_
            for one in _read_entries(parsed)
            if (id_ := find_first_text(one, ("task_id",), limit=200))
        ]
        if not ids:
            return self.classify_refusal(sending, answer, parsed)
        parts = tuple(Part(id_, str(n)) for n, id_ in enumerate(ids[1:], 2))
        return Accepted(ids[0], "submitted", request_id=_log_id(parsed), parts=parts)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Know the daily limit, which lasts until midnight in China."""
        code = find_first_text(parsed, ("status_code",), limit=40)
        if code == DAILY_LIMIT:
            words, pause_s = (
                self.describe_answer(answer, parsed),
                _count_seconds_to_midnight(sending.now),
            )
            return Deferred(
                code,
                words,
                pause_s,
                request_id=_log_id(parsed),
                scope=DeferralScope.ACCOUNT,
            )
        return super().classify_refusal(sending, answer, parsed)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask for several in one call, with a repeated parameter."""
        del account
        return "tasks" if task.provider_task_id else None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query; it needs the cookie that the tasks were made with."""
        if asking.task.provider_task_id is None:
            return None
        ids = [quote(task.provider_task_id or "", safe="") for task in asking.tasks]
        query = "&".join(f"task_ids={id_}" for id_ in ids)
        url = f"{asking.account.base_url}/generate/tasks/info?{query}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Find each task's entry. One that is not there may belong to another login."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        is_good = find_first_text(parsed, ("status_code",), limit=40) in (None, "0")
        data = parsed.get("data") if isinstance(parsed, dict) else None
        if answer.status >= 300 or not is_good or not isinstance(data, dict | list):
            told = self.describe_unanswered(answer, parsed)
            told = replace(told, alone=is_refused_together(asking, answer, parsed))
            return [told] * len(asking.tasks)
        known = select_fullest(
            (find_first_text(one, ("task_id",), limit=200), read_song(asking.account, one))
            for one in _read_entries(parsed)
            if isinstance(one, dict)
        )
        missing = Absent("the login's list does not show it", Absence.OTHER_KEY, weak=True)
        return [
            Observed(known[task.provider_task_id]) if task.provider_task_id in known else missing
            for task in asking.tasks
        ]


def _read_entries(parsed: Any) -> Sequence[Any]:
    data = parsed.get("data") if isinstance(parsed, dict) else None
    if isinstance(data, dict):
        data = data.get("tasks")
    return data if isinstance(data, list) else ()


def _log_id(parsed: Any) -> str | None:
    return find_first_text(parsed, ("status_info.log_id",), limit=200)


def _count_seconds_to_midnight(now: datetime) -> float:
    """Return the seconds until midnight in China."""
    here = now.astimezone(_CHINA)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max((midnight.astimezone(UTC) - now).total_seconds(), 60.0)
