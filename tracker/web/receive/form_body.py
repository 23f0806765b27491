"""Read a callback that came as a form: the JSON that one of its fields holds, or its fields."""

import hashlib
import json
from typing import Any

from tracker.domain.errors import InvalidRequest
from tracker.web.edge.body_errors import WrongMediaType
from tracker.web.edge.encoding import is_json
from tracker.web.edge.forms import MULTIPART, URLENCODED, parse_form

FORM_AT_ONCE = 32 * 1024
"""Bytes of a form that the event loop reads itself, in 5 ms at worst."""
_MOST_BYTES = 256 * 1024
"""Of a form that is read: its parts take a hundred times as much while they are told apart."""
_WHOLE = frozenset(
    {"body", "callback", "content", "data", "event", "json", "message", "payload", "result"}
)
"""Fields that hold the whole of a message where they hold an object."""


def convert_form_to_json(content_type: str, body: bytes) -> bytes:
    """Return a form as JSON in UTF-8; the body as it is where it is no form that can be read.

    Clients that name no type send JSON as a form by default, and some senders put it into a field,
    or use it as a name. Fields that hold objects or lists are read as such.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (URLENCODED, MULTIPART) or len(body) > _MOST_BYTES or is_json(body):
        return body
    try:
        # No form is told from another by its digest here.
        fields = parse_form(content_type, body, hashlib.sha256())
    except (InvalidRequest, WrongMediaType):
        return body
    if len(fields) == 1:
        ((name, value),) = fields.items()
        for text in (value, name):
            if isinstance(text, str) and is_json(text.encode()):
                return text.encode()
    read = {name: _read(value) for name, value in fields.items()}
    whole = [value for name, value in read.items() if name in _WHOLE and isinstance(value, dict)]
    found = whole[0] if len(whole) == 1 else read
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace") if found else body


def _read(value: Any) -> Any:
    """Return the object or list that a text holds; any other value as it is."""
    if not isinstance(value, str) or not is_json(value.encode("utf-8", "replace")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
