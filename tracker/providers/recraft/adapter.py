"""Recraft's API: one call is the picture. Nothing is polled, called back, cancelled or found.

Sources: https://www.recraft.ai/docs/api-reference/endpoints,
https://www.recraft.ai/docs/api-reference/pricing and
https://github.com/recraft-ai/mcp-recraft-server, read 2026-11.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.cost import Cost
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.kit.forms import FormFile, build_multipart, read_file
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.pieces import (
    find_common_loss,
    find_picture_url,
    list_pictures,
    make_lost_pieces,
)
from tracker.providers.kit.reading import find_first_number, find_first_text, read_charge
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import OneKindOptions
from tracker.providers.ports.adapter import Answer, Request, Sending
from tracker.providers.ports.provider import Provider, ResultHosting
from tracker.providers.recraft.front import RecraftFront
from tracker.providers.recraft.inputs import CREATES, DRAWINGS, FILES, LINKS, LISTS, list_flaws
from tracker.providers.recraft.passing import ME, OBJECTS, RecraftCalls
from tracker.providers.recraft.words import UNIT

_LASTS_S = 600.0
_URLS_LIVE = timedelta(hours=24)
_REQUEST_ID = "x-recraft-requestid"
"""The header by which Recraft's support finds a call; its answers hold no other id of one.

Seen by several callers (public code, read 2026-12-01).
"""
LIMITS = CallLimits(CallRate(5, 1))
"""Calls a second. Of pictures 100 a minute are made, of which one call may make several.

https://www.recraft.ai/docs/api-reference/appendix, as public code quotes it, read 2026-12-01.
"""


class Recraft(TableAdapter):
    """Submits, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    poll_path: ClassVar[str] = ME
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType({})
    probe_path: ClassVar[str | None] = ME
    account_codes: ClassVar[Collection[str]] = ("not_enough_credits",)
    meanings: ClassVar[Mapping[int, Meaning]] = MappingProxyType({499: Meaning.UNKNOWN})

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and by what pictures are needed."""
        request = super().check(operation, input_)
        if flaws := list_flaws(operation, request.body):
            raise InvalidRequest(*flaws)
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build a form where files are all that it is made from, else JSON."""
        if sending.task.operation in DRAWINGS or {*LINKS.values()} & sending.body.keys():
            body = {LINKS.get(name, name): value for name, value in sending.body.items()}
            return replace(super().build_submit(replace(sending, body=body)), lasts_s=_LASTS_S)
        url = f"{sending.account.base_url}/{sending.task.operation}"
        fields = [_make_field(name, value) for name, value in sending.body.items()]
        return replace(
            build_multipart(url, fields, self.build_headers(sending.account)), lasts_s=_LASTS_S
        )

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take pictures for a success, and an answer that should have some for a failure."""
        if not isinstance(answer, HttpResult) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        found = list_pictures(parsed)
        if found is None:
            return self.classify_refusal(sending, answer, parsed)
        pieces = [piece for place, one in enumerate(found) if (piece := _make_piece(one, place))]
        if (reason := find_common_loss(found)) is not None:
            return Unknown(reason)
        costs = _read_costs(parsed)
        if not pieces:
            reason = "the answer holds no picture"
            error = TaskError("provider", "empty_result", reason)
            said = Observation(TaskState.FAILED, "done", message=reason, error=error, costs=costs)
            return Accepted(None, "done", said=said, request_id=answer.headers.get(_REQUEST_ID))
        wanted = int(sending.body.get("n") or 1) if sending.task.operation in LISTS else 1
        note = f"{len(pieces)} of {wanted} pictures" if len(pieces) < wanted else None
        said = Observation(
            TaskState.SUCCEEDED,
            "done",
            message=note,
            artifacts=(*pieces, *make_lost_pieces(found)),
            costs=costs,
        )
        return Accepted(None, "done", said=said, request_id=answer.headers.get(_REQUEST_ID))

    def read_balance(self, parsed: Any) -> str | None:
        """Read the units that are left."""
        left = find_first_number(parsed, ("credits",))
        return None if left is None else f"{left} units"


def _make_field(name: str, value: Any) -> tuple[str, str | FormFile]:
    file = read_file(value) if name in FILES else None
    if file is not None:
        return name, file
    return name, str(value).lower() if isinstance(value, bool) else str(value)


def _make_piece(picture: Mapping[str, Any], place: int) -> Artifact | None:
    url = find_picture_url(picture, "webp")
    if url is None:
        return None
    extra: dict[str, Any] = {}
    if (revised := find_first_text(picture, ("revised_prompt",))) is not None:
        extra["revised_prompt"] = revised
    if (score := find_first_number(picture, ("features.nsfw_score",))) is not None:
        extra["nsfw_score"] = score
    name = find_first_text(picture, ("image_id",), limit=200)
    return Artifact("image", url, id=name, key=f"image-{place}", extra=extra)


def _read_costs(parsed: Any) -> tuple[Cost, ...]:
    amount = read_charge(find_first_number(parsed, ("credits",)))
    return () if amount is None else (Cost("unit", amount, unit=UNIT),)


_ADAPTER = Recraft()
REVISION = 7
PROVIDER = Provider(
    name="recraft",
    revision=REVISION,
    regions={"recraft": "https://external.api.recraft.ai/v1"},
    options=OneKindOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    probes=_ADAPTER,
    tells_costs=True,
    front=RecraftFront(),
    passes_on=RecraftCalls(),
    results=ResultHosting(answers_with_files=lambda _operation: True, lifetime=_URLS_LIVE),
    call_limits=lambda _account: LIMITS,
    examples={
        "a picture": {
            "operation": "images/generations",
            "input": {"prompt": "a cat in the rain", "model": "recraftv4_1", "size": "1024x1024"},
        }
    },
)
