"""Answers of proxies in front of any upstream, which may have made what was asked for."""

import json

import pytest

from tests.providers.kinds import KINDS
from tests.providers.support import a_task, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Unknown
from tracker.providers.ports.adapter import Sending
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

STATUSES = (408, 425, 444, 460, 499, 500, 502, 503, 504, 520, 524, 529, 598)
"""The last byte of the request was sent; what its caller was told came from elsewhere."""
BODIES = (b"<html>", b"{}", b'{"message": "m", "error": {"message": "m"}}')

REFUSALS = (
    {"error": {"message": "the words", "type": "new_api_error", "code": ""}},
    *({name: "the words"} for name in ("error", "message", "msg", "detail", "reason")),
    {"errors": ["the words"]},
    {"detail": [{"loc": ["body"], "msg": "the words"}]},
)


def sending_of(name: str) -> tuple[Provider, Sending]:
    kind = KINDS[name]
    provider = PROVIDERS[kind.provider]
    given = {"base_url": f"https://p.example{kind.address}", "api_key": "k"} | dict(kind.options)
    account = provider.make_account("default", provider.options.model_validate(given))
    body = provider.submits.check(kind.operation, kind.input).body
    return provider, sent_to(account, a_task(kind.operation), body)


@pytest.mark.parametrize("name", KINDS)
def test_a_refusal_in_anybodys_form_is_told_in_its_words(name: str) -> None:
    provider, sending = sending_of(name)
    for status in (400, 401, 500):
        for refusal in REFUSALS:
            answer = HttpResult(status, {}, json.dumps(refusal).encode())
            outcome = provider.submits.parse_submit(sending, answer)
            told = outcome.reason if isinstance(outcome, Unknown) else outcome
            assert "the words" in str(told), (status, refusal)


@pytest.mark.parametrize("name", KINDS)
def test_what_a_proxy_says_of_a_create_proves_nothing(name: str) -> None:
    provider, sending = sending_of(name)
    for status in STATUSES:
        for content in BODIES:
            outcome = provider.submits.parse_submit(sending, HttpResult(status, {}, content))
            assert isinstance(outcome, Unknown), (status, content)
