"""Words and fields of Stability's answers that the adapter reads and the front shows."""

from collections.abc import Mapping
from types import MappingProxyType

SUCCESS, FILTERED = "SUCCESS", "CONTENT_FILTERED"
"""Finish reasons; with the second one HTTP 200 brings a blurred picture."""
MODERATED = "content_moderation"
"""Name of the error for a request, or a result, that was blocked."""
STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "bad_request": 400,
        "invalid_prompts": 400,
        "unauthorized": 401,
        "payment_required": 402,
        MODERATED: 403,
        "payload_too_large": 413,
        "unprocessable": 422,
        "rate_limit_exceeded": 429,
    }
)
"""The HTTP status that belongs to the name of an error, for those that come with HTTP 200."""
FIELDS = ("image", "result", "video", "audio", "artifact")
"""Fields of JSON that may hold the file."""
