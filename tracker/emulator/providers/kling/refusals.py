"""Kling's error codes and texts, and the reading of bodies and queries that ends in them.

Source: https://kling.ai/document-api/api/get-started/error-codes, read 2026-09.
"""

from collections.abc import Mapping

from tracker.emulator.core.calls import parse_json
from tracker.emulator.core.refusals import Refusal, RefusalKind

__all__ = [
    "HTTP_STATUS",
    "NOT_FOUND",
    "KlingRefusal",
    "convert_to_kling",
    "parse_body",
    "query_number",
]

HTTP_STATUS: Mapping[int, int] = {
    0: 200,
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1200: 400,
    1201: 400,
    1202: 404,
    1203: 404,
    1103: 403,
    1301: 400,
    1302: 429,
    1303: 429,
    5000: 500,
    5001: 503,
    5002: 504,
}
"""Kling code -> HTTP status."""

NOT_FOUND = "Task not found by id/external id"

_KINDS: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.MODERATED: (1301, "The content is blocked by the content safety policy"),
    RefusalKind.BUSY: (1303, "parallel task over resource pack limit"),
    RefusalKind.RATE_LIMITED: (1302, "The API request is too fast"),
    RefusalKind.INTERNAL: (5000, "Server internal error"),
    RefusalKind.INTERNAL_TIMEOUT: (5002, "Server internal timeout"),
    RefusalKind.UNAVAILABLE: (5001, "Server temporarily unavailable, usually for maintenance"),
    RefusalKind.NOT_FOUND: (1201, NOT_FOUND),
    RefusalKind.GONE: (1201, NOT_FOUND),
    RefusalKind.DUPLICATE_ID: (1201, "external_task_id {message}"),
    RefusalKind.TOO_LARGE: (1200, "{message}"),
}
"""Code and text of a reason that the core found; the rest are invalid values (1201)."""


class KlingRefusal(Refusal):
    """A refused call with Kling's code."""

    def __init__(self, code: int, message: str, *, retry_after: int | None = None) -> None:
        """Take a code of HTTP_STATUS, the text for the caller, and seconds to wait."""
        is_not_found = message == NOT_FOUND
        kind = RefusalKind.NOT_FOUND if is_not_found else RefusalKind.INVALID
        super().__init__(kind, message, retry_after=retry_after)
        self.code = code


def convert_to_kling(refusal: Refusal) -> KlingRefusal:
    """Return the refusal with Kling's code and text."""
    if isinstance(refusal, KlingRefusal):
        return refusal
    code, text = _KINDS.get(refusal.kind, (1201, "{message}"))
    # Not str.format: the message holds braces of the caller's.
    message = text.replace("{message}", refusal.message)
    return KlingRefusal(code, message, retry_after=refusal.retry_after)


def parse_body(raw: bytes) -> dict[str, object]:
    """Return the JSON object of a create request; raises KlingRefusal (1200)."""
    body = parse_json(raw)
    if not isinstance(body, dict):
        raise KlingRefusal(1200, "The request body must be a JSON object")
    return body


def query_number(
    params: Mapping[str, str], name: str, *, default: int | None = None, least: int = 1, most: int
) -> int:
    """Return a whole number of the query; raises KlingRefusal (1201) when wrong or missing."""
    text = params.get(name)
    if text is None and default is not None:
        return default
    good = text is not None and text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not good or text is None or not least <= int(text) <= most:
        raise KlingRefusal(1201, f"{name} must be an integer from {least} to {most}")
    return int(text)
