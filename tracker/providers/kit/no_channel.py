"""Refusals of a gateway that has no channel for a model: nothing left it, and it may have one soon.

new-api chooses the channel before anything is sent, and says so with 503 and the code
`model_not_found`, in the language of the caller; its proxy of Midjourney tries one channel alone
(https://github.com/QuantumNous/new-api, middleware/distributor.go and controller/relay.go, read
2026-11-30). one-hub says `provider_not_found` with the same words also once the only channel has
failed after an attempt, which may have made the task: that proves nothing
(https://github.com/MartialBE/one-hub, relay/task/main.go, read 2026-11-30).
"""

from typing import Any

from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import DeferralScope, Deferred
from tracker.providers.kit.reading import find_first_text

_CODES = ("code", "error.code", "error.type", "type")
_TEXTS = ("error.message", "error", "message", "description")
_WORDS = ("无可用渠道", "無可用渠道", "無可用管道", "no available channel")
_NAMES = frozenset({"model_not_found", "no_available_channel"})
"""Codes beside 503. With 404 they say that there is no such model."""
_PROVES_NOTHING = "provider_not_found"
_STATUSES = frozenset({403, 404, 503})


def defer_without_channel(answer: HttpResult, parsed: Any, words: str) -> Deferred | None:
    """Return what an answer to a create proves that no channel serves; None for other answers.

    words: the answer for people.
    """
    if answer.status not in _STATUSES or not isinstance(parsed, dict):
        return None
    codes = {find_first_text(parsed, (name,), limit=100) for name in _CODES}
    text = " ".join(find_first_text(parsed, (name,)) or "" for name in _TEXTS).lower()
    is_named = answer.status == 503 and bool(codes & _NAMES)
    if _PROVES_NOTHING in codes or not (is_named or any(word in text for word in _WORDS)):
        return None
    named = find_first_text(parsed, _CODES, limit=100)
    return Deferred(named, words, spends_attempt=True, scope=DeferralScope.MODEL)
