"""CogVideoX: `request_id` marks a create, and proves nothing but that it exists.

Sources: https://docs.bigmodel.cn/api-reference (video generation, async results, error codes),
https://docs.z.ai/api-reference and the official SDK (https://pypi.org/project/zai-sdk, 0.2.3), read
2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Accepted,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.cogvideox.front import CogVideoFront
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kit.empty_results import doubt_empty
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_text, unpack_json
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.kit.useless_options import SecretlessOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Finds, Probed, Request, Sending
from tracker.providers.ports.objects import ObjectIds
from tracker.providers.ports.provider import Provider

VIDEOS = "videos/generations"
IMAGES = "async/images/generations"
IMAGES_AT_ONCE = "images/generations"
"""Answered with the pictures: nothing is polled, and a lost answer is lost for good."""
EXISTS = "1231"
ID_LENGTHS = range(6, 65)
"""Characters of a `request_id`."""
_IMAGE_S = 300.0
_QUOTA_PAUSE_S = 3600.0
_MOST_CHARACTERS, _MOST_FOR_VIDU = 512, 1500
_SECONDS, _FRAMES = (5, 10), (30, 60)
_EMPTY = "SUCCESS without a result"

_OF_ACCOUNT = frozenset(
    {
        *("1000", "1001", "1002", "1003", "1004"),
        *("1110", "1111", "1112", "1113", "1120", "1121"),
        *("1220", "1221", "1222", "1309", "1311", "1313"),
    }
)
"""The key, the money, the rights, the plan. 1113 (in arrears) comes with HTTP 429."""
_OF_REQUEST = frozenset({"1210", "1211", "1212", "1213", "1214", "1215", "1261", "1300", "1301"})
_BUSY = frozenset({"1302", "1305", "1312"})
_TOO_FAST = frozenset({"1303"})
_NO_QUOTA = frozenset({"1304", "1308", "1310"})
"""Of a day or a longer time."""
_UNKNOWN = frozenset({"500", "1200", "1230", "1234"})
_OF_CONTENT = frozenset({"1300", "1301"})
_FAIL = "FAIL"
_STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "PROCESSING": TaskState.RUNNING,
        "SUCCESS": TaskState.SUCCEEDED,
        _FAIL: TaskState.FAILED,
    }
)


def _check_image(value: Any) -> Any:
    """Accept a URL or base64, a list of two for the first and the last picture, or an object."""
    if not isinstance(value, str | list | dict) or not value:
        raise ValueError("must be a text, a list of texts or an object")
    if isinstance(value, list) and not all(isinstance(one, str) and one for one in value):
        raise ValueError("must be a list of texts")
    return value


UserId = Annotated[str, Field(min_length=6, max_length=128)]


class _VideoInputs(OpenInputs):
    model: str = Field(min_length=1)
    prompt: str | None = Field(None, max_length=_MOST_FOR_VIDU)
    image_url: Annotated[Any, AfterValidator(_check_image)] = None
    quality: Literal["speed", "quality"] | None = None
    with_audio: bool | None = None
    size: str | None = None
    duration: int | None = Field(None, ge=1, le=60)
    fps: int | None = None
    user_id: UserId | None = None


class _ImageInputs(OpenInputs):
    model: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    size: str | None = None
    user_id: UserId | None = None


class CogVideoOptions(SecretlessOptions):
    """A key, the region (zhipu or zai), and the profile of the upstream."""


class CogVideoApi(TableAdapter):
    """The API of Zhipu and of Z.ai."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            VIDEOS: CreatePath(VIDEOS, _VideoInputs),
            IMAGES: CreatePath(IMAGES, _ImageInputs),
            IMAGES_AT_ONCE: CreatePath(IMAGES_AT_ONCE, _ImageInputs),
        }
    )
    poll_path = "async-result/{id}"
    id_field = "request_id"
    words: ClassVar[Mapping[str, TaskState]] = _STATES
    words_in: ClassVar[Sequence[str]] = ("task_status",)
    messages: ClassVar[Sequence[str]] = ("error.message", "error", "message", "msg")
    times: ClassVar[Sequence[str]] = ()
    omits_ids = True
    forgets = True
    account_codes = _OF_ACCOUNT

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that a second create with our id is refused, and that nothing tells its own id."""
        del account
        return Finds.EXISTENCE

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, by the limits of the model, and the length of `request_id`."""
        request = super().check(operation, input_)
        flaws = list(_find_flaws(operation, request.body))
        name = request.external_task_id
        if name is not None and len(name) not in ID_LENGTHS:
            flaws.append(FieldError("request_id", "must have 6 to 64 characters"))
        if flaws:
            raise InvalidRequest(*flaws)
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; a name of the caller's that cannot be a `request_id` is not sent."""
        name = sending.task.external_task_id
        if len(name) not in ID_LENGTHS:
            task = replace(sending.task, external_task_id=str(sending.task.id))
            sending = replace(sending, task=task)
        call = super().build_submit(sending)
        is_held = sending.task.operation == IMAGES_AT_ONCE
        return replace(call, lasts_s=_IMAGE_S) if is_held else call

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read the create's answer, which for pictures at once is the result."""
        if sending.task.operation != IMAGES_AT_ONCE or not isinstance(answer, HttpResult):
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        pictures = _read_pieces(parsed.get("data"), "image") if isinstance(parsed, dict) else []
        if answer.status >= 300 or not pictures:
            return self.classify_refusal(sending, answer, parsed)
        said = Observation(TaskState.SUCCEEDED, "SUCCESS", artifacts=tuple(pictures))
        return Accepted(None, "SUCCESS", said=said)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up: the status alone does not tell money from a rate."""
        code = find_first_text(parsed, ("error.code", "code"), limit=100)
        words, pause_s = self.describe_answer(answer, parsed), self.pause_s(answer, parsed)
        if code == EXISTS:
            return Unknown(words, code, exists=True)
        if code in _OF_ACCOUNT:
            return Refused(code, words, blames_account=True)
        if code in _OF_REQUEST:
            return Refused(code, words)
        if code in _BUSY:
            return Deferred(code, words, pause_s, scope=DeferralScope.MODEL)
        if code in _TOO_FAST:
            return Deferred(code, words, pause_s)
        if code in _NO_QUOTA:
            pause_s = pause_s or _QUOTA_PAUSE_S
            scope = DeferralScope.ACCOUNT
            return Deferred(code, words, pause_s, scope=scope)
        if code in _UNKNOWN:
            return Unknown(words, code)
        return super().classify_refusal(sending, answer, parsed)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Take an error about the content for the end of the task: a query has no content."""
        (outcome,) = super().parse_poll(asking, answer)
        if not isinstance(outcome, Unanswered) or not isinstance(answer, HttpResult):
            return [outcome]
        parsed = parse_answer(answer)
        code = find_first_text(parsed, ("error.code", "code"), limit=100)
        if code not in _OF_CONTENT or answer.status >= 500:
            return [outcome]
        reason = self.read_reason(parsed)
        said = Observation(
            TaskState.FAILED,
            _FAIL,
            provider_task_id=asking.task.provider_task_id,
            message=reason,
            error=TaskError("provider", code, reason or "the provider gave no reason"),
        )
        return [Observed(said)]

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task.

        A success without a result is asked about once more before it counts as a failure, which a
        later result replaces.
        """
        said = super().observe(account, task, parsed)
        return None if said is None else doubt_empty(said, task, _EMPTY)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the videos with their covers, or the pictures."""
        del account
        listed = parsed.get("video_result") or parsed.get("video_url")
        # The published answer to pictures has them there too.
        kind = "image" if task is not None and task.operation == IMAGES else "video"
        videos = _read_pieces(listed, kind)
        covers = [
            Artifact("image", cover, key=f"cover/{place}")
            for place, one in enumerate(_read_listed(listed) if videos else ())
            if (cover := read_web_url(find_first_text(one, ("cover_image_url",))))
        ]
        return [*videos, *covers, *_read_pieces(parsed.get("image_result"), "image")]

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Tell a lack of money from a rate: both are HTTP 429."""
        if isinstance(answer, HttpResult):
            code = find_first_text(parse_answer(answer), ("error.code", "code"), limit=100)
            if code in _OF_ACCOUNT:
                words = self.describe_answer(answer, parse_answer(answer))
                return Probed("error", f"refuses this account: {words}")
        return super().parse_probe(account, answer)


class CogVideoGateway(CogVideoApi, GatewayAdapter):
    """`/cogvideox/v4` of a gateway: who keeps `request_id` there is not known."""

    words_in = ("task_status", "status")
    """The second is of the gateway's own rows."""
    account_codes = _OF_ACCOUNT.union(GatewayAdapter.account_codes)

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build a result with its video."""
        return {"task_status": "SUCCESS", "video_result": [{"url": url}]}

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that nothing finds a lost submit."""
        del account
        return Finds.NEVER


def _find_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of a video's input that its model does not take."""
    if operation != VIDEOS:
        return []
    flaws = []
    prompt, model = body.get("prompt"), body["model"]
    if not prompt and not body.get("image_url"):
        flaws.append(FieldError("prompt", "is required where there is no image_url"))
    if not str(model).startswith("cogvideox"):
        return flaws
    if prompt is not None and len(prompt) > _MOST_CHARACTERS:
        flaws.append(FieldError("prompt", f"at most {_MOST_CHARACTERS} characters"))
    if body.get("duration") not in (None, *_SECONDS):
        flaws.append(FieldError("duration", "must be 5 or 10"))
    if body.get("fps") not in (None, *_FRAMES):
        flaws.append(FieldError("fps", "must be 30 or 60"))
    return flaws


def _read_listed(value: Any) -> Sequence[Any]:
    """Return a list; of an object or a link, which gateways write for a list of one, a list."""
    value = unpack_json(value)
    if isinstance(value, dict | str):
        return [value]
    return value if isinstance(value, list) else []


def _read_pieces(value: Any, kind: str) -> list[Artifact]:
    return [
        Artifact(kind, url, key=str(place))
        for place, one in enumerate(_read_listed(value))
        if (url := read_web_url(find_first_text(one, ("url",)) or one))
    ]


OBJECTS = ObjectIds(others=("user_id",))  # the caller's word for one of its users


_ADAPTER = AdapterByProfile(
    {
        "official": UpstreamKind(adapter=CogVideoApi(), needs_address=False),
        "gateway": UpstreamKind(adapter=CogVideoGateway(), path_ends=("/cogvideox/v4",)),
    }
)
REVISION = 11
PROVIDER = Provider(
    name="cogvideox",
    revision=REVISION,
    regions={
        "zhipu": "https://open.bigmodel.cn/api/paas/v4",
        "zai": "https://api.z.ai/api/paas/v4",
    },
    options=CogVideoOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    probes=_ADAPTER,
    front=CogVideoFront(),
    tells_costs=True,
    default_seconds=build_default_seconds({"videos/generations": 5}),
    examples={
        "a video from text": {
            "operation": "videos/generations",
            "input": {"model": "cogvideox-3", "prompt": "a cat in the rain"},
        }
    },
)
