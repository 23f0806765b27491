"""Answers to calls that are passed on, where no provider gave them or they are of our own key."""

import json

import pytest

from tracker.providers.registry import PROVIDERS

PASSING = sorted(name for name, one in PROVIDERS.items() if one.front and one.passes_on)
OF_OUR_KEY = {"error": {"message": "Incorrect API key provided: sk-ab12", "code": 1002}}


@pytest.mark.parametrize("name", PASSING)
def test_a_refusal_of_our_key_is_none_of_the_clients(name: str) -> None:
    front = PROVIDERS[name].front
    assert front is not None
    answer = front.relay(401, OF_OUR_KEY, "r")
    assert answer.status >= 500
    assert "sk-ab12" not in json.dumps(answer.body)
    assert "own" in json.dumps(answer.body)


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("status", [200, 500])
def test_what_is_no_json_is_no_success(name: str, status: int) -> None:
    front = PROVIDERS[name].front
    assert front is not None
    answer = front.relay(status, None, "r")
    assert answer.status >= 500
    assert answer.body
