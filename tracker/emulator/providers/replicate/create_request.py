"""Reading of a create: the body, `Prefer` and `Cancel-After`. Ends in a draft or a refusal. Pure.

Source: https://replicate.com/docs/reference/http (predictions.create), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.checks import (
    Flaw,
    accept_flag,
    accept_integer,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.drafts import TaskDraft
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import PROCESSING, SUCCEED, TaskStep
from tracker.emulator.providers.replicate.callbacks import EVENTS
from tracker.emulator.providers.replicate.prediction import ABORT, ReplicateDetails
from tracker.emulator.providers.replicate.words import ReplicateWord

__all__ = [
    "ModelChoice",
    "ReplicateRefusal",
    "is_version",
    "parse_version",
    "read_draft",
    "wait_seconds",
]

INPUT_FIELDS = {
    "prompt": accept_text(most=1_000_000),
    "num_outputs": accept_integer(least=1, most=4),
}
"""The schema of every emulated model; unknown inputs pass."""
_CHECK = record(
    {
        "input": record(INPUT_FIELDS),
        "version": accept_text(least=1, most=400),
        "webhook": accept_web_url(),
        "webhook_events_filter": list_of(accept_one_of(*EVENTS), least=1, most=len(EVENTS)),
        "stream": accept_flag,
    },
    required=("input",),
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(
    rf"(?:(?P<model>{_NAME}/{_NAME})(?::(?=.)|\Z))?(?P<digest>{_DIGEST.pattern})?"
)
_WAIT = re.compile(r"(?:^|,)\s*wait\s*(?:=\s*([0-9]{1,6})\s*)?(?=,|;|$)")
_DURATION = re.compile(r"([0-9]{1,6})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_WAIT_S = 60
_TOKEN_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model that a create runs."""

    model: str
    version: str
    deployment: str | None = None


class ReplicateRefusal(Refusal):
    """A refused call with an HTTP status, a title, and perhaps the fields to blame."""

    def __init__(self, status: int, title: str, detail: str, flaws: Sequence[Flaw] = ()) -> None:
        """Take what the body of the answer says."""
        super().__init__(RefusalKind.INVALID, detail)
        self.status = status
        self.title = title
        self.flaws = flaws


def is_version(value: str) -> bool:
    """Return whether a text is the id of a version: 64 hex digits."""
    return _DIGEST.fullmatch(value) is not None


def parse_version(value: object) -> tuple[str | None, str | None]:
    """Return model and version of a body's `version`; either may be None, not both.

    Raises ReplicateRefusal when it is neither 64 hex digits, nor `owner/name`, nor both.
    """
    found = _VERSION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise _refuse_invalid(
            Flaw("version", "must be 64 hex digits, owner/name or owner/name:version")
        )
    return found["model"], found["digest"]


def wait_seconds(call: ApiCall) -> int | None:
    """Return how long `Prefer: wait` holds the answer; None when it does not.

    Raises ReplicateRefusal beyond 1 to 60 seconds.
    """
    found = _WAIT.search(call.headers.get("prefer", ""))
    if found is None:
        return None
    seconds = int(found.group(1) or _LONGEST_WAIT_S)
    if not 1 <= seconds <= _LONGEST_WAIT_S:
        raise _refuse_invalid(Flaw("Prefer", f"wait must be from 1 to {_LONGEST_WAIT_S}"))
    return seconds


def read_draft(
    call: ApiCall, body: Mapping[str, object], choice: ModelChoice, scenario: Scenario
) -> TaskDraft[ReplicateDetails]:
    """Return the prediction to be made; raises ReplicateRefusal."""
    if scenario.has(ReplicateWord.NO_CREDIT):
        raise ReplicateRefusal(
            402, "Insufficient credit", "You have insufficient credit to run this model."
        )
    if scenario.has(ReplicateWord.UNKNOWN_MODEL):
        raise ReplicateRefusal(404, "Not found", "The requested resource could not be found.")
    flaw = _CHECK(dict(body))
    if flaw is not None:
        raise _refuse_invalid(flaw)
    webhook, given, events = body.get("webhook"), body["input"], body.get("webhook_events_filter")
    inputs = given if isinstance(given, dict) else {}
    outputs = inputs.get("num_outputs")
    form = scenario.read_word(ReplicateWord.OUTPUT)
    artifacts = _build_artifacts(form, outputs if isinstance(outputs, int) else 1)
    return TaskDraft(
        operation="prediction",
        details=ReplicateDetails(
            model=choice.model,
            version=choice.version,
            deployment=choice.deployment,
            input=inputs,
            events=tuple(map(str, events)) if isinstance(events, list) else None,
            deadline_seconds=_read_deadline(call),
        ),
        callback_url=webhook if isinstance(webhook, str) else None,
        creation_key=webhook if isinstance(webhook, str) else "",
        artifacts=artifacts,
        steps=_plan_steps(scenario, artifacts),
        slots=0,  # predictions queue without a limit
    )


def _build_artifacts(form: str, count: int) -> Sequence[str]:
    match form:
        case "list":
            return [f"{number}.png" for number in range(count)]
        case "video":
            return ("0.mp4",)
        case "text" | "tokens":
            return ()
        case _:
            return ("0.png",)


def _plan_steps(scenario: Scenario, artifacts: Sequence[str]) -> Sequence[TaskStep]:
    """Plan a life in which logs and output grow between the start and the verdict."""
    word = ReplicateWord.ABORTED
    if scenario.has(word) and scenario.read_word(word) == "starting":
        return (TaskStep(after=1, status=ABORT.status, stage=ABORT.stage),)
    count = len(artifacts) or _TOKEN_STEPS
    growth = [
        TaskStep(
            after=1 + number / (count + 1),
            progress=100 * number // (count + (1 if artifacts else 0)),
            ready=min(number, len(artifacts)),
        )
        for number in range(1, count + 1)
    ]
    start = TaskStep(after=1, status=PROCESSING)
    if scenario.has(word):
        return (start, *growth, TaskStep(after=2, status=ABORT.status, stage=ABORT.stage))
    return (start, *growth, TaskStep(after=2, status=SUCCEED))


def _read_deadline(call: ApiCall) -> float | None:
    """Return the seconds of `Cancel-After`; None without it."""
    given = call.headers.get("cancel-after")
    if given is None:
        return None
    found = _DURATION.fullmatch(given.strip())
    if found is None or int(found.group(1)) == 0:
        raise _refuse_invalid(Flaw("Cancel-After", "must be a duration such as 90s, 6m or 1h"))
    return int(found.group(1)) * _SECONDS[found.group(2)]


def _refuse_invalid(flaw: Flaw) -> ReplicateRefusal:
    return ReplicateRefusal(422, "Input validation failed", f"- {flaw}\n", [flaw])
