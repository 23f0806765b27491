"""Why a task failed, in the fields where gateways say it; else in whatever words there are.

Sources: kie.ai (`failMsg`, `failCode`; docs.kie.ai/cn/market/common/get-task-detail, read
2026-11-28), github.com/modelstudioai/cli/pull/199 (2026-09), and
github.com/QuantumNous/new-api/pull/2532 (2025-12-26).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.providers.kit.reasons import is_empty_word

CODES_OF_FAILURES = (
    *("error.code", "failCode", "fail_code", "failure_code", "failureCode", "failure.code"),
    *("error_code", "errorCode", "err_code", "errCode", "output.code"),
)
_NO_REASON = "the provider gave no reason; its whole answer is kept in the task's receipts"
_DEPTH, _MOST, _LONGEST = 6, 5, 300
_SILENT = re.compile(
    r"id$|_id|time|_at$|^at$|date|url|model|status|state|type|action|version|\bmode\b|_mode|format|prompt(?!_?feedback)"
    r"|token|secret|sign|^code$|name|progress|created|updated|mime|\bratio|_ratio|aspect_?ratio|duration|resolution|task_info",
    re.IGNORECASE,
)
"""Names of fields that say which task it is, or what it was asked, and never why it failed."""
_TELLING = re.compile(r"(?:msg|message|reason|details?|desc|description)$", re.IGNORECASE)
"""How the names of fields end that may say it all the same: `status_msg`."""


def find_other_reason(layers: Sequence[Mapping[str, Any]]) -> str:
    """Return the answer's other short texts, where no field that is known gives a reason."""
    texts: dict[str, str] = {}
    for layer in layers:
        for name, text in _iterate_texts("", layer, _DEPTH):
            if text not in texts.values():
                texts.setdefault(name, text)
    if not texts and not (texts := _read_codes(layers)):
        return _NO_REASON
    shown = "; ".join(f"{name}: {text}" for name, text in list(texts.items())[:_MOST])
    return f"{shown} (the provider names no reason; its whole answer is in the task's receipts)"


def _read_codes(layers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the code of the task itself, where it is a word: one of an envelope is no reason."""
    code = layers[0].get("code") if layers else None
    return {"code": code.strip()} if isinstance(code, str) and _is_telling(code) else {}


def _iterate_texts(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the texts that might say something, with the name of the field that holds each."""
    if isinstance(value, str):
        if _is_telling(value):
            yield name, value.strip()
    elif isinstance(value, Mapping) and depth:
        for inner, item in value.items():
            is_silent = _SILENT.search(inner) and not _TELLING.search(inner)
            if not is_silent and inner not in ("input", "request", "config", "meta"):
                yield from _iterate_texts(inner, item, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value[:_MOST]:
            yield from _iterate_texts(name, item, depth - 1)


def _is_telling(text: str) -> bool:
    """Return whether a text may be read by a person: short, and no URL, number or empty word."""
    plain = text.strip()
    return (
        len(plain) <= _LONGEST
        and any(character.isalpha() for character in plain)
        and "://" not in plain
        and not is_empty_word(plain)
    )
