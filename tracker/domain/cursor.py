"""Cursors: positions in lists, opaque to their holder, versioned, bound to the list, signed."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from tracker.domain.errors import FieldError, InvalidRequest

_VERSION = "1"
_TAG_BYTES = 9


def encode(secret: bytes, scope: str, sort_key: Sequence[int | str]) -> str:
    """Encode a cursor for `sort_key`.

    scope: names the list and its filters; a cursor opens only the list it was made for.
    sort_key: the sort key of the last entry that was given out.
    """
    body = json.dumps(list(sort_key), separators=(",", ":")).encode()
    return urlsafe_b64encode(_tag(secret, scope, body) + body).rstrip(b"=").decode()


def decode(
    secrets: Sequence[bytes], scope: str, cursor: str, path: str = "cursor"
) -> list[int | str]:
    """Return the sort key that `encode` was given.

    secrets: any may have made it: they rotate, and readers keep their cursor for long.
    path:    names the parameter in the error.
    Raises InvalidRequest for anything that `encode` did not make with these and this scope.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise _refuse_cursor(path) from None
    tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    made = [hmac.compare_digest(tag, _tag(secret, scope, body)) for secret in secrets]
    if not body or not any(made):
        raise _refuse_cursor(path)
    sort_key: list[int | str] = json.loads(body)
    return sort_key


def _tag(secret: bytes, scope: str, body: bytes) -> bytes:
    text = b"\n".join((b"cursor", _VERSION.encode(), scope.encode(), body))
    return hmac.digest(secret, text, hashlib.sha256)[:_TAG_BYTES]


def _refuse_cursor(path: str) -> InvalidRequest:
    return InvalidRequest(
        FieldError(path, "not a cursor of this list with these filters; start without one"),
        malformed=True,
    )
