"""Jimeng's codes, and what each proves about a create or a task.

Source: https://www.volcengine.com/docs/85621 (error codes of the models), read 2026-11. 50400 and
50401, and all of 505xx but 50500, 50501 and 50511, are read so by their kind.
"""

from tracker.providers.kit.reading import find_first_text

GOOD = "10000"
MODERATED = frozenset({"50411", "50412", "50413", "50511", "50512"})
"""The input or the output was blocked; 50511 may pass as another task."""
NO_RIGHT = frozenset({"50400", "50401"})
TOO_FAST, TOO_MANY = "50429", "50430"
INTERNAL = frozenset({"50500", "50501"})
_PASSING = NO_RIGHT | INTERNAL | {TOO_FAST, TOO_MANY}


def find_code(parsed: object) -> str | None:
    """Return the outer code, which alone tells a success; None where there is none."""
    return find_first_text(parsed, ("code",), limit=100)


def find_gateway_code(parsed: object) -> str | None:
    """Return the word of the gateway in front of the API, such as SignatureDoesNotMatch."""
    return find_first_text(parsed, ("ResponseMetadata.Error.Code",), limit=100)


def is_final(code: str) -> bool:
    """Tell whether a code is the verdict of a request or a task: of its content or its fields."""
    is_own = code.isascii() and code.isdigit() and len(code) == 5 and code.startswith("50")
    return is_own and code not in _PASSING
