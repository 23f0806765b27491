"""Answers that are given on the way to a provider, and not by it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tracker.domain.exchange import Certainty, HttpFailure

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


def find_failure(status: int, headers: Mapping[str, str]) -> HttpFailure | None:
    """Return that a request certainly did not reach the provider, where its answer proves it.

    headers: of the answer, lower-case names.
    """
    reason = _OF_THE_NETWORK.get(status)
    if status in _WITHOUT_ORIGIN and _is_cloudflare(headers):
        reason = f"Cloudflare did not reach the provider ({status})"
    return None if reason is None else HttpFailure(Certainty.NOT_SENT, reason)


def describe_redirect(status: int, headers: Mapping[str, str]) -> str | None:
    """Return where an address leads that is the provider's no more; None for anything else."""
    if status not in _LEADS_ELSEWHERE:
        return None
    there = _read_host(headers.get("location", ""))
    if there is None:
        return f"HTTP {status}: redirects are not followed; check the base URL"
    return f"HTTP {status} leads to {there[:100]}: redirects are not followed; check the base URL"


def _read_host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_cloudflare(headers: Mapping[str, str]) -> bool:
    return "cf-ray" in headers or headers.get("server", "").lower() == "cloudflare"
