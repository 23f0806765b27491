"""DomoAI's Discord bot behind an unofficial wrapper: forms in, RUNNING or SUCCESS out.

Source: https://github.com/T0nYie1dYaw/domoai-api (app/main.py, schema.py, event_callback.py), read
2026-11-29. It has no word for a failure: such a task stays RUNNING.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import SubmitOutcome, Unknown
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.form_inputs import check_form_file
from tracker.providers.kit.forms import FormFile, build_multipart, read_file
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Request, Sending

_FILES = frozenset({"image", "video"})
_FOLLOW_UPS = frozenset({"upscale", "vary"})
_EMPTY = "SUCCESS without a file"

Text = Annotated[str, Field(min_length=1)]
File = Annotated[str, AfterValidator(check_form_file)]


class _BotForm(OpenInputs):
    mode: Literal["fast", "relax"] | None = None


class _Gen(_BotForm):
    prompt: Text
    image: File | None = None
    model: str | None = None


class _Real(_BotForm):
    image: File
    prompt: str | None = None


class _Animate(_BotForm):
    image: File
    length: Literal["3s", "5s"]
    intensity: Literal["low", "mid", "high"]
    prompt: str | None = None


class _BotVideo(_BotForm):
    video: File
    model: Text
    refer_mode: Literal["VIDEO_MORE", "PROMPT_MORE"]
    length: Literal["3s", "5s", "10s", "20s"]
    prompt: Text
    image: File | None = None
    video_key: str | None = None
    subject_only: bool | None = None
    lip_sync: bool | None = None


class _Move(_BotForm):
    image: File
    video: File
    model: Text
    length: Text
    prompt: Text
    video_key: str | None = None


class _PickedPicture(OpenInputs):
    """`task_id` names the task of ours of whose pictures one is worked on."""

    task_id: Text
    index: int = Field(ge=1, le=4)


class DomoDiscord(TableAdapter):
    """Creates by forms, and polls. Its one callback URL is of the whole server, and not used."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "gen": CreatePath("gen", _Gen),
            "real": CreatePath("real", _Real),
            "animate": CreatePath("animate", _Animate),
            "video": CreatePath("video", _BotVideo),
            "move": CreatePath("move", _Move),
            "upscale": CreatePath("upscale", _PickedPicture),
            "vary": CreatePath("vary", _PickedPicture),
        }
    )
    poll_path = "task-data/{id}"
    ids: ClassVar[Sequence[str]] = ("task_id",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {"RUNNING": TaskState.RUNNING, "SUCCESS": TaskState.SUCCEEDED}
    )
    words_in: ClassVar[Sequence[str]] = ("status",)
    messages: ClassVar[Sequence[str]] = ("detail", "message", "error")
    times: ClassVar[Sequence[str]] = ()
    omits_ids = True
    forgets = True  # it keeps tasks in memory, unless it is given Redis

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that the input continues."""
        request = super().check(operation, input_)
        if operation not in _FOLLOW_UPS:
            return request
        return replace(request, parent=request.body["task_id"], parent_field="task_id")

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the form; of a follow-up with the wrapper's id of what it continues.

        Raises Misuse where that id is not known.
        """
        body = dict(sending.body)
        if sending.task.operation in _FOLLOW_UPS:
            theirs = sending.get_parent_task_id()
            body["task_id"] = theirs
        fields = [
            (name, field) for name, value in body.items() if (field := _make_field(name, value))
        ]
        url = f"{sending.account.base_url}/{self.creates[sending.task.operation].path}"
        return build_multipart(url, fields, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take `success: false` for nothing that is known: the bot may have begun."""
        if isinstance(answer, HttpResult) and answer.status < 300:
            parsed = parse_answer(answer)
            if not isinstance(parsed, dict) or parsed.get("success") is not True:
                return Unknown(self.describe_answer(answer, parsed))
        return super().parse_submit(sending, answer)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task, and which of its pictures can be worked on."""
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        told = {
            name: parsed[name]
            for name in ("upscale_indices", "vary_indices")
            if isinstance(parsed.get(name), list)
        }
        return await_result(replace(said, detail=told or None), task, _EMPTY)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `images` and `videos`."""
        del account, task
        if self.read_state(parsed) is not TaskState.SUCCEEDED:
            return []
        return [
            Artifact(kind, url, key=f"{kind}/{place}")
            for kind in ("video", "image")
            for place, one in enumerate(_read_listed(parsed, f"{kind}s"))
            if (url := read_web_url(find_first_text(one, ("url",)))) is not None
        ]


def _read_listed(parsed: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = parsed.get(name)
    return found if isinstance(found, list) else ()


def _make_field(name: str, value: Any) -> str | FormFile | None:
    if name in _FILES:
        return read_file(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
