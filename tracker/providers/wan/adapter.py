"""Wan (DashScope): results and tasks live a day, `UNKNOWN` is absence, events are hints.

Sources: https://help.aliyun.com/zh/model-studio (Wan, asynchronous tasks, events, error codes) and
the official SDK (https://pypi.org/project/dashscope, 2.0.2), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.cost import Cost
from tracker.domain.errors import CallbackRejected, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unknown,
)
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.cancels import QueuedCancel
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.pieces import guess_kind, read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import OneKindOptions
from tracker.providers.ports.account import Account, HeaderText
from tracker.providers.ports.adapter import Answer, Asking, Finds, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.providers.ports.provider import Provider, ResultHosting
from tracker.providers.wan.front import WanFront
from tracker.providers.wan.inputs import CREATES, OBJECTS, is_oss_used, list_flaws
from tracker.providers.wan.listing import BEIJING, WanTasks

LIVES = timedelta(hours=24)
"""Of tasks and of their results."""
YOUNG = timedelta(minutes=1)
"""A task of this age may not be visible yet."""
LIMITS = CallLimits(CallRate(20, 1))
"""Of an account's queries; creates are counted with them, whose own limit differs by model.

Sources, read 2026-11-29: of queries
https://platform.qianwenai.com/docs/api-reference/video-generation/animate-anyone-template-gen/query-result
and of creates https://help.aliyun.com/zh/model-studio/text-to-video-api-reference.
"""
_UNKNOWN, _SUSPENDED = "UNKNOWN", "SUSPENDED"
_OF_ACCOUNT = ("InvalidApiKey", "Arrearage", "AccessDenied")
"""Beginnings of codes that speak of the key, the money, the rights."""
_FINISHED = "dashscope:System:AsyncTaskFinish"
_EMPTY = "SUCCEEDED without a result"
_STATES: Mapping[str, TaskState] = {
    "PENDING": TaskState.SUBMITTED,
    "RUNNING": TaskState.RUNNING,
    _SUSPENDED: TaskState.RUNNING,
    "SUCCEEDED": TaskState.SUCCEEDED,
    "FAILED": TaskState.FAILED,
    "CANCELED": TaskState.CANCELLED,
}


class WanOptions(OneKindOptions):
    """A key of one region, and what some accounts need.

    workspace: the id of the workspace that the key does not belong to by itself.
    events:    whether an event rule of the account posts to the shared callback URL.
    """

    why_no_secrets = "events are not signed with a secret; leave it out"

    workspace: HeaderText | None = None
    events: bool = False


class WanAdapter(QueuedCancel, ObjectCallbacks):
    """Submits, polls, cancels, takes events for hints, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    poll_path = "tasks/{id}"
    cancel_path = "tasks/{id}/cancel"
    per: ClassVar[Literal["task", "project"]] = "project"
    ids: ClassVar[Sequence[str]] = ("output.task_id",)
    words_in: ClassVar[Sequence[str]] = ("output.task_status",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(_STATES)
    messages: ClassVar[Sequence[str]] = ("output.message", "message")
    times: ClassVar[Sequence[str]] = ()  # local texts without a zone
    omits_ids = True
    forgets = True

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that a list shows which tasks a lost submit may have made, to a person."""
        del account
        return Finds.CANDIDATES

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers of the key, and of the workspace where the account names one."""
        workspace = account.get_options(WanOptions).workspace
        more = {"x-dashscope-workspace": workspace} if workspace else {}
        return super().build_headers(account) | more

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and by the limits of the model."""
        request = super().check(operation, input_)
        flaws = list_flaws(request.body)
        if flaws:
            raise InvalidRequest(*flaws)
        return request

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Look the code up, then the status."""
        return (code or "").startswith(_OF_ACCOUNT) or super().is_account_fault(code, http_status)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the create with the header without which it is refused."""
        call = super().build_submit(sending)
        more = {"x-dashscope-async": "enable"}
        if is_oss_used(dict(sending.body)):
            more["x-dashscope-ossresourceresolve"] = "enable"
        return replace(call, headers={**call.headers, **more})

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up: arrears come with HTTP 400 and 403, limits of three kinds with 429."""
        found = super().classify_refusal(sending, answer, parsed)
        code = find_first_text(parsed, ("code",), limit=100) or ""
        if isinstance(found, Refused):
            return replace(found, blames_account=self.is_account_fault(code, answer.status))
        if isinstance(found, Deferred) and code == "Throttling.AllocationQuota":
            return replace(found, scope=DeferralScope.MODEL)
        if isinstance(found, Unknown) and code.startswith("Throttling"):
            return Deferred(code, found.reason, self.pause_s(answer, parsed))
        return found

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands; the word UNKNOWN says that there is none (any more)."""
        (outcome,) = super().parse_poll(asking, answer)
        if not isinstance(outcome, Observed) or outcome.observation.word.upper() != _UNKNOWN:
            return [outcome]
        since = asking.task.submitted_at or asking.task.created_at
        age, words = asking.now - since, "the provider says UNKNOWN"
        if age < YOUNG:
            return [Absent(words, Absence.NOT_YET)]
        return [Absent(words, Absence.PURGED) if age >= LIVES else Absent(words, weak=True)]

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task; of a success with failed pieces, how many failed."""
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        names = ("output.end_time", "output.scheduled_time", "output.submit_time")
        said = replace(said, at=_parse_local_time(find_first_text(parsed, names, limit=40)))
        if said.word.upper() == _SUSPENDED:
            return replace(said, message=said.message or "suspended by the provider")
        failed = find_first_number(parsed, ("output.task_metrics.FAILED",))
        if said.state is TaskState.SUCCEEDED and failed not in (None, "0"):
            total = find_first_number(parsed, ("output.task_metrics.TOTAL",))
            said = replace(said, message=f"{failed} of {total or 'several'} pieces failed")
        is_empty = said.state is TaskState.SUCCEEDED and not said.artifacts
        if is_empty and (refused := _find_whole_refusal(parsed)) is not None:
            return replace(said, state=TaskState.FAILED, error=refused)
        return await_result(said, task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure by its code."""
        code = find_first_text(parsed, ("output.code", "code"), limit=100)
        return TaskError("provider", code, message or "the provider gave no reason")

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the video, or the results, of which each may have failed by itself."""
        del account, task
        output = parsed.get("output")
        if not isinstance(output, dict):
            return []
        if url := read_web_url(output.get("video_url")):
            return [Artifact("video", url, key="video")]
        found = []
        for place, one in enumerate(_read_results(output)):
            named = one if isinstance(one, dict) else {}
            urls = (
                read_web_url(named.get(name)) for name in ("url", "video_url", "image", "video")
            )
            url = next(filter(None, urls), None)
            if url is not None:
                found.append(Artifact(guess_kind(url) or "image", url, key=str(place)))
            elif code := find_first_text(one, ("code",), limit=100):
                told = {"code": code, "message": find_first_text(one, ("message",)) or ""}
                failed = ArtifactState.FAILED
                found.append(Artifact("image", None, key=str(place), state=failed, extra=told))
        return found if any(one.url for one in found) else []

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the usage: seconds of video of a resolution, or a number of pictures."""
        del account, task
        side = find_first_number(parsed, ("usage.SR",))
        unit = "video_seconds" if side is None else f"video_seconds_{side}"[:40]
        told = {
            unit: ("usage.video_duration", "usage.duration"),
            "images": ("usage.image_count",),
        }
        return [
            Cost("unit", amount, unit=name)
            for name, fields in told.items()
            if (amount := read_amount(find_first_number(parsed, fields))) is not None
        ]

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account has an event rule that leads to us."""
        del operation
        return account.get_options(WanOptions).events

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Take an event for a hint: it names the task and a word, and no result.

        Raises CallbackRejected for what is no event; nothing for events of other kinds.
        """
        parsed = parse_body(inbound)
        kind = find_first_text(parsed, ("type",), limit=200)
        if kind is None:
            raise CallbackRejected("no type: this is not an event")
        if kind != _FINISHED:
            return ()
        task_id = find_first_text(parsed, ("data.task_id",), limit=500)
        if task_id is None:
            raise CallbackRejected("the event names no task")
        word = find_first_text(parsed, ("data.task_status",), limit=200) or "finished"
        return [Hint(f"the event says {word}", task_id)]


def _read_results(output: Mapping[str, Any]) -> Sequence[Any]:
    """Return the pieces of a result; of models that answer as a chat, those of its messages.

    https://help.aliyun.com/zh/model-studio/text-to-image-v2-api-reference, read 2026-11-30.
    """
    results = output.get("results")
    listed = [results] if isinstance(results, dict) else results
    if isinstance(listed, list) and listed:
        return listed
    choices = output.get("choices")
    found: list[Any] = []
    for one in choices if isinstance(choices, list) else ():
        message = one.get("message") if isinstance(one, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        found += content if isinstance(content, list) else []
    return found


def _find_whole_refusal(parsed: Any) -> TaskError | None:
    """Return why no piece was made, where each says so; doubtful, as the task's word is another."""
    output = parsed.get("output")
    results = _read_results(output) if isinstance(output, dict) else ()
    codes = [find_first_text(one, ("code",), limit=100) for one in results]
    if not results or not all(codes):
        return None
    message = find_first_text(results[0], ("message",)) or "the provider gave no reason"
    return TaskError("provider", codes[0], message, doubtful=True)


def _parse_local_time(text: str | None) -> datetime | None:
    """Read a local time of Beijing, `2026-05-01 10:00:00.000`; None for anything else."""
    try:
        at = datetime.fromisoformat((text or "").strip())
        at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
        return at if at.astimezone(UTC).year > 1 else None
    except (ValueError, OverflowError):
        return None


_ADAPTER = WanAdapter()
REVISION = 6
PROVIDER = Provider(
    name="wan",
    revision=REVISION,
    regions={
        "beijing": "https://dashscope.aliyuncs.com/api/v1",
        "singapore": "https://dashscope-intl.aliyuncs.com/api/v1",
        "us": "https://dashscope-us.aliyuncs.com/api/v1",
    },
    options=WanOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    looks=WanTasks(_ADAPTER),
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=WanFront(),
    results=ResultHosting(lifetime=LIVES),
    tells_costs=True,
    default_seconds=build_default_seconds(
        dict.fromkeys(("video-generation/video-synthesis", "image2video/video-synthesis"), 5)
    ),
    call_limits=lambda _account: LIMITS,
    examples={
        "a video from text": {
            "operation": "video-generation/video-synthesis",
            "input": {"model": "wan2.6-t2v", "input": {"prompt": "a cat in the rain"}},
        }
    },
)
