"""The operator's price list: which price, how many units, exactly how much."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tracker.domain.cost import CostOrigin, Phase
from tracker.domain.prices import ListPrice, PricedUnit, estimate
from tracker.providers.registry import PROVIDERS


def price(amount: str, unit: PricedUnit = PricedUnit.SECOND, **more: Any) -> ListPrice:
    return ListPrice("kling", unit, Decimal(amount), "CNY", **more)


PRICES = [
    price("2", PricedUnit.TASK, operation="videos/lip-sync"),
    price("0.7", operation="videos/*", model="kling-v2*"),
    price("0.35", operation="videos/*", usual=Decimal(5)),
    price("0.025", PricedUnit.PIECE, operation="images/*"),
    price("0.1", operation="audio/*"),
]


@pytest.mark.parametrize(
    ("operation", "input_", "amount"),
    [
        ("videos/lip-sync", {"duration": "10"}, "2"),
        ("videos/text2video", {"model_name": "kling-v2-1", "duration": "10"}, "7.0"),
        ("videos/text2video", {"model_name": "kling-v1", "duration": "10"}, "3.50"),
        ("videos/text2video", {"duration": 5}, "1.75"),
        ("videos/text2video", {"duration": "8s"}, "2.80"),
        ("videos/text2video", {"input": {"seconds": 4}}, "1.40"),
        ("videos/text2video", {}, "1.75"),
        ("videos/text2video", {"duration": "for ever"}, "1.75"),
        ("videos/text2video", {"duration": -3}, "1.75"),
        ("videos/text2video", {"duration": True}, "1.75"),
        ("images/generations", {"n": 4}, "0.100"),
        ("images/generations", {}, "0.025"),
        ("audio/tts", {}, None),
        ("effects", {}, None),
    ],
)
def test_a_task_is_estimated(operation: str, input_: Mapping[str, Any], amount: str | None) -> None:
    found = estimate(PRICES, "kling", operation, input_)
    assert [one.amount for one in found] == ([] if amount is None else [amount])
    for one in found:
        assert (one.phase, one.origin) == (Phase.ESTIMATE, CostOrigin.PRICE_LIST)
        assert (one.kind, one.unit, one.currency) == ("cash", None, "CNY")


def test_another_provider_has_other_prices() -> None:
    assert estimate(PRICES, "luma", "videos/lip-sync", {}) == ()


@pytest.mark.parametrize(
    ("more", "input_", "amount"),
    [
        ({"model": "chirp-v5*"}, {"mv": "chirp-v5-5", "prompt": "x"}, "1"),
        ({"model": "udio130*"}, {"gen_params": {"model_type": "udio130-v1.5"}}, "1"),
        ({"model": "udio130*"}, {"model_type": "udio32-v1.5"}, None),
        ({"model": "gen3a*"}, {"taskType": "gen3a_turbo", "options": {}}, "1"),
        ({"unit": PricedUnit.SECOND}, {"taskType": "gen2", "options": {"seconds": 4}}, "4"),
        ({"unit": PricedUnit.SECOND}, {"length": "3s"}, "3"),
        ({"unit": PricedUnit.SECOND}, {"metadata": {"duration": 8}}, "8"),
        ({"unit": PricedUnit.PIECE}, {"batch_size": 3}, "3"),
        ({"unit": PricedUnit.PIECE}, {"batchSize": 2}, "2"),
    ],
)
def test_every_providers_name_for_model_length_and_number_counts(
    more: Mapping[str, Any], input_: Mapping[str, Any], amount: str | None
) -> None:
    given = {"unit": PricedUnit.TASK, **more}
    found = estimate([price("1", **given)], "kling", "any", input_)
    assert [one.amount for one in found] == ([] if amount is None else [amount])


@pytest.mark.parametrize(
    ("provider", "operation", "input_", "amount"),
    [
        ("kling", "videos/text2video", {}, "5"),
        ("kling", "videos/lip-sync", {}, None),
        ("hailuo", "v1/video_generation", {}, "6"),
        ("openai", "videos", {"model": "sora-2"}, "4"),
        ("openai", "videos", {"model": "wan2.6-t2v"}, None),
        ("veo", "predictLongRunning", {}, "8"),
        ("veo", "predictLongRunning", {"parameters": {"durationSeconds": 6}}, "6"),
        ("vidu", "img2video", {"model": "viduq2"}, "5"),
        ("vidu", "img2video", {"model": "vidu2.0"}, "4"),
        ("ark", "contents/generations/tasks", {"content": [{"type": "text", "text": "a"}]}, "5"),
        (
            "ark",
            "contents/generations/tasks",
            {"content": [{"text": "a --dur 10"}]},
            "10",
        ),
        ("ark", "contents/generations/tasks", {"content": [], "duration": -1}, None),
        ("jimeng", "jimeng_t2v_v30", {"frames": 241}, "10"),
        ("jimeng", "jimeng_i2v_first_v30", {}, "5"),
        ("jimeng", "jimeng_t2i_v40", {}, None),
        ("haimian", "GenBGMForTime", {"Duration": 60}, "60"),
        ("luma", "generations/video", {}, None),
    ],
)
def test_a_length_that_nobody_named_is_the_providers_own(
    provider: str, operation: str, input_: Mapping[str, Any], amount: str | None
) -> None:
    one = ListPrice(
        provider,
        PricedUnit.SECOND,
        Decimal(1),
        "EUR",
        default_seconds=PROVIDERS[provider].default_seconds,
    )
    found = estimate([one], provider, operation, input_)
    assert [cost.amount for cost in found] == ([] if amount is None else [amount])
    (usual,) = estimate([replace(one, usual=Decimal(7))], provider, operation, {"content": []})
    assert usual.amount == "7"
