"""Runway at kie.ai: its older models and Aleph, by records and callbacks.

Source: https://docs.kie.ai/runway-api (generate, extend, Aleph, their details and callbacks), read
2026-11-29.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Accepted,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.kit.coded_answers import GOOD, NO_CREDITS, CodedAdapter, find_code
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.reasons import find_reason
from tracker.providers.kit.status_words import end_at_gateways
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending

GENERATE, EXTEND, ALEPH = "runway/generate", "runway/extend", "aleph/generate"
_RECORDS: Mapping[str, str] = MappingProxyType({ALEPH: "aleph/record-info"})
_RECORD = "runway/record-detail"
"""Where tasks are asked for, by their operation; those that are not named here at the second."""
IDS = ("data.task_id", "data.taskId", "taskId", "task_id")
"""Where callbacks and records name the task; callbacks of Aleph do beside `data`."""
_FLAGS: Mapping[str, TaskState] = MappingProxyType(
    {
        "0": TaskState.RUNNING,
        "1": TaskState.SUCCEEDED,
        "2": TaskState.FAILED,
        "3": TaskState.FAILED,
    }
)
"""Of `successFlag`: 2 and 3 are told apart as failures on the page of MIDI records."""
_VIDEOS = ("videoInfo.videoUrl", "response.resultVideoUrl", "video_url", "result_video_url")
_PICTURES = ("videoInfo.imageUrl", "response.resultImageUrl", "image_url", "result_image_url")
_EMPTY = "SUCCESS without a video"

Prompt = Annotated[str, Field(min_length=1)]
Quality = Literal["720p", "1080p"]


class _KieVideo(OpenInputs):
    prompt: Prompt
    imageUrl: str | None = None  # noqa: N815 - their name
    duration: Literal[5, 10] | None = None
    quality: Quality | None = None
    aspectRatio: str | None = None  # noqa: N815 - their name
    waterMark: str | None = None  # noqa: N815 - their name


class _KieExtension(OpenInputs):
    """`taskId` names the task of ours that is extended."""

    taskId: Prompt  # noqa: N815 - their name
    prompt: Prompt
    quality: Quality | None = None
    waterMark: str | None = None  # noqa: N815 - their name


class _AlephVideo(OpenInputs):
    prompt: Prompt
    videoUrl: Prompt  # noqa: N815 - their name
    aspectRatio: str | None = None  # noqa: N815 - their name
    seed: int | None = None
    referenceImage: str | None = None  # noqa: N815 - their name
    waterMark: str | None = None  # noqa: N815 - their name


class RunwayKie(CodedAdapter):
    """Creates, extends and looks records up. The `code` of an answer decides, not its status."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            GENERATE: CreatePath(GENERATE, _KieVideo),
            EXTEND: CreatePath(EXTEND, _KieExtension),
            ALEPH: CreatePath(ALEPH, _AlephVideo),
        }
    )
    poll_path = "runway/record-detail?taskId={id}"
    probe_path = "chat/credit"
    url_field = "callBackUrl"
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "wait": TaskState.SUBMITTED,
            "queueing": TaskState.SUBMITTED,
            "generating": TaskState.RUNNING,
            "success": TaskState.SUCCEEDED,
            "fail": TaskState.FAILED,
        }
    )
    account_codes = (NO_CREDITS, "401", "403")

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate, also that ten seconds are not wanted in 1080p; find the task that is extended.

        Raises InvalidRequest.
        """
        request = super().check(operation, input_)
        body = request.body
        if body.get("duration") == 10 and body.get("quality") == "1080p":
            raise InvalidRequest(FieldError("quality", "10 seconds are made in 720p alone"))
        if operation != EXTEND:
            return request
        return replace(request, parent=body["taskId"], parent_field="taskId")

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; of an extension with kie.ai's id of what it extends.

        Raises Misuse where that id is not known.
        """
        if sending.task.operation == EXTEND:
            theirs = sending.get_parent_task_id()
            sending = replace(sending, body={**sending.body, "taskId": theirs})
        return super().build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a task's id under code 200; else look the code up."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        task_id = find_first_text(parsed, ("data.taskId", "data.task_id"), limit=500)
        if task_id is None or find_code(parsed) not in (None, GOOD):
            return self.classify_refusal(sending, answer, parsed)
        return Accepted(task_id, "wait")

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query of the record that the operation has."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        path = _RECORDS.get(asking.task.operation, _RECORD)
        url = f"{asking.account.base_url}/{path}?taskId={quote(task_id, safe='')}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the record; a code besides 200 tells of the question, not of the task."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        data = self.record_in(answer, parsed)
        if data is not None:
            if self._is_of_another_task(asking, data):
                return [Unanswered("the answer is about another task")]
            said = _read_record(self, data, asking)
            if said is not None:
                return [Observed(said)]
        return [self.judge_missing_record(answer, parsed)]

    def _is_of_another_task(self, asking: Asking, data: Mapping[str, Any]) -> bool:
        shown = find_first_text(data, ("taskId", "task_id"), limit=500)
        if asking.account.options.base_url is not None:
            return False  # a relay may give ids of its own, and show the provider's
        return shown is not None and shown != asking.task.provider_task_id


def read_callback(parsed: Any) -> Observation | None:
    """Read a callback of either kind: a code, and the files under `data`; None when it is none.

    Only ends are called back. A success without a video counts as running, so that it is asked
    about.
    """
    code, task_id = find_code(parsed), find_first_text(parsed, IDS, limit=500)
    if code is None or task_id is None or "data" not in parsed:
        return None
    reason = find_first_text(parsed, ("msg", "message"))
    pieces = _read_pieces(parsed["data"], None)
    if code == GOOD:
        state = TaskState.SUCCEEDED if pieces else TaskState.RUNNING
        return Observation(state, "success", provider_task_id=task_id, artifacts=pieces)
    error = TaskError("provider", code, reason or "the provider gave no reason")
    return Observation(
        TaskState.FAILED, "fail", provider_task_id=task_id, message=reason, error=error
    )


def _read_record(dialect: RunwayKie, data: Mapping[str, Any], asking: Asking) -> Observation | None:
    task, now = asking.task, asking.now
    reason = find_first_text(data, ("failMsg", "errorMessage"))
    code = find_first_text(data, ("failCode", "errorCode"), limit=100)
    word = find_first_text(data, ("state",), limit=100)
    flag = find_first_text(data, ("successFlag",), limit=100)
    if word is None and flag is None:
        return None
    state = dialect.find_state(word) if word is not None else _FLAGS.get(flag or "")
    # The page of Aleph says to go on asking while the flag is 0 and there is no message.
    if word is None and flag == "0" and reason is not None:
        state = TaskState.FAILED
    is_over = find_first_text(data, ("expireFlag",), limit=10) == "1"
    pieces = _read_pieces(data, now if is_over else None)
    if state is None and word is not None and asking.account.options.base_url is not None:
        state = end_at_gateways(word, pieces)  # of a relay before kie.ai, whose page has none such
    told = reason or find_reason(data) or "the provider gave no reason"
    error = TaskError("provider", code, told)
    said = Observation(
        state,
        word or flag or "",
        provider_task_id=task.provider_task_id,
        message=reason,
        artifacts=pieces if state is not TaskState.FAILED else (),
        error=error if state is TaskState.FAILED else None,
    )
    return await_result(said, task, _EMPTY)


def _read_pieces(data: Any, expires_at: datetime | None) -> tuple[Artifact, ...]:
    """Return the video with its picture; the picture alone is no result."""
    video = read_web_url(find_first_text(data, _VIDEOS))
    if video is None:
        return ()
    picture = read_web_url(find_first_text(data, _PICTURES))
    extra = {"image_url": picture} if picture else {}
    return (Artifact("video", video, key="0", extra=extra, expires_at=expires_at),)
