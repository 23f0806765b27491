"""Answers of proxies in front of any upstream, which may have made what was asked for."""

import pytest

from tests.providers.kinds import KINDS
from tests.providers.support import a_task, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Unknown
from tracker.providers.registry import PROVIDERS

STATUSES = (408, 425, 444, 460, 499, 500, 502, 503, 504, 520, 524, 529, 598)
"""The last byte of the request was sent; what its caller was told came from elsewhere."""
BODIES = (b"<html>", b"{}", b'{"message": "m", "error": {"message": "m"}}')


@pytest.mark.parametrize("name", KINDS)
def test_what_a_proxy_says_of_a_create_proves_nothing(name: str) -> None:
    kind = KINDS[name]
    provider = PROVIDERS[kind.provider]
    given = {"base_url": f"https://p.example{kind.address}", "api_key": "k"} | dict(kind.options)
    account = provider.account("default", provider.options.model_validate(given))
    body = provider.submits.check(kind.operation, kind.input).body
    sending = sent_to(account, a_task(kind.operation), body)
    for status in STATUSES:
        for content in BODIES:
            outcome = provider.submits.parse_submit(sending, HttpResult(status, {}, content))
            assert isinstance(outcome, Unknown), (status, content)
