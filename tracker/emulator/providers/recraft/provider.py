"""Recraft's routes: pictures, which the call waits for, styles, and the units of the account.

Source: https://www.recraft.ai/docs/api-reference/endpoints, read 2026-11.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import accept_integer, accept_text, record
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.media import build_media_url, make_media
from tracker.emulator.core.multipart import parse_form
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import CodedRefusal, Refusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import SUCCEED, EmulatedTask
from tracker.emulator.providers.recraft.words import RECRAFT_WORDS, RecraftWord

__all__ = ["create"]

_LISTS = {
    "generations": ("prompt",),
    "generations/raster": ("prompt",),
    "generations/vector": ("prompt",),
    "imageToImage": ("image", "prompt", "strength"),
    "inpaint": ("image", "mask", "prompt"),
    "outpaint": ("image", "prompt"),
    "replaceBackground": ("image", "prompt"),
    "generateBackground": ("image", "mask", "prompt"),
    "variateImage": ("image",),
}
_TOOLS = ("vectorize", "removeBackground", "crispUpscale", "creativeUpscale", "eraseRegion")
_FILES = frozenset({"image", "file", "mask"})
_PRICES = {"vectorize": 10, "removeBackground": 10, "crispUpscale": 4, "creativeUpscale": 250}
_PRICE = 40
"""Units of a picture, where the table says nothing else."""
_LEAST_BYTES = 48 * 1024
"""Of a picture in base64: real ones are large; what stands behind a PNG's end is ignored."""
_CHECK = record({"prompt": accept_text(least=1, most=10_000), "n": accept_integer(least=1, most=6)})


@dataclass(frozen=True)
class RecraftDetails:
    """The facts of a picture that the core does not know. is_file: it is wanted as base64."""

    price: int
    is_file: bool


RecraftTask = EmulatedTask[RecraftDetails]


class RecraftApi:
    """The handlers of the routes."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._emulator = emulator
        self._spent = 0
        self.engine: Engine[RecraftDetails] = Engine(
            emulator, ProviderRules(name="recraft", callbacks=lambda _task: (), words=RECRAFT_WORDS)
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            *(
                ApiRoute("POST", f"/v1/images/{name}", partial(self._draw, name))
                for name in (*_LISTS, *_TOOLS)
            ),
            ApiRoute("POST", "/v1/styles", self._create_style),
            ApiRoute("GET", "/v1/users/me", self._show_me),
        )

    async def _draw(self, name: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._emulator.config), _build_body(name, call)
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(name, body, scenario),
            )
        )
        await self.engine.wait(task)
        if task.status != SUCCEED:
            raise CodedRefusal(500, "internal_error", "the picture could not be made")
        self._spent += task.details.price
        return Reply(_answer(name, task))

    async def _create_style(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._emulator.config)
        parse_form(call)
        return Reply({"id": f"style-{self._emulator.make_request_id()}"})

    async def _show_me(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._emulator.config)
        left = 10_000 - self._spent
        return Reply({"id": account, "email": "me@example.com", "name": "me", "credits": left})


MAIN_JOB = MainJob(
    address="/recraft/v1",
    operation="images/generations",
    input={"prompt": "a cat in the rain", "model": "recraftv4_1", "size": "1024x1024"},
)


def create(emulator: Emulator) -> EmulatedProvider[RecraftDetails]:
    """Return the emulator of Recraft."""
    api = RecraftApi(emulator)
    service = RoutedService(("/recraft",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="recraft", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _build_body(name: str, call: ApiCall) -> Mapping[str, object]:
    """Return the JSON of a drawing, or the fields of a form, files by their names."""
    is_json = call.headers.get("content-type", "").startswith("application/json")
    if name.startswith("generations") or is_json:
        given = call.parse_object()
        links = {"image_url": "image" if name in _LISTS else "file", "mask_url": "mask"}
        return {links.get(one, one): value for one, value in given.items()}
    body: dict[str, object] = {}
    for part in parse_form(call):
        if (part.name in _FILES) != (part.filename is not None):
            raise CodedRefusal(400, "invalid_request", f"{part.name} is no file, or should be none")
        said = part.content.decode("utf-8", "replace")
        body[part.name] = part.filename or (int(said) if said.isdigit() else said)
    return body


def _make_draft(
    name: str, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[RecraftDetails]:
    if scenario.has(RecraftWord.NO_UNITS):
        raise CodedRefusal(402, "not_enough_credits", "you have no API units left")
    needed = _LISTS.get(name, ())
    missing = [one for one in needed if one not in body]
    if name in _TOOLS and not {"file", "image"} & body.keys():
        missing = ["file"]
    flaw = _CHECK({one: value for one, value in body.items() if one in ("prompt", "n")})
    if missing or flaw is not None:
        raise CodedRefusal(400, "invalid_request", str(flaw or f"{missing[0]} is missing"))
    wanted = body.get("n")
    count = wanted if isinstance(wanted, int) and name in _LISTS else 1
    made = 0 if scenario.has(RecraftWord.NO_PICTURE) else count
    made -= 1 if scenario.has(RecraftWord.ONE_LESS) and made else 0
    return TaskDraft(
        operation=f"images/{name}",
        details=RecraftDetails(
            _PRICES.get(name, _PRICE) * count, body.get("response_format") == "b64_json"
        ),
        creation_key=str(body.get("prompt") or name),
        artifacts=tuple(f"{number}.{_build_ending(name, body)}" for number in range(made)),
    )


def _build_ending(name: str, body: Mapping[str, object]) -> str:
    """Return the ending of what is drawn: some models and one tool draw with vectors."""
    is_vector = name in ("vectorize", "generations/vector") or "_vector" in str(body.get("model"))
    return "svg" if is_vector else "png"


def _answer(name: str, task: RecraftTask) -> dict[str, Any]:
    answer: dict[str, Any] = {"created": task.created_at // 1000}
    if not task.scenario.has(RecraftWord.NO_CREDITS_TOLD):
        answer["credits"] = task.details.price
    pictures = [_build_picture(task, one) for one in task.artifacts]
    if name in _LISTS:
        return {**answer, "data": pictures}
    return {**answer, "image": pictures[0] if pictures else {}}


def _build_picture(task: RecraftTask, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"image_id": f"{task.task_id}-{name[0]}"}
    if task.details.is_file:
        blank = b" " if name.endswith(".svg") else b"\0"
        content = (make_media(task.task_id, name) or b"").ljust(_LEAST_BYTES, blank)
        found["b64_json"] = b64encode(content).decode()
    else:
        found["url"] = build_media_url(task, name)
    if task.scenario.has(RecraftWord.NSFW):
        found["features"] = {"nsfw_score": 0.98}
    return found


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, code = refusal.find_status_and_code({}, refusal.kind.value)
    return Reply({"code": code, "message": refusal.message}, status)
