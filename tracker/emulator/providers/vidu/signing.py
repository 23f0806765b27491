"""Signatures of Vidu's callbacks: over the request line, the date and a nonce, not the body.

Source: https://platform.vidu.com/docs/callback-signature, read 2026-11.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import urlsplit, urlunsplit

from tracker.emulator.core.signing import SignatureQuality, Signer, SigningInput

__all__ = ["build_signer", "compute_signature", "strip_prefix"]

_ACCESS_KEY = "vidu"
_SIGNED = ("Date", "x-request-nonce")


def compute_signature(key: str, url: str, headers: Mapping[str, str]) -> str:
    """Return the signature of a POST in base64.

    headers: Date and x-request-nonce.
    """
    parts = urlsplit(url)
    chosen = "".join(f"{name}:{headers[name]}\n" for name in _SIGNED)
    text = "\n".join(("POST", parts.path or "/", parts.query, _ACCESS_KEY, headers["Date"], chosen))
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def build_signer(key: str, url: str) -> Signer:
    """Return a signer with the key that made the task.

    url: the callback URL of the create, wherever a proxy makes it arrive.
    """

    def sign(given: SigningInput) -> Mapping[str, str]:
        is_wrong = given.quality is SignatureQuality.WRONG
        headers = {
            "Date": formatdate(given.timestamp, usegmt=True),
            "x-request-nonce": given.message_id,
        }
        return headers | {
            "X-HMAC-ALGORITHM": "hmac-sha256",
            "X-HMAC-ACCESS-KEY": _ACCESS_KEY,
            "X-HMAC-SIGNED-HEADERS": ";".join(_SIGNED),
            "X-HMAC-SIGNATURE": compute_signature("another key" if is_wrong else key, url, headers),
        }

    return sign


def strip_prefix(url: str | None) -> str | None:
    """Return a callback URL without the first part of its path, as a proxy would strip it."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/" + parts.path.lstrip("/").partition("/")[2]))
