"""Our id within Vidu's `payload`, in front of the caller's own text.

Vidu repeats the payload in answers, callbacks and lists (https://platform.vidu.com/docs, 2026-11).
"""

import re
from typing import Any
from urllib.parse import quote, unquote

from tracker.providers.kit.reading import find_first_text
from tracker.providers.vidu.inputs import MOST_PAYLOAD

_PREFIX = "tracker:"
_LONGEST_MARK = 4096
_MARK = re.compile(rf"{_PREFIX}([^:\s]+):")
MOST_OF_CALLER = MOST_PAYLOAD - _LONGEST_MARK
"""Characters that are left for the caller's payload."""


def add_mark(external_id: str, payload: str) -> str:
    """Return the payload that Vidu is sent. payload: the caller's; empty for none."""
    return f"{_PREFIX}{quote(external_id, safe='')}:{payload}"


def mark_in(parsed: Any) -> str | None:
    """Return our id in the payload of a task object; None for a payload without one."""
    found = _MARK.match(find_first_text(parsed, ("payload",), limit=_LONGEST_MARK) or "")
    return None if found is None else unquote(found[1])
