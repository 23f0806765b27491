"""Read urlencoded and multipart forms (RFC 7578) as JSON has them: fields as texts, files as data
URIs. Nothing is cut: what is too much is refused.
"""

import asyncio
import codecs
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from tracker.domain import documents
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.body import BodySteps, read_capped, read_json
from tracker.web.edge.body_errors import WrongMediaType
from tracker.web.edge.body_shares import get_share
from tracker.web.edge.encoding import decode_content
from tracker.web.edge.json_objects import PARSED_AT_ONCE

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_PARTS = 100
"""Fields and files of a form."""
LONGEST_HEAD = 8192
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}", re.ASCII)


async def read_json_or_form(
    request: Request, *, limit: int, timeout_s: float, digest: "hashlib._Hash"
) -> dict[str, Any]:
    """Return the body as an object, be it JSON or a form.

    Of a form, a name that comes more than once is a list. limit: bytes. digest: is given the body.
    Raises WrongMediaType, UnsupportedEncoding, InvalidRequest, and what `read_capped` raises.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (URLENCODED, MULTIPART):
        return await read_json(request, limit=limit, timeout_s=timeout_s, digest=digest)
    body = await read_capped(
        request.headers,
        request.receive,
        limit=limit,
        timeout_s=timeout_s,
        steps=BodySteps(share=get_share(request.scope)),
    )
    encoding = ",".join(request.headers.getlist("content-encoding"))
    if encoding:
        body = await asyncio.to_thread(decode_content, encoding, body, limit=limit)
    if len(body) <= PARSED_AT_ONCE:
        return parse_form(content_type, body, digest)
    return await asyncio.to_thread(parse_form, content_type, body, digest)


def parse_form(content_type: str, body: bytes, digest: "hashlib._Hash") -> dict[str, Any]:
    """Return the fields of a form. Raises WrongMediaType, InvalidRequest.

    digest: is given the names and values; a multipart form is delimited anew at each try.
    """
    fields = list(_iterate_fields(content_type, body))
    found: dict[str, Any] = {}
    for name, value in fields:
        digest.update(f"{len(name)} {name} {len(value)} ".encode("utf-8", "replace"))
        digest.update(value.encode("utf-8", "replace"))
        known = found.get(name)
        if known is None:
            found[name] = value
        else:
            found[name] = [*known, value] if isinstance(known, list) else [known, value]
    flaw = documents.find_unstorable_field(found)
    if flaw is not None:
        raise InvalidRequest(flaw)
    return found


def _iterate_fields(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    if content_type.lower().lstrip().startswith(URLENCODED):
        try:
            text = body.decode()
            yield from parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARTS)
        except ValueError:
            raise refuse_form(f"is no form of at most {MOST_PARTS} fields in UTF-8") from None
        return
    mark = mark_of(content_type)
    pieces = (b"\r\n" + body).split(mark, MOST_PARTS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise refuse_form(f"must end with its boundary, after at most {MOST_PARTS} parts")
    for piece in pieces[1:-1]:
        yield _parse_part(piece)


def _parse_part(piece: bytes) -> tuple[str, str]:
    head, end, content = piece.partition(b"\r\n\r\n")
    if not end:
        raise refuse_form("has a part without a head, or with a long one")
    part = read_head(head)
    if part.filename is None:
        try:
            return part.name, content.decode()
        except ValueError:
            raise InvalidRequest(FieldError(part.name, "is not UTF-8"), malformed=True) from None
    return part.name, f"data:{part.media_type};base64,{b64encode(content).decode()}"


@dataclass(frozen=True, slots=True)
class PartHead:
    """The head of a part. filename: None where the part is a field and no file."""

    name: str
    filename: str | None
    media_type: str


def read_head(head: bytes) -> PartHead:
    """Read the head of a part of a form. Raises InvalidRequest."""
    if len(head) > LONGEST_HEAD:
        raise refuse_form("has a part without a head, or with a long one")
    headers = _parse_headers(head)
    given = dict(_PARAMETER.findall(headers.get("content-disposition", "")))
    if not given.get("name"):
        raise refuse_form("has a part without a name")
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    return PartHead(given["name"], given.get("filename"), kind)


def mark_of(content_type: str) -> bytes:
    """Return what stands before each part of a multipart form. Raises WrongMediaType."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise WrongMediaType("a multipart form must name its boundary")
    return b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")


def _parse_headers(head: bytes) -> Mapping[str, str]:
    text = head.removeprefix(b"\r\n").removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    lines = (line.partition(":") for line in text.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def refuse_form(reason: str) -> InvalidRequest:
    """Return the refusal of what is no such form."""
    return InvalidRequest(FieldError("", reason), malformed=True)
