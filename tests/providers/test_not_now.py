"""HTTP 429 to a create made nothing, whoever answers it and in whatever form: it is waited for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.support import a_task, an_account, profiles_of, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Deferred
from tracker.providers.registry import PROVIDERS

_FORMS: Mapping[str, Any] = {
    "nothing": b"",
    "a page": b"<html>Too Many Requests</html>",
    "fal's": {"detail": "Request was throttled."},
    "OpenAI's": {"error": {"message": "Rate limit", "type": "requests", "code": "rate_limit"}},
    "new-api's": {"error": {"message": "busy", "type": "new_api_error", "code": "system_busy"}},
    "a code that nobody knows": {"code": 98765, "msg": "too many"},
    "a code in words": {"code": "rate_limit", "message": "too many"},
    "a task's without one": {"code": "fail_to_do", "message": "busy", "data": None},
    "MiniMax's": {"base_resp": {"status_code": 98765, "status_msg": "too many"}},
    "no success": {"success": False, "message": "too many"},
    "a list": [],
}


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_it_spends_no_try_at_any_upstream(name: str) -> None:
    provider = PROVIDERS[name]
    for profile in profiles_of(provider):
        account = an_account(provider, **({} if profile is None else {"profile": profile}))
        served = [
            one
            for one in provider.submits.operations
            if not provider.submits.explain_unserved(account, one)
        ]
        for form, said in _FORMS.items():
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            answer = HttpResult(429, {"retry-after": "7"}, body)
            for operation in served:
                sending = sent_to(account, a_task(operation))
                found = provider.submits.parse_submit(sending, answer)
                about = (profile, operation, form, found)
                assert isinstance(found, Deferred), about
                assert not found.spends_attempt, about
                assert (found.retry_after_s or 0) >= 7, about
