"""Build the usual calls, and read what their answers have in common."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from tracker.domain import long_texts
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.account import Account

_REFUSAL = re.compile(r"4\d\d", re.ASCII)


def build_post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpCall:
    """Build a POST of JSON."""
    text = long_texts.encode_bytes(body, separators=(", ", ": "), ensure_ascii=False)
    return HttpCall(
        "POST",
        url,
        dict(headers) | {"content-type": "application/json"},
        text,
    )


def build_bearer_header(key: str | None) -> dict[str, str]:
    """Build the header of a key; none where there is no key."""
    return {"authorization": f"Bearer {key}"} if key else {}


def find_own_url(account: Account, url: Any, *, families: Sequence[str] = ()) -> str | None:
    """Return a URL that an answer names, if it leads to the host of the account's base URL.

    families: domains of the provider, e.g. `bfl.ai`: where the account's host is below one of
              them, any other host below one will do, by https.
    None for every other one: our key goes to no host that an operator has not set.
    """
    if not isinstance(url, str):
        return None
    try:
        there, here = urlsplit(url), urlsplit(account.base_url)
        is_own = _split_origin(there) == _split_origin(here) or _is_relative(there, here, families)
    except ValueError:  # no URL
        return None
    is_plain = there.username is None and there.password is None
    return urlunsplit(there._replace(fragment="")) if is_own and is_plain else None


def _split_origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.hostname, url.port or default


def _is_relative(there: SplitResult, here: SplitResult, families: Sequence[str]) -> bool:
    if there.scheme != "https" or there.port not in (None, 443):
        return False
    ends = tuple(f".{family}" for family in families)
    return all((url.hostname or "").endswith(ends) for url in (there, here))


def get_spacing(account: Account, least_s: float) -> float:
    """Return the seconds between two looks at one task: as the account is set, else `least_s`."""
    own = account.options.poll_spacing_s
    return least_s if own is None else own


def apply_told_status(answer: HttpResult, parsed: Any, names: Sequence[str]) -> HttpResult:
    """Return an answer with the HTTP status of a refusal that its body names.

    For providers whose error bodies repeat the status: gateways pass them on with HTTP 200. Any
    other answer is returned as it is.
    """
    told = find_first_text(parsed, names, limit=4) or ""
    is_refusal = answer.status < 300 and _REFUSAL.fullmatch(told) is not None
    return replace(answer, status=int(told)) if is_refusal else answer
