"""Provider callbacks: the raw bytes, capped; one service call; an answer after the commit."""

import asyncio
import re
from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Verdict
from tracker.domain.records import record
from tracker.domain.signature import SIGNATURE
from tracker.domain.token import LENGTH, SHARED, remove_suffix
from tracker.providers.ports.callbacks import Inbound
from tracker.services.receive.callback import RawCallback
from tracker.services.receive.reception import CallbackReply, ReceptionResult
from tracker.telemetry.logs import note
from tracker.web.edge.body import read_capped
from tracker.web.edge.encoding import (
    UnsupportedEncoding,
    convert_to_utf8,
    decode_content,
    find_encoding,
    is_json,
)
from tracker.web.edge.rootpath import CALLBACK_PREFIX
from tracker.web.edge.state import Services, get_services
from tracker.web.edge.structure import check_values_at_once
from tracker.web.receive.form_body import FORM_AT_ONCE, convert_form_to_json

ANSWERS: Mapping[Verdict, Response] = {
    verdict: JSONResponse({"verdict": verdict.value}) for verdict in Verdict
}
"""The answer for each verdict, shared by all requests."""
_SIGNATURE_NAME = SIGNATURE.encode()
_PLAIN = '([!-"$&-.0->@-~]+)'
_PLAIN_URL = re.compile(f"{CALLBACK_PREFIX}{_PLAIN}/{_PLAIN}/{_PLAIN}".encode())


@record
class Arrival:
    """Where a callback came in, and from where.

    path, query: of its URL, for senders that sign them. sender: the address that it came from.
    """

    path: str
    query: str
    sender: str


async def receive(request: Request) -> Response:
    """200 once it is on disk, whatever was made of it; 400 when it cannot be read (kept too).

    Without a subject and a token in its path it counts where the provider calls one URL for all
    tasks and the callback proves where it comes from.
    """
    our, params = get_services(request), request.path_params
    token = remove_suffix(params.get("token", ""))
    place = (params["provider"], params.get("subject", SHARED), token)
    body = await read_capped(
        request.headers,
        request.receive,
        limit=max(our.limits.callback_bytes, our.reception.find_largest(*place)),
        timeout_s=our.limits.body_timeout_s,
    )
    sender = "" if request.client is None else request.client.host
    arrival = Arrival(request.url.path, request.url.query, sender)
    return await take(our, place, decode_headers(request.headers.raw), body, arrival)


async def answer_challenge(request: Request) -> Response:
    """Answer a provider that tests our URL with a GET. Anything else is a 405."""
    params, url = request.path_params, request.url
    raw = RawCallback(
        params["provider"],
        params.get("subject", SHARED),
        remove_suffix(params.get("token", "")),
        Inbound("GET", url.path, url.query, decode_headers(request.headers.raw), b""),
    )
    reply = get_services(request).reception.answer_challenge(raw)
    if reply is None:
        raise HTTPException(405, headers={"allow": "POST"})
    return _make_response(reply)


async def take(
    our: Services,
    place: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    arrival: Arrival,
) -> Response:
    """Keep one callback and say what was made of it.

    place: provider, subject and token of its URL.

    Raises InvalidRequest and UnsupportedEncoding when it cannot be read (it is kept all the same),
    BodyTooLarge for more than that many bytes in a compressed body, and what `Reception.receive`
    raises.
    """
    provider, subject, token = place
    signed: tuple[bytes, ...] = ()
    flaw: UnsupportedEncoding | InvalidRequest | None = None
    encoding = find_encoding(headers.get("content-encoding", ""), body)
    if encoding and not is_json(body):
        try:
            plain = await _decode_body(our, place, encoding, body)
            signed, body = (plain, body), plain
        except (UnsupportedEncoding, InvalidRequest) as error:
            flaw = error.with_traceback(None)  # it would hold this frame, and so the body
    content_type = headers.get("content-type", "")
    text = convert_to_utf8(content_type, body)
    if "form" in content_type.lower():
        text = await _convert_form(content_type, text)
    if text is not body and not signed:
        signed = (body,)
    if flaw is None:
        try:
            check_values_at_once(text)
        except InvalidRequest as error:
            flaw = error.with_traceback(None)
    inbound = Inbound("POST", arrival.path, arrival.query, headers, text)
    why = None if flaw is None else str(flaw)
    raw = RawCallback(provider, subject, token, inbound, signed, why, arrival.sender)
    if flaw is None and (challenge := our.reception.answer_challenge(raw)) is not None:
        return _make_response(challenge)
    received = await our.reception.receive(raw)
    note(**list_facts(place, received))
    if flaw is not None:
        try:
            raise flaw
        finally:
            del flaw  # or it and this frame hold each other until cycles are looked for
    return answer_to(received)


def read_at_once(
    place: Sequence[str], headers: Mapping[str, str], body: bytes, arrival: Arrival
) -> RawCallback | None:
    """Return a callback as most are, whose body is read as it came; None for what `take` must read.

    Raises InvalidRequest for one that cannot be read, before anything of it is kept. Arguments: see
    `take`.
    """
    content_type = headers.get("content-type", "")
    if "content-encoding" in headers or "form" in content_type.lower() or find_encoding("", body):
        return None
    text = convert_to_utf8(content_type, body)
    check_values_at_once(text)
    provider, subject, token = place
    inbound = Inbound("POST", arrival.path, arrival.query, headers, text)
    signed = () if text is body else (body,)
    return RawCallback(provider, subject, token, inbound, signed, None, arrival.sender)


def list_facts(place: Sequence[str], received: ReceptionResult) -> dict[str, str]:
    """Return what is logged of a callback that was received. place: see `take`."""
    provider, subject, _ = place
    facts = {"provider": provider, "verdict": received.verdict._value_}
    if subject != SHARED:
        facts["task"] = subject
    return facts


def answer_to(received: ReceptionResult) -> Response:
    """Return the answer to a callback that was received. Raises InvalidRequest if malformed."""
    if received.verdict is Verdict.MALFORMED:
        raise InvalidRequest(FieldError("", received.reason or "unreadable"), malformed=True)
    return ANSWERS[received.verdict] if received.reply is None else _make_response(received.reply)


async def _convert_form(content_type: str, body: bytes) -> bytes:
    """Return a form as JSON; a large one is read beside the event loop."""
    if len(body) <= FORM_AT_ONCE:
        return convert_form_to_json(content_type, body)
    return await asyncio.to_thread(convert_form_to_json, content_type, body)


async def _decode_body(our: Services, place: Sequence[str], encoding: str, body: bytes) -> bytes:
    """Return a body without its encoding; what may become large is unpacked beside the event loop.

    Raises what `undone` raises.
    """
    limit, larger = our.limits.callback_bytes, our.reception.find_largest(*place)
    if larger <= limit:
        return decode_content(encoding, body, limit=limit)
    return await asyncio.to_thread(decode_content, encoding, body, limit=larger)


def _make_response(reply: CallbackReply) -> Response:
    """Make the answer that a sender insists on. No browser is to take it for a page."""
    kind = "application/json" if reply.body[:1] in (b"{", b"[", b'"') else "text/plain"
    nosniff = {"x-content-type-options": "nosniff"}
    return Response(reply.body, reply.status, nosniff, media_type=kind)


def decode_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as text. Of those that came twice, the last; signatures all, in one line."""
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    if len(found) < len(headers) and SIGNATURE in found:
        # During a rotation some senders write a line for each secret.
        several = (value for name, value in headers if name == _SIGNATURE_NAME)
        found[SIGNATURE] = b" ".join(several).decode("latin-1")
    return found


def split_path(url: bytes) -> Sequence[str] | None:
    """Return provider, subject and token of a callback URL that needs no decoding; None for any
    other, also for one with more behind its token.
    """
    found = _PLAIN_URL.fullmatch(url)
    if found is None or len(found[3]) > LENGTH:
        return None
    return tuple(map(bytes.decode, found.groups()))
