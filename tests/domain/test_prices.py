"""The operator's price list: which price, how many units, exactly how much."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tracker.domain.cost import CostOrigin, Phase
from tracker.domain.prices import ListPrice, PricedUnit, estimate


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
