"""Say what the answer to a create proves; some are given on the way, and not by the provider."""

import logging
from urllib.parse import urlsplit

from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.outcome import Refused, SubmitOutcome, Unknown
from tracker.providers.ports.adapter import Sending, Submits

log = logging.getLogger(__name__)

_LEADS_ELSEWHERE = frozenset({301, 307, 308})
"""The request is to be made at another address, which says that it was not carried out here; 302
and 303 may tell where the result is (RFC 9110 section 15.4)."""
_OF_THE_NETWORK = {
    407: "a proxy on the way asks for a password (407)",
    511: "the network asks to sign in first (511): is it a captive portal?",
}
"""Only what stands in between gives these (RFC 9110 section 15.5.8, RFC 6585 section 6)."""
_WITHOUT_ORIGIN = frozenset({521, 523, 525, 526, 530})
"""Cloudflare's, where it reached no server of the provider: connection refused, no route, no TLS,
no name. 520, 522 and 524 may come after the request went on
(https://www.httpstatushub.com/learn/cdn-errors, read 2026-11-30)."""


def judge_answer(
    submits: Submits, sending: Sending, answer: HttpResult | HttpFailure
) -> SubmitOutcome:
    """Return what an answer proves, by the provider's adapter where the provider gave it."""
    if (redirected := _refusal_of_redirect(answer)) is not None:
        return redirected
    try:
        return submits.parse_submit(sending, _not_sent_on(answer))
    except Exception:
        # It may have been accepted: only "unknown" neither loses it nor bills it twice.
        log.exception("the answer to a submit broke the adapter")
        return Unknown("the answer could not be read; see the log")


def _not_sent_on(answer: HttpResult | HttpFailure) -> HttpResult | HttpFailure:
    """Return that a request certainly did not reach the provider, where an answer proves it."""
    if isinstance(answer, HttpFailure):
        return answer
    reason = _OF_THE_NETWORK.get(answer.status)
    if answer.status in _WITHOUT_ORIGIN and _is_cloudflare(answer):
        reason = f"Cloudflare did not reach the provider ({answer.status})"
    return answer if reason is None else HttpFailure(Certainty.NOT_SENT, reason)


def _refusal_of_redirect(answer: HttpResult | HttpFailure) -> Refused | None:
    """Return the refusal by an address that is the provider's no more; None for anything else."""
    if isinstance(answer, HttpFailure) or answer.status not in _LEADS_ELSEWHERE:
        return None
    there = _host_of(answer.headers.get("location", ""))
    words = (
        f"HTTP {answer.status}: redirects are not followed; check the base URL"
        if there is None
        else f"HTTP {answer.status} leads to {there[:100]}: redirects are not followed; check the "
        "base URL"
    )
    return Refused(None, words, blames_account=True)


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_cloudflare(answer: HttpResult) -> bool:
    return "cf-ray" in answer.headers or answer.headers.get("server", "").lower() == "cloudflare"
