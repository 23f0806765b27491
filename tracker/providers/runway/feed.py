"""Runway at gateways that tell the status as a number, by `feed` and by callbacks.

Sources: https://gpt-best.apifox.cn/project-3868318/api-208780553 (the query, and that callbacks
hold its `data` alone) and callers of https://api.openai-hub.com and https://duomiapi.com, read
2026-11-30.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tracker.domain.cost import Cost, Phase
from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed, PollOutcome, Unanswered
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.coded_answers import NO_CREDITS, CodedAdapter
from tracker.providers.kit.empty_results import await_result, show_as_running
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.adapter import Answer, Asking
from tracker.providers.runway.front_feed import FEED, POINTS, PRO

_EMPTY = "status 3 without a video"
_PICTURES = ("poster", "last_frame")
_NOBODYS = "00000000-0000-0000-0000-000000000000"


class _FeedVideo(OpenInputs):
    prompt: Annotated[str, Field(min_length=1)]
    image: str | None = None
    model: str | None = None
    ratio: str | None = None
    style: str | None = None
    options: dict[str, Any] | None = None


class RunwayFeed(CodedAdapter):
    """Creates, and asks. The `code` of an answer decides, not its status."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {PRO: CreatePath(PRO, _FeedVideo)}
    )
    poll_path = FEED
    url_field = "callback_url"
    ids: ClassVar[Sequence[str]] = ("data.task_id", "task_id")
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "0": TaskState.SUBMITTED,
            "1": TaskState.RUNNING,
            "2": TaskState.FAILED,
            "3": TaskState.SUCCEEDED,
        }
    )
    """The page lists them, says of 2 that it is given back, and shows 3 with a video."""
    words_in: ClassVar[Sequence[str]] = ("status",)
    times: ClassVar[Sequence[str]] = ("update_time",)
    account_codes = (NO_CREDITS, "401", "403")
    least_spacing_s = 5.0

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query, a POST with the id."""
        task_id = asking.task.provider_task_id
        return None if task_id is None else self._ask(asking.account, task_id)

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for a task that nobody has."""
        del now
        return self._ask(account, _NOBODYS)

    def _ask(self, account: Account, task_id: str) -> HttpCall:
        url = f"{account.base_url}/{FEED}"
        return build_post(url, {"task_id": task_id}, self.build_headers(account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read `data`; a code besides 200 tells of the question, not of the task."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        said = self.observe(asking.account, asking.task, self.record_in(answer, parsed))
        if said is None:
            return [self.judge_missing_record(answer, parsed)]
        return [Observed(await_result(said, asking.task, _EMPTY))]

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure, for which there are no codes."""
        del parsed
        return TaskError("provider", None, message or "the provider gave no reason")

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the video, with its pictures."""
        del account, task
        url = read_web_url(parsed.get("video_url"))
        if url is None or self.read_state(parsed) is not TaskState.SUCCEEDED:
            return []
        extra = {name: link for name in _PICTURES if (link := read_web_url(parsed.get(name)))}
        return [Artifact("video", url, key="0", extra=extra)]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the points, and whether they were given back."""
        del account
        charged = settle_costs(
            task, read_amount(find_first_number(parsed, ("point",))), unit=POINTS
        )
        if find_first_text(parsed, ("refund",), limit=10) != "1":
            return charged
        return [*charged[:1], *(make_refund(one) for one in charged[:1])]


def make_refund(charge: Cost) -> Cost:
    """Return the entry that gives a charge back."""
    return Cost("unit", charge.amount, unit=charge.unit, phase=Phase.REFUND)


_FEED = RunwayFeed()
_NO_ACCOUNT = Account("", "", AccountOptions())


def read_feed(parsed: Any) -> Observation | None:
    """Read a callback: the `data` of a query alone; None for anything else.

    A success without a video counts as running, so that it is asked about.
    """
    if not isinstance(parsed, dict) or "code" in parsed:
        return None
    return show_as_running(_FEED.observe(_NO_ACCOUNT, None, parsed))
