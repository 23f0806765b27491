"""Luma's newer API. What was recorded: test_luma.py."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.errors import Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Observed
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

LUMA = PROVIDERS["luma"]
AGENTS: Mapping[str, Any] = {"profile": "agents"}
CREATE = "agents/generations"


class TestAgents(SubmitContract, PollContract, ProbeContract):
    provider = LUMA
    options = AGENTS
    inputs = {  # noqa: RUF012 - read only
        CREATE: {
            "prompt": "rain",
            "type": "video",
            "model": "ray-3.2",
            "user_id": "u",
            "style": "x",
        }
    }


@pytest.mark.parametrize(
    "input_",
    [
        {"source": {"generation_id": "ours"}},
        {"video": {"duration": "5s", "start_frame": {"generation_id": "ours"}}},
        {"video": {"end_frame": {"generation_id": "ours"}}, "source": {"generation_id": "ours"}},
    ],
)
def test_what_continues_a_task_names_ours_and_sends_their_id(input_: Mapping[str, Any]) -> None:
    account, task = an_account(LUMA, **AGENTS), a_task(CREATE)
    request = LUMA.submits.check(CREATE, {"prompt": "more", **input_})
    assert request.parent == "ours"
    parent = a_task(CREATE, provider_task_id="theirs")
    call = LUMA.submits.build_submit(sent_to(account, task, request.body, parent=parent))
    sent = json.dumps(json.loads(call.body or b""))
    assert "ours" not in sent
    assert "theirs" in sent
    assert "ours" in json.dumps(request.body)
    unnamed = replace(parent, provider_task_id=None)
    with pytest.raises(Misuse):
        LUMA.submits.build_submit(sent_to(account, task, request.body, parent=unnamed))


@pytest.mark.parametrize(
    ("input_", "field"),
    [
        ({"type": "video"}, "prompt"),
        ({"prompt": "a", "type": "song"}, "type"),
        (
            {
                "prompt": "a",
                "source": {"generation_id": "ours"},
                "video": {"start_frame": {"generation_id": "another"}},
            },
            "video.start_frame.generation_id",
        ),
    ],
)
def test_a_field_that_cannot_be_sent_is_named(input_: Mapping[str, Any], field: str) -> None:
    assert refused_fields(LUMA.submits, CREATE, input_) == [field]


def test_links_die_within_the_hour_and_are_renewed_by_a_query() -> None:
    assert LUMA.polls is not None
    output = [{"type": "image", "url": "https://v.example/1.png"}]
    body = json.dumps({"id": "x", "state": "completed", "output": output}).encode()
    asking = asked_of(an_account(LUMA, **AGENTS), a_task(CREATE, provider_task_id="x"))
    (outcome,) = LUMA.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(outcome, Observed)
    (piece,) = outcome.observation.artifacts
    assert piece.refreshable
    assert piece.expires_at is not None
    assert (piece.expires_at - NOW).total_seconds() == 3600


def test_it_has_no_list_no_cancel_and_no_callbacks_and_blames_the_budget() -> None:
    account = an_account(LUMA, base_url=None, region="agents")
    assert account.base_url == "https://agents.lumalabs.ai/v1"
    assert LUMA.cancels is not None
    assert LUMA.calls_back is not None
    task = a_task(CREATE, provider_task_id="x")
    assert LUMA.submits.get_lookup_kind(account) is Finds.NEVER
    assert LUMA.cancels.build_cancel(asked_of(account, task)) is None
    assert not LUMA.calls_back.has_callbacks(account)
    assert LUMA.submits.explain_unserved(account, "generations/video") is not None
    assert LUMA.submits.is_account_fault("budget_exhausted", 200)
    with pytest.raises(ValueError, match="set region or base_url"):
        an_account(LUMA, base_url=None, profile="agents")
