"""The secret part of a callback URL: a keyed digest over provider and task id, with rotation."""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Sequence
from functools import cache

from tracker.domain.keyed_digest import KeyedDigest

SHARED = "shared"
"""Stands for the task id in a provider's shared callback URL."""
LENGTH = 43
"""Characters of every token."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""From base64 to its alphabet for URLs (RFC 4648 section 5)."""


_ISSUED = re.compile(rf"([A-Za-z0-9_-]{{{LENGTH}}})(?![A-Za-z0-9_-]).*", re.DOTALL)


def remove_suffix(text: str) -> str:
    """Return the end of a callback URL without what was written behind the token.

    Senders add `&sign=…` to a URL that has no query, and people copy the comma or the quotation
    mark behind it.
    """
    return text if len(text) <= LENGTH else _ISSUED.sub(r"\1", text)


def sign(secret: bytes, provider: str, subject: str) -> str:
    """Return the token for one URL: 256 bits, URL-safe, no padding.

    subject: the task's public id, or SHARED.
    """
    return _sign(secret, provider, subject).decode()


def is_valid(secrets: Sequence[bytes], provider: str, subject: str, token: str) -> bool:
    """Verify a token against every secret, in constant time in the token."""
    given = token.encode("utf-8", "replace")
    is_one = False
    for secret in secrets:
        is_one |= hmac.compare_digest(_sign(secret, provider, subject), given)
    return is_one


def _sign(secret: bytes, provider: str, subject: str) -> bytes:
    signed = f"callback\n{provider}\n{subject}".encode("utf-8", "replace")
    return b2a_base64(_keyed(secret).digest(signed), newline=False).translate(_URL_SAFE, b"=")


_keyed = cache(KeyedDigest)
