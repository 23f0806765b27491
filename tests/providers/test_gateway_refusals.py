"""Words by which gateways refuse creates: what each proves, at every provider behind a gateway.

Sources: https://github.com/QuantumNous/new-api (middleware/distributor.go, controller/relay.go,
i18n/locales) and https://github.com/MartialBE/one-hub (relay/task/main.go), read 2026-11-30.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.support import a_task, an_account, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import DeferralScope, Deferred, Refused, SubmitOutcome, Unknown
from tracker.providers.registry import PROVIDERS

BEHIND = [
    *(("midjourney", one, "imagine") for one in ("new-api", "plain")),
    *(("suno", one, "submit/music") for one in ("gateway", "raw")),
    ("udio", "task", "submit/music"),
    ("udio", "songs", "generate-proxy"),
    ("luma", "gateway", "generations/web"),
    ("runway", "runwayml", "image_to_video"),
    ("runway", "runway", "tasks"),
    ("pika", "gateway", "generate"),
    ("cogvideox", "gateway", "videos/generations"),
    ("chat", None, "chat/completions"),
    ("openai", "new-api", "videos"),
    ("haimian", "custom", "custom"),
    ("kling", "new-api", "videos/text2video"),
    ("jimeng", None, "jimeng_t2i_v40"),
    ("flux", "gateway", "flux-dev"),
]
"""Provider, profile, operation."""
_OTHERS = ("haimian", "kling", "jimeng", "udio")
"""Providers that are read by their own codes besides."""
NO_CHANNEL: Mapping[str, tuple[int, Any]] = {
    "named": (503, {"error": {"message": "x", "type": "new_api_error", "code": "model_not_found"}}),
    "chinese": (503, {"error": {"message": "当前分组 a 下对于模型 b 无可用渠道", "code": ""}}),
    "taiwanese": (503, {"error": {"message": "分組 a 下模型 b 無可用管道（distributor）"}}),
    "english": (403, {"error": {"message": "No available channel for model b under group a"}}),
}
PASSED_ON = ("do_request_failed", "read_response_body_failed", "insert_task_failed")


def outcome_of(
    provider: str, profile: str | None, operation: str, status: int, body: Any
) -> SubmitOutcome:
    found = PROVIDERS[provider]
    account = an_account(found, profile=profile)
    answer = HttpResult(status, {}, json.dumps(body).encode())
    return found.submits.parse_submit(sent_to(account, a_task(operation)), answer)


@pytest.mark.parametrize("case", NO_CHANNEL)
@pytest.mark.parametrize(("provider", "profile", "operation"), BEHIND)
def test_without_a_channel_nothing_left_the_gateway(
    provider: str, profile: str | None, operation: str, case: str
) -> None:
    status, body = NO_CHANNEL[case]
    outcome = outcome_of(provider, profile, operation, status, body)
    assert isinstance(outcome, Deferred)
    # Models of the chats share one call, and do not wait for each other.
    assert outcome.scope is (DeferralScope.TASK if provider == "chat" else DeferralScope.MODEL)


@pytest.mark.parametrize(("provider", "profile", "operation"), BEHIND)
def test_a_gateway_that_lost_its_only_channel_may_have_used_it(
    provider: str, profile: str | None, operation: str
) -> None:
    body = {"code": "provider_not_found", "message": "当前分组 a 下对于模型 b 无可用渠道"}
    assert isinstance(outcome_of(provider, profile, operation, 503, body), Unknown)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("code", PASSED_ON)
@pytest.mark.parametrize(
    ("provider", "profile", "operation"), [one for one in BEHIND if one[0] not in _OTHERS]
)
def test_what_a_gateway_had_passed_on_may_be_made(
    provider: str, profile: str | None, operation: str, code: str, status: int
) -> None:
    body = {"code": code, "message": code, "description": code, "data": None}
    assert isinstance(outcome_of(provider, profile, operation, status, body), Unknown)


def test_a_model_that_openai_does_not_have_is_refused() -> None:
    body = {"error": {"message": "The model does not exist", "code": "model_not_found"}}
    assert isinstance(outcome_of("openai", "official", "videos", 404, body), Refused)


@pytest.mark.parametrize(
    ("provider", "profile", "operation"),
    [one for one in BEHIND if one[0] not in (*_OTHERS, "midjourney", "flux")],
)
def test_a_call_that_a_gateway_does_not_have_is_refused(
    provider: str, profile: str | None, operation: str
) -> None:
    body = {"error": {"message": "API not implemented", "code": "api_not_implemented"}}
    assert isinstance(outcome_of(provider, profile, operation, 501, body), Refused)


@pytest.mark.parametrize(
    ("code", "expected"), [(400, Refused), (422, Refused), (402, Refused), (429, Deferred)]
)
@pytest.mark.parametrize(
    ("provider", "profile", "operation"),
    [one for one in BEHIND if one[0] not in ("haimian", "kling", "jimeng", "chat")],
)
def test_a_status_that_a_relay_tells_as_a_code_counts_as_one(
    provider: str, profile: str | None, operation: str, code: int, expected: type[SubmitOutcome]
) -> None:
    body = {"code": code, "msg": "it is told", "data": None}
    outcome = outcome_of(provider, profile, operation, 200, body)
    assert isinstance(outcome, expected)
    assert not isinstance(outcome, Refused) or outcome.blames_account is (code == 402)
    if code == 400 and provider not in _OTHERS:
        lost = body | {"msg": "do_request_failed"}
        assert isinstance(outcome_of(provider, profile, operation, 200, lost), Unknown)
