"""Kling's adapter, held to what every adapter must do and to what was recorded."""

from typing import Any

import pytest

from tests.providers.provider_contract import (
    SAMPLES,
    ProviderContract,
    check_callback,
    check_poll,
    check_submit,
    samples,
)
from tests.support.requests import EXAMPLE
from tracker.providers.registry import PROVIDERS

KLING = PROVIDERS["kling"]


class TestKling(ProviderContract):
    provider = KLING
    inputs = {  # noqa: RUF012 - read only
        "videos/multi-image2video": EXAMPLE,
        "videos/text2video": {"prompt": "rain"},
        "images/generations": {"prompt": "rain", "n": 3},
    }


@pytest.mark.parametrize("sample", samples("kling", "submit"))
def test_a_recorded_answer_to_a_submit_means(sample: dict[str, Any]) -> None:
    check_submit(KLING, sample)


@pytest.mark.parametrize("sample", samples("kling", "poll"))
def test_a_recorded_answer_to_a_poll_means(sample: dict[str, Any]) -> None:
    check_poll(KLING, sample)


@pytest.mark.parametrize("sample", samples("kling", "callback"))
def test_a_recorded_callback_means(sample: dict[str, Any]) -> None:
    check_callback(KLING, sample)


def test_every_provider_has_samples_that_say_where_and_when_they_are_from() -> None:
    for name in PROVIDERS:
        kinds = ("submit", "poll", "callback")
        found = [param.values[0] for kind in kinds for param in samples(name, kind)]
        assert len(found) == len(list((SAMPLES / name).glob("*.json")))
        assert found
        assert all(sample["source"] and sample["date"] for sample in found)
