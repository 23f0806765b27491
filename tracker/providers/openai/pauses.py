"""How long OpenAI asks a caller to wait: Retry-After, else until its limits count anew.

Source: https://platform.openai.com/docs/guides/rate-limits (rate limits in headers), and for
`retry-after-ms` https://github.com/openai/openai-python (3.57.0, _base_client.py), read 2026-11.
"""

import re

from tracker.domain.exchange import HttpResult
from tracker.domain.retry import retry_after_s

_RESET, _LEFT = "x-ratelimit-reset-", "x-ratelimit-remaining-"
_SPAN = re.compile(r"(?:\d{1,6}(?:\.\d{1,9})?(?:ms|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))


def read_pause_s(answer: HttpResult) -> float | None:
    """Return seconds; None where no header says."""
    told = retry_after_s(answer.headers)
    if told is not None:
        return told
    in_ms = answer.headers.get("retry-after-ms", "")
    if _SPAN.fullmatch(f"{in_ms}ms"):
        return _parse_seconds(f"{in_ms}ms")
    resets = {
        name.removeprefix(_RESET): _parse_seconds(text)
        for name, text in answer.headers.items()
        if name.startswith(_RESET) and _SPAN.fullmatch(text)
    }
    spent = [pause for kind, pause in resets.items() if answer.headers.get(_LEFT + kind) == "0"]
    return max(spent) if spent else min(resets.values(), default=None)


def _parse_seconds(span: str) -> float:
    """Return the seconds of a span such as `6m0s` or `340ms`."""
    factors = dict(_SECONDS)
    return sum(float(number) * factors[unit] for number, unit in _PART.findall(span))
