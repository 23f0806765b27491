"""Luma's Dream Machine API: a table, a scan for lost submits, and deletion as cancellation.

Sources: https://docs.lumalabs.ai/reference, its changelog of callbacks
(https://docs.lumalabs.ai/changelog/callbacks-and-credits-balance) and the official SDK
(https://github.com/lumalabs/lumaai-python, 1.21.0), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Refused, SubmitOutcome
from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_number, find_first_text
from tracker.providers.kit.scan import ListScan
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.kit.useless_options import UNSIGNED, SecretlessOptions
from tracker.providers.luma.agents import LumaAgents
from tracker.providers.luma.front import LumaFront
from tracker.providers.luma.gateway import LumaGateway
from tracker.providers.luma.passing import LumaCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.providers.ports.listing import ListRequest
from tracker.providers.ports.objects import ObjectIds
from tracker.providers.ports.provider import Provider

PAGE = 100
"""Generations of one page of the list."""
_NO_CREDITS = "insufficient_credits"
"""Our code for a refusal that speaks of credits; Luma has no codes."""

_OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "image": "generations/image",
        "modify_video": "generations/video/modify",
        "reframe_video": "generations/video/reframe",
        "reframe_image": "generations/image/reframe",
        "upscale_video": "generations/upscale",
        "add_audio": "generations/audio",
    }
)
"""By the `generation_type` of a request; any other makes a video."""

Ratio = Literal["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"]
Prompt = Annotated[str, Field(min_length=3, max_length=5000)]
Name = Annotated[str, Field(min_length=1)]


class _Media(OpenInputs):
    url: Name


class _Frame(OpenInputs):
    """A picture by its `url`, or the end of another generation by its `id`."""

    type: Literal["image", "generation"]
    url: Name | None = None
    id: Name | None = None


class _Keyframes(OpenInputs):
    frame0: _Frame | None = None
    frame1: _Frame | None = None


class _Video(OpenInputs):
    model: Name
    prompt: Prompt | None = None
    aspect_ratio: Ratio | None = None
    duration: str | None = None
    resolution: str | None = None
    keyframes: _Keyframes | None = None
    loop: bool | None = None
    concepts: list[OpenInputs] | None = None


class _OldVideo(_Video):
    """A body for the older path: the first clients named no model.

    https://github.com/lumalabs/lumaai-python, versions before `model` was required.
    """

    model: Name | None = None  # type: ignore[assignment]  # needed by the newer path alone


class _Identity(OpenInputs):
    images: list[Name] | None = Field(None, max_length=4)


class _Characters(OpenInputs):
    identity0: _Identity | None = None


class _Image(OpenInputs):
    model: Name
    prompt: Prompt | None = None
    aspect_ratio: Ratio | None = None
    image_ref: list[_Media] | None = Field(None, max_length=4)
    style_ref: list[_Media] | None = None
    character_ref: _Characters | None = None
    format: Literal["jpg", "png"] | None = None
    sync: bool | None = None


class _Modify(OpenInputs):
    media: _Media
    mode: str = Field(pattern=r"^(adhere|flex|reimagine)_[1-3]$")
    model: Name
    prompt: Prompt | None = None


class _Reframe(OpenInputs):
    media: _Media
    model: Name
    aspect_ratio: Ratio
    prompt: Prompt | None = None
    grid_position_x: int | None = None
    grid_position_y: int | None = None
    x_start: int | None = None
    x_end: int | None = None
    y_start: int | None = None
    y_end: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None


class _FollowUp(OpenInputs):
    """`id` names the task of ours that is continued."""

    id: Name
    prompt: str | None = None


class LumaOptions(SecretlessOptions):
    """A key, and the profile of the upstream."""

    why_no_secrets = UNSIGNED


class LumaAdapter(ListScan, PathCancel, ObjectCallbacks):
    """Submits, polls, scans, cancels, reads callbacks, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "generations/video": CreatePath("generations/video", _Video),
            "generations": CreatePath("generations", _OldVideo),
            "generations/image": CreatePath("generations/image", _Image),
            "generations/video/modify": CreatePath("generations/video/modify", _Modify),
            "generations/video/reframe": CreatePath("generations/video/reframe", _Reframe),
            "generations/image/reframe": CreatePath("generations/image/reframe", _Reframe),
            "generations/upscale": CreatePath("generations/{id}/upscale", _FollowUp),
            "generations/audio": CreatePath("generations/{id}/audio", _FollowUp),
        }
    )
    poll_path = "generations/{id}"
    cancel_method = "DELETE"
    cancel_path = "generations/{id}"
    erases_ended = True
    hides_cancelled = True
    names_task = True
    probe_path = "credits"
    url_field = "callback_url"
    entries_in = "generations"
    mark_in = "request.callback_url"
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "queued": TaskState.SUBMITTED,
            "dreaming": TaskState.RUNNING,
            "completed": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
        }
    )
    words_in = ("state",)
    messages = ("failure_reason", "detail", "detail.reason", "message")
    times: ClassVar[Sequence[str]] = ()  # a generation shows when it was made, not its last change
    not_a_task = "no id and state: this is not a generation"
    account_codes = (_NO_CREDITS,)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that the input continues."""
        request = super().check(operation, input_)
        named = dict(_list_named_tasks(operation, request.body))
        if not named:
            return request
        field, parent = next(iter(named.items()))
        for other, name in named.items():
            if name != parent:
                reason = (
                    f"names another task than {field}: one can be continued; "
                    "give the other one as an image"
                )
                raise InvalidRequest(FieldError(other, reason))
        return replace(request, parent=parent, parent_field=field)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create of the table, with Luma's id of the generation that it continues."""
        return super().build_submit(replace(sending, body=_put_their_id(sending)))

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Tell a refusal about credits from one of the request: both may be a 400."""
        found = super().classify_refusal(sending, answer, parsed)
        if isinstance(found, Refused) and "credit" in (self.read_reason(parsed) or "").lower():
            return replace(found, code=_NO_CREDITS, blames_account=True)
        return found

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a generation. One that is completed and names no asset yet still runs."""
        said = super().observe(account, task, parsed)
        if said is None or said.state is not TaskState.SUCCEEDED:
            return said
        if any(piece.state is ArtifactState.READY for piece in said.artifacts):
            return said
        return replace(said, state=TaskState.RUNNING)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `assets`: the video or the image; until there is one, the video of the progress."""
        del account, task
        assets = parsed.get("assets")
        found = assets if isinstance(assets, dict) else {}
        pieces = [
            Artifact(kind, url, key=kind)
            for kind in ("video", "image")
            if (url := read_web_url(found.get(kind)))
        ]
        preview = read_web_url(found.get("progress_video"))
        if pieces or preview is None or self.read_state(parsed) is TaskState.FAILED:
            return pieces
        return [Artifact("video", preview, key="video", state=ArtifactState.PREVIEW)]

    def list_url(self, account: Account, page: Mapping[str, Any] | None) -> str:
        """Build the URL of a page by its offset."""
        offset = 0 if page is None else int(page["offset"])
        return f"{account.base_url}/generations?limit={PAGE}&offset={offset}"

    def read_operation(self, entry: Any) -> str:
        """Name the operation by what an entry says that it makes."""
        made = find_first_text(entry, ("generation_type", "request.generation_type"))
        return _OPERATIONS.get(made or "", "generations/video")

    def read_next_page(
        self, asking: Asking | ListRequest, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Go on behind what this page listed, while the list says that there is more."""
        if parsed.get("has_more") is not True or not entries:
            return None
        before = 0 if asking.page is None else int(asking.page["offset"])
        return {"offset": before + len(entries)}

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the generation that a callback is."""
        return self.observe(_NO_ACCOUNT, None, parsed)

    def read_balance(self, parsed: Any) -> str | None:
        """Read what is left, in US cents."""
        cents = find_first_number(parsed, ("credit_balance",))
        return None if cents is None else f"{cents} US cents"


def _list_named_tasks(operation: str, body: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return (field, name) of each task that an input continues.

    Raises InvalidRequest for a keyframe without what its type needs.
    """
    if operation in _FOLLOW_UPS:
        return [("id", body["id"])]
    named: list[tuple[str, str]] = []
    for place, frame in _read_frames(body).items():
        needed = "id" if frame["type"] == "generation" else "url"
        if not frame.get(needed):
            reason = f"is needed where type is {frame['type']}"
            raise InvalidRequest(FieldError(f"keyframes.{place}.{needed}", reason))
        if needed == "id":
            named.append((f"keyframes.{place}.id", frame["id"]))
    return named


def _put_their_id(sending: Sending) -> Mapping[str, Any]:
    """Return the body with Luma's id in place of our name of the task that is continued.

    Raises Misuse where Luma's id is not known.
    """
    body, operation = sending.body, sending.task.operation
    if not _list_named_tasks(operation, body):
        return body
    theirs = sending.get_parent_task_id()
    if operation in _FOLLOW_UPS:
        return {**body, "id": theirs}
    frames = {
        place: {**frame, "id": theirs} if frame["type"] == "generation" else frame
        for place, frame in _read_frames(body).items()
    }
    return {**body, "keyframes": {**body["keyframes"], **frames}}


def _read_frames(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    keyframes = body.get("keyframes") or {}
    return {place: keyframes[place] for place in ("frame0", "frame1") if keyframes.get(place)}


_FOLLOW_UPS = frozenset({"generations/upscale", "generations/audio"})
_NO_ACCOUNT = Account("", "", LumaOptions())
_API = LumaAdapter()


OBJECTS = ObjectIds(
    tasks=("id", "generation_id"),
    others=("user_id",),  # the caller's word for one of its users
)


class LumaByProfile(AdapterByProfile, ObjectCallbacks):
    """The official API, and gateways; the official API alone calls back."""

    not_a_task = LumaAdapter.not_a_task

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Read a generation; what a gateway's notify_hook brings is only a hint.

        Raises CallbackRejected for what is neither.
        """
        parsed = parse_body(inbound)
        if isinstance(parsed, dict) and "assets" not in parsed:
            task_id = find_first_text(parsed, ("id",), limit=200)
            if task_id is not None and find_first_text(parsed, ("status", "state")) is not None:
                return (Hint("a gateway has news; its body is not documented", task_id),)
        return super().parse_callback(inbound)

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the generation that a callback is."""
        return _API.read_object(parsed)


_ADAPTER = LumaByProfile(
    {
        "official": UpstreamKind(
            adapter=_API,
            looks=_API,
            lists=_API,
            cancels=_API,
            is_calling=True,
            needs_address=False,
            hosts=("api.lumalabs.ai",),
        ),
        "gateway": UpstreamKind(adapter=LumaGateway(), path_ends=("/luma", "/luma/v1")),
        "agents": UpstreamKind(
            adapter=LumaAgents(), needs_address=False, hosts=("agents.lumalabs.ai",)
        ),
    }
)
REVISION = 11
PROVIDER = Provider(
    name="luma",
    revision=REVISION,
    regions={
        "global": "https://api.lumalabs.ai/dream-machine/v1",
        "agents": "https://agents.lumalabs.ai/v1",
    },
    options=LumaOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    looks=_ADAPTER,
    lists=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=LumaFront(),
    passes_on=LumaCalls(),
    tells_costs=True,
    examples={
        "a video from text": {
            "operation": "generations/video",
            "input": {"model": "ray-2", "prompt": "a cat in the rain"},
        }
    },
)
