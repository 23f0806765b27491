"""Provider callbacks: the raw bytes, capped; one service call; an answer after the commit."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Verdict
from tracker.domain.token import SHARED
from tracker.services.receive.correlation import RawCallback
from tracker.telemetry import note
from tracker.web.edge.body import read_capped
from tracker.web.edge.encoding import UnsupportedEncoding, as_utf8, undone
from tracker.web.edge.rootpath import CALLBACK_PREFIX
from tracker.web.edge.state import Services, services

ANSWERS: Mapping[Verdict, Response] = {
    verdict: JSONResponse({"verdict": verdict.value}) for verdict in Verdict
}
"""The answer for each verdict, shared by all requests."""
_PLAIN = '([!-"$&-.0->@-~]+)'
_PLAIN_URL = re.compile(f"{CALLBACK_PREFIX}{_PLAIN}/{_PLAIN}/{_PLAIN}".encode())


async def receive(request: Request) -> Response:
    """200 once it is on disk, whatever was made of it; 400 when it cannot be read (kept too)."""
    our, params = services(request), request.path_params
    place = (params["provider"], params["subject"], params["token"])
    body = await read_capped(
        request.headers,
        request.receive,
        limit=our.limits.callback_bytes,
        timeout_s=our.limits.body_timeout_s,
    )
    sender = "" if request.client is None else request.client.host
    return await take(our, place, decoded(request.headers.raw), body, sender)


async def take(
    our: Services,
    place: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    sender: str = "",
) -> Response:
    """Keep one callback and say what was made of it.

    place:  provider, subject and token of its URL.
    sender: the address that it came from.

    Raises InvalidRequest and UnsupportedEncoding when it cannot be read (it is kept all the same),
    BodyTooLarge for more than that many bytes in a compressed body, and what `Reception.receive`
    raises.
    """
    provider, subject, token = place
    signed: tuple[bytes, ...] = ()
    flaw: UnsupportedEncoding | InvalidRequest | None = None
    if "content-encoding" in headers:
        try:
            plain = undone(headers["content-encoding"], body, limit=our.limits.callback_bytes)
            signed, body = (plain, body), plain
        except (UnsupportedEncoding, InvalidRequest) as error:
            flaw = error
    text = as_utf8(headers.get("content-type", ""), body)
    if text is not body and not signed:
        signed = (body,)
    raw = RawCallback(provider, subject, token, headers, text, signed=signed, sender=sender)
    if flaw is not None:
        raw = replace(raw, flaw=str(flaw))
    received = await our.reception.receive(raw)
    note(provider=provider, verdict=received.verdict._value_)
    if subject != SHARED:
        note(task=subject)
    if flaw is not None:
        raise flaw
    if received.verdict is Verdict.MALFORMED:
        raise InvalidRequest(FieldError("", received.reason or "unreadable"), malformed=True)
    return ANSWERS[received.verdict]


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as text. Of those that came twice, the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def place_of(url: bytes) -> Sequence[str] | None:
    """Provider, subject and token of a callback URL that needs no decoding; None for any other."""
    found = _PLAIN_URL.fullmatch(url)
    return None if found is None else [part.decode() for part in found.groups()]
