"""Reading of small multipart bodies (RFC 7578). Hostile input ends in Refusal."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.refusals import Refusal, RefusalKind

__all__ = ["FormPart", "parse_form", "read_form_fields"]

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)="([^"]*)"', re.IGNORECASE)
_MOST_PARTS = 20
_LONGEST_HEAD = 4096


@dataclass(frozen=True, kw_only=True)
class FormPart:
    """One field of a form."""

    name: str
    filename: str | None
    media_type: str
    content: bytes


def parse_form(call: ApiCall) -> list[FormPart]:
    """Return the parts of a form; raises Refusal (invalid)."""
    found = _BOUNDARY.match(call.headers.get("content-type", ""))
    if found is None:
        raise Refusal(RefusalKind.INVALID, "the content type must be multipart/form-data")
    pieces = (b"\r\n" + call.raw).split(b"\r\n--" + found.group(1).encode(), _MOST_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Refusal(RefusalKind.INVALID, f"the form must end, after {_MOST_PARTS} parts at most")
    return [_parse_part(piece) for piece in pieces[1:-1]]


def read_form_fields(call: ApiCall, files: Collection[str]) -> Mapping[str, object]:
    """Return the fields of a form, of a file its size; raises Refusal (invalid).

    files: names of fields that must be files.
    """
    fields: dict[str, object] = {}
    for part in parse_form(call):
        if part.name in files and part.filename is None:
            raise Refusal(RefusalKind.INVALID, f"{part.name}: must be a file")
        is_file = part.filename is not None
        content = part.content.decode("utf-8", "replace")
        fields[part.name] = f"{len(part.content)} bytes" if is_file else content
    return fields


def _parse_part(piece: bytes) -> FormPart:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not separator or len(head) > _LONGEST_HEAD:
        raise Refusal(RefusalKind.INVALID, "a part of the form has no head, or a long one")
    lines = head.decode("utf-8", "replace").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in _parse_fields(lines)}
    given = dict(_PARAMETER.findall(headers.get("content-disposition", "")))
    if "name" not in given:
        raise Refusal(RefusalKind.INVALID, "a part of the form has no name")
    return FormPart(
        name=given["name"],
        filename=given.get("filename"),
        media_type=headers.get("content-type", "text/plain"),
        content=content,
    )


def _parse_fields(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines if line]
