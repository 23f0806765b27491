"""Answers about several tasks at once."""

from typing import Any

from tracker.domain.exchange import HttpResult
from tracker.providers.ports.adapter import Asking


def is_refused_together(asking: Asking, answer: HttpResult, parsed: Any) -> bool:
    """Tell whether an answer about several tasks is JSON that one unknown id may be the reason of.

    Each is to be asked for by itself then.
    """
    is_told = isinstance(parsed, dict) and answer.status < 500 and answer.status != 429
    return is_told and len(asking.tasks) > 1
