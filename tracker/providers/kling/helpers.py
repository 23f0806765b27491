"""Calls of Kling's API that make no task: they are passed on with the account's credentials.

Source: Kling's capability pages (multi-elements, lip-sync, library) and account pages, 2026-09.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.reading import read_text
from tracker.providers.kling import profiles
from tracker.providers.kling.calls import build_headers, build_legacy_root
from tracker.providers.kling.codes import CODES
from tracker.providers.kling.objects import AUDIO, ELEMENT, SESSION, VOICE
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import ForwardedCall, PassedCall

_GET, _POST = "GET", "POST"

CALLS: Mapping[str, PassedCall] = MappingProxyType(
    {
        "videos/multi-elements/init-selection": PassedCall(
            _POST, makes=SESSION, field="session_id", more_names=("video_id",)
        ),
        "videos/multi-elements/add-selection": PassedCall(_POST, names=SESSION, field="session_id"),
        "videos/multi-elements/delete-selection": PassedCall(
            _POST, names=SESSION, field="session_id"
        ),
        "videos/multi-elements/clear-selection": PassedCall(
            _POST, names=SESSION, field="session_id"
        ),
        "videos/multi-elements/preview-selection": PassedCall(
            _POST, names=SESSION, field="session_id"
        ),
        "videos/identify-face": PassedCall(
            _POST, makes=SESSION, field="session_id", more_names=("video_id",)
        ),
        "videos/image-recognize": PassedCall(_POST),
        "audio/tts": PassedCall(
            _POST,
            names=VOICE,
            field="voice_id",
            may_be_public=True,
            makes=AUDIO,
            made_field="id",
        ),
        "general/presets-voices": PassedCall(_GET, lists=VOICE, field="voice_id"),
        "general/presets-elements": PassedCall(_GET, lists=ELEMENT, field="element_id"),
        "general/advanced-presets-elements": PassedCall(_GET, lists=ELEMENT, field="element_id"),
        "general/delete-voices": PassedCall(_POST, names=VOICE, field="voice_id"),
        "general/delete-elements": PassedCall(_POST, names=ELEMENT, field="element_id"),
        "general/delete-advanced-elements": PassedCall(_POST, names=ELEMENT, field="element_id"),
        "account/costs": PassedCall(_GET, is_account=True),
        "account/billing/balance": PassedCall(_POST, is_account=True),
        "account/billing/package": PassedCall(_POST, is_account=True),
    }
)
"""By path: of helpers after `/v1/`, of account calls without it."""
HELPERS: Mapping[str, str] = MappingProxyType(
    {path: call.method for path, call in CALLS.items() if not call.is_account}
)
"""Path after `/v1/` → method."""
ACCOUNT: Mapping[str, str] = MappingProxyType(
    {path: call.method for path, call in CALLS.items() if call.is_account}
)
"""Path without `/v1` → method. They tell of every task that the account ever made."""
_FORWARDED = ("content-type", "accept-language")
"""The client's headers that are passed on: never its credentials, cookies or addresses."""
_OUR_FAULT = range(1000, 1005)
"""Codes that speak of the credentials, which are ours and not the client's."""


class KlingCalls:
    """The calls as the host passes them on; see providers/ports/passing.py."""

    calls = CALLS

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Say why an account's upstream cannot be asked; None when it can."""
        del path
        name = profiles.find_profile_name(account)
        if name in (profiles.OFFICIAL, profiles.GATEWAY):
            return None
        return f"the provider of account {account.name!r} ({name}) serves tasks only"

    def is_public(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a voice or an element is the vendor's own."""
        return item.get("owned_by") == "kling"

    def build_call(self, forwarded: ForwardedCall) -> HttpCall:
        """Return the call with the account's own credentials."""
        account, path = forwarded.account, forwarded.path
        root = build_legacy_root(account)
        base = root if path in HELPERS else root.removesuffix("/v1")
        sent = {name: forwarded.headers[name] for name in _FORWARDED if name in forwarded.headers}
        return HttpCall(
            HELPERS.get(path) or ACCOUNT[path],
            f"{base}/{path}?{forwarded.query}" if forwarded.query else f"{base}/{path}",
            sent | build_headers(account, forwarded.now),
            timeout_s=forwarded.timeout_s,
        )


def answer_in_envelope(status: int, parsed: Any, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the provider's answer in the envelope that the strictest reader expects.

    status:     the provider's HTTP status.
    parsed:     its JSON; None when it was none.
    request_id: ours, where it gave none.
    """
    outer = parsed if isinstance(parsed, Mapping) else {}
    said = outer.get("message", outer.get("msg"))
    message = said if isinstance(said, str) else ""
    given = read_text(outer.get("request_id"), limit=200) or request_id
    code = _find_code(status, outer)
    if code == 0:
        good = {"code": 0, "message": message or "SUCCEED", "request_id": given}
        is_envelope = "data" in outer or "code" in outer
        kept = {"data": outer["data"]} if "data" in outer else {}
        return 200, good | (kept if is_envelope else {"data": parsed})
    if code in _OUR_FAULT or status == 401:
        told = code if code in _OUR_FAULT else status
        code, message = 5000, f"the provider refused this service's own credentials (code {told})"
    elif not message:
        message = f"the provider answered HTTP {status} and gave no reason"
    body = {"code": code, "message": message, "request_id": given}
    return CODES[code].http_status, body


def _find_code(status: int, outer: Mapping[str, Any]) -> int:
    """Return Kling's code for an answer, whatever a gateway wrote in its place."""
    digits = read_text(outer.get("code"), limit=10) or ""
    code = int(digits) if digits.isascii() and digits.isdigit() else -1
    if code in CODES and not (code == 1000 and status < 300):  # some gateway's success
        return code
    if status < 300:
        return 0 if outer and (code == 0 or "data" in outer or "code" not in outer) else 5000
    return {404: 1203, 405: 1202, 429: 1302, 503: 5001, 504: 5002}.get(
        status, 1200 if 400 <= status < 500 else 5000
    )
