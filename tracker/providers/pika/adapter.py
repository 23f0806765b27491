"""Pika: a task of a gateway is a container of videos; its own API, and ComfyUI's proxy, take forms.

Sources: https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api/pika.ts) and
https://github.com/comfyanonymous/ComfyUI (comfy_api_nodes/nodes_pika.py), read 2026-11; callers of
https://devapi.pika.art, which its owner gives to partners alone (seen 2026-11-30).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Follow, PollOutcome
from tracker.domain.task import VERDICTS, Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.empty_results import await_rest, show_as_running
from tracker.providers.kit.forms import FormFile, build_multipart, build_urlencoded_post, read_file
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.nested_answers import link_below
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_number, find_first_text, read_number
from tracker.providers.kit.reasons import find_reason
from tracker.providers.kit.table import TableAdapter
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import SecretlessOptions
from tracker.providers.pika.front import PikaFront
from tracker.providers.pika.inputs import FILES, FORMS, TEXTS_ALONE, GatewayVideo
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.ports.provider import Provider

GENERATE = "generate"
_EFFECT = "pikaffect"
_COMFY_KEY = "comfyui-"
"""How keys of ComfyUI's accounts begin, which stand in a header of their own."""
_OWN_URL = "https://devapi.pika.art"


class PikaOptions(SecretlessOptions):
    """A key, and the profile of the upstream."""


class PikaGateway(GatewayAdapter):
    """`/pika` of a gateway."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {GENERATE: CreatePath(GENERATE, GatewayVideo)}
    )
    poll_path = "feed/{id}"
    ids: ClassVar[Sequence[str]] = ("id", "task_id")
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "queued": TaskState.SUBMITTED,
            "pending": TaskState.RUNNING,
            "started": TaskState.RUNNING,
            "finished": TaskState.SUCCEEDED,
            "error": TaskState.FAILED,
        }
    )
    """Of one video of a task."""
    words_in: ClassVar[Sequence[str]] = ("status",)
    """Of a gateway's own row; a task of Pika's has no word of its own."""

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table; something must be said, and an effect needs a picture."""
        request = super().check(operation, input_)
        if not any(request.body.get(name) for name in ("promptText", "image", "video")):
            raise InvalidRequest(FieldError("promptText", "is required, or image, or video"))
        if request.body.get(_EFFECT) and not request.body.get("image"):
            raise InvalidRequest(FieldError("image", f"is required where there is a {_EFFECT}"))
        return request

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Ask by the query, as some gateways want it, before a 404 counts as a denial."""
        (outcome,) = super().parse_poll(asking, answer)
        is_first = asking.page is None and isinstance(answer, HttpResult) and answer.status == 404
        call = self.build_poll(asking) if is_first and isinstance(outcome, Absent) else None
        if call is None:
            return [outcome]
        base, _, name = call.url.rpartition("/")
        return [Follow(replace(call, url=f"{base}/?id={name}"), {"by": "query"})]

    def read_answer_state(self, answer: Mapping[str, Any]) -> TaskState | None:
        """Return the state of a container of videos; None where there is none."""
        return (
            _sum_states(self._read_states(_read_videos(answer)))[0] if "videos" in answer else None
        )

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build a container of one video."""
        return {"videos": [{"status": "finished", "resultUrl": url}]}

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a container of videos; one without videos has just been accepted."""
        if isinstance(parsed, dict) and "videos" not in parsed and self.read_state(parsed):
            return self._read_row(account, task, parsed)
        known = None if task is None else task.provider_task_id
        has_videos = isinstance(parsed, dict) and parsed.get("videos") is not None
        task_id = find_first_text(parsed, ("id",), limit=500) or (known if has_videos else None)
        if task_id is None:
            return None
        videos = _read_videos(parsed)
        words = [find_first_text(one, ("status",), limit=50) or "" for one in videos]
        states = self._read_states(videos)
        state, is_known = _sum_states(states)
        errors = [text for one in videos if (text := find_first_text(one, ("error",)))]
        pieces = tuple(
            _make_piece(one, place, one_state)
            for place, (one, one_state) in enumerate(zip(videos, states, strict=True))
            if one_state in (TaskState.SUCCEEDED, TaskState.FAILED)
        )
        said = Observation(
            state=state if is_known else None,
            word=",".join(dict.fromkeys(words)),
            provider_task_id=task_id,
            progress=_read_progress(videos, states),
            message="; ".join(dict.fromkeys(errors)) or None,
            artifacts=() if state is TaskState.FAILED else pieces,
        )
        missing = _count_missing(videos, states)
        if missing is None and state is not TaskState.FAILED:
            return said
        if TaskState.SUCCEEDED in states:
            ended = replace(said, state=TaskState.SUCCEEDED)
        else:
            told = said.message or next(filter(None, map(find_reason, (*videos, parsed))), None)
            reason = told or "the provider gave no reason"
            error = TaskError("provider", None, reason, doubtful=missing is not None)
            ended = replace(said, state=TaskState.FAILED, artifacts=(), error=error)
        if missing is None:
            return ended
        return await_rest(ended, task, f"{missing} of {len(videos)} videos never came")

    def _read_row(
        self, account: Account, task: Task | None, row: Mapping[str, Any]
    ) -> Observation | None:
        """Read a gateway's row that has no videos: a success waits for its link."""
        said = super().observe(account, task, row)
        if said is None or said.state is not TaskState.SUCCEEDED:
            return said
        if (link := link_below(row)) is not None:
            return self.observe(
                account, task, {**self.build_answer_with_link(link), "id": said.provider_task_id}
            )
        return replace(said, state=TaskState.RUNNING)

    def _read_states(self, videos: Sequence[Mapping[str, Any]]) -> Sequence[TaskState | None]:
        return [self._read_state_of_video(one) for one in videos]

    def _read_state_of_video(self, video: Mapping[str, Any]) -> TaskState | None:
        state = self.find_state(find_first_text(video, ("status",), limit=50) or "")
        has_link = read_web_url(video.get("resultUrl")) is not None
        return TaskState.RUNNING if state is TaskState.SUCCEEDED and not has_link else state


class PikaForms(TableAdapter):
    """Pika's own API, which ComfyUI's proxy passes on: creates are forms, the id is `video_id`."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {name: CreatePath(f"{GENERATE}/{name}", inputs) for name, inputs in FORMS.items()}
    )
    poll_path = "videos/{id}"
    ids: ClassVar[Sequence[str]] = ("video_id", "id")
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "queued": TaskState.SUBMITTED,
            "started": TaskState.RUNNING,
            "finished": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
            "cancelled": TaskState.CANCELLED,
        }
    )
    words_in: ClassVar[Sequence[str]] = ("status",)
    times: ClassVar[Sequence[str]] = ()
    forgets = True

    def build_headers(self, account: Account) -> dict[str, str]:
        """Put a key of Pika's, and one of ComfyUI's accounts, where they look for it."""
        key = account.api_key or ""
        has_own_header = account.base_url == _OWN_URL or key.startswith(_COMFY_KEY)
        return {"x-api-key": key} if has_own_header else super().build_headers(account)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the form: of texts alone urlencoded, else of parts."""
        operation, headers = sending.task.operation, self.build_headers(sending.account)
        url = f"{sending.account.base_url}/{self.creates[operation].path}"
        fields = [
            (name, part)
            for name, value in sending.body.items()
            for part in _make_parts(name, value)
        ]
        if operation in TEXTS_ALONE:
            return build_urlencoded_post(
                url, [(n, v) for n, v in fields if isinstance(v, str)], headers
            )
        return build_multipart(url, fields, headers)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task. One that is finished and has no link yet still runs."""
        return show_as_running(super().observe(account, task, parsed))

    def read_progress(self, parsed: Any) -> float | None:
        """Read the percent."""
        return _read_percent(find_first_number(parsed, ("progress",)))

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the one video."""
        del account, task
        url = read_web_url(parsed.get("url"))
        is_done = self.read_state(parsed) is TaskState.SUCCEEDED
        return [Artifact("video", url, key="video")] if url and is_done else []


def _read_videos(parsed: Any) -> Sequence[Mapping[str, Any]]:
    found = parsed.get("videos") if isinstance(parsed, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


_BEST_FIRST = (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED)


def _sum_states(states: Sequence[TaskState | None]) -> tuple[TaskState, bool]:
    """Return the state of a container, and whether every word that decides it is known."""
    if states and VERDICTS.issuperset(states):
        return next(one for one in _BEST_FIRST if one in states), True
    is_known = not states or any(one is not None for one in states)
    has_begun = any(one not in (None, TaskState.SUBMITTED) for one in states)
    return (TaskState.RUNNING if has_begun else TaskState.SUBMITTED), is_known


def _count_missing(
    videos: Sequence[Mapping[str, Any]], states: Sequence[TaskState | None]
) -> int | None:
    """Return how many videos nothing is told of beside ended ones; None where others run."""
    ended = [one for one in states if one in VERDICTS]
    blank = [one for one in videos if not one.get("status") and not one.get("resultUrl")]
    is_over = len(ended) + len(blank) == len(videos)
    return len(blank) if blank and ended and is_over else None


def _make_piece(video: Mapping[str, Any], place: int, state: TaskState | None) -> Artifact:
    id_ = find_first_text(video, ("id",), limit=200)
    extra = {
        name: text
        for name in ("sharingUrl", "videoPoster", "imageThumb", "error")
        if (text := find_first_text(video, (name,)))
    }
    is_done = state is TaskState.SUCCEEDED
    return Artifact(
        "video",
        read_web_url(video.get("resultUrl")) if is_done else None,
        id=id_,
        duration_s=read_number(video.get("duration")),
        extra=extra,
        key=id_ or str(place),
        state=ArtifactState.READY if is_done else ArtifactState.FAILED,
    )


def _read_progress(
    videos: Sequence[Mapping[str, Any]], states: Sequence[TaskState | None]
) -> float | None:
    """Return the percent of the first video that is not done."""
    for video, state in zip(videos, states, strict=True):
        if state not in (TaskState.SUCCEEDED, TaskState.FAILED):
            return _read_percent(read_number(video.get("progress")))
    return None


def _read_percent(text: str | None) -> float | None:
    digits = (text or "").removesuffix("%")
    is_number = digits.replace(".", "", 1).isdecimal() and len(digits) < 10
    return min(float(digits), 100.0) if is_number else None


def _make_parts(name: str, value: Any) -> Sequence[str | FormFile]:
    """Return the parts of one field: a list is several of one name."""
    values = value if isinstance(value, list) else [value]
    found: list[str | FormFile] = []
    for one in values:
        file = read_file(one) if name in FILES else None
        text = read_number(one)
        if file is not None:
            found.append(file)
        elif isinstance(one, bool):
            found.append("true" if one else "false")
        elif text is not None:
            found.append(text if not isinstance(one, str) else one)
    return found


_ADAPTER = AdapterByProfile(
    {
        "comfy": UpstreamKind(adapter=PikaForms(), path_ends=("/proxy/pika",), needs_address=False),
        "gateway": UpstreamKind(adapter=PikaGateway(), path_ends=("/pika",)),
    }
)
REVISION = 10
PROVIDER = Provider(
    name="pika",
    revision=REVISION,
    regions={"comfy": "https://api.comfy.org/proxy/pika", "pika": _OWN_URL},
    options=PikaOptions,
    check_account=_ADAPTER.find_flaws,
    submits=_ADAPTER,
    polls=_ADAPTER,
    probes=_ADAPTER,
    front=PikaFront(),
    tells_costs=True,
    examples={
        "a video from text": {"operation": "generate", "input": {"promptText": "a cat in the rain"}}
    },
)
