"""A verdict that came in one dialect, shown in the other."""

from typing import Any

import pytest

from tracker.domain.task import Artifact
from tracker.providers.kling.dialects import (
    find_billing,
    find_deductions,
    find_outputs,
    find_task_result,
)

NEW = [
    {"type": "video", "id": "1", "url": "https://e/v", "watermark_url": "https://e/w"}
    | {"duration": 5.041},
    {"type": "image", "url": "https://e/0"},
    {"type": "image", "url": "https://e/1", "group_id": "g"},
    {"type": "audio", "id": "2", "mp3_url": "https://e/m", "wav_url": "https://e/a"}
    | {"mp3_duration": "3.0", "wav_duration": 3},
    {"type": "voice", "id": "3", "name": "V", "url": "https://e/t", "owned_by": "kling"},
    {"type": "element", "id": "4", "name": "E"},
    {"type": "srt", "url": "https://e/s"},
]
OLD = {
    "videos": [
        {"id": "1", "url": "https://e/v", "watermark_url": "https://e/w", "duration": "5.041"}
    ],
    "images": [
        {"index": 0, "url": "https://e/0"},
        {"index": 1, "url": "https://e/1", "group_id": "g"},
    ],
    "audios": [
        {"id": "2", "url_mp3": "https://e/m", "url_wav": "https://e/a"}
        | {"duration_mp3": "3.0", "duration_wav": "3"}
    ],
    "voices": [
        {"voice_id": "3", "voice_name": "V", "trial_url": "https://e/t", "owned_by": "kling"}
    ],
    "elements": [{"element_id": "4", "element_name": "E"}],
    "srts": [{"url": "https://e/s"}],
}


def test_outputs_become_a_task_result() -> None:
    assert find_task_result({"outputs": NEW}, ()) == OLD


def test_a_task_result_becomes_outputs() -> None:
    kept = {name: pieces for name, pieces in OLD.items() if name != "srts"}
    found = find_outputs({"task_result": kept}, ())
    kinds = ["video", "image", "image", "audio", "voice", "element"]
    assert [one["type"] for one in found] == kinds
    assert found[0]["duration"] == "5.041"
    assert "index" not in found[1]
    assert found[3]["mp3_url"] == "https://e/m"
    assert (found[4]["id"], found[4]["url"]) == ("3", "https://e/t")


def test_each_dialect_is_kept_where_it_came_from() -> None:
    assert find_task_result({"task_result": OLD, "outputs": NEW}, ()) == OLD
    assert (
        find_outputs({"task_result": OLD, "outputs": NEW}, ())[0]["watermark_url"] == "https://e/w"
    )


def test_lengths_are_strings_whatever_a_gateway_wrote() -> None:
    found = find_task_result(
        {"task_result": {"videos": [{"url": "u", "duration": 5.041}, "odd"]}}, ()
    )
    assert found == {"videos": [{"url": "u", "duration": "5.041"}, "odd"]}
    assert find_outputs({"outputs": NEW}, ())[0]["duration"] == "5.041"


def test_without_either_the_artifacts_tell() -> None:
    pieces = [Artifact("video", "https://e/v", id="9", duration_s="5", extra={"x": 1})]
    told: dict[str, Any] = {"id": "9", "url": "https://e/v", "duration": "5", "x": 1}
    assert find_task_result({}, pieces) == {"videos": [told]}
    assert find_outputs({}, pieces) == [{"type": "video"} | told]


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({}, {}),
        ({"final_unit_deduction": 2}, {"final_unit_deduction": "2"}),
        ({"billing": [{"amount": "0"}]}, {"final_unit_deduction": "0"}),
        (
            {"billing": [{"charge_type": "unit", "amount": "1.10"}, {"amount": 2}]},
            {"final_unit_deduction": "3.10"},
        ),
        (
            {"billing": [{"charge_type": "cash", "amount": "0.3", "list_price": "0.4"}]},
            {"final_balance_deduction": {"quota": "0.3", "list_price": "0.4"}},
        ),
        (
            {"final_balance_deduction": {"quota": 1.5, "list_price": None}},
            {"final_balance_deduction": {"quota": "1.5", "list_price": None}},
        ),
    ],
)
def test_deductions_are_strings_in_either_case(detail: dict[str, Any], told: object) -> None:
    assert find_deductions(detail) == told


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({}, []),
        (
            {"billing": [{"amount": 3, "package_type": "video"}]},
            [{"amount": "3", "package_type": "video"}],
        ),
        ({"final_unit_deduction": "2"}, [{"charge_type": "unit", "amount": "2"}]),
        (
            {"final_balance_deduction": {"quota": "1", "list_price": "2"}},
            [{"charge_type": "cash", "amount": "1", "list_price": "2"}],
        ),
    ],
)
def test_billing_has_strings_in_either_case(detail: dict[str, Any], told: object) -> None:
    assert find_billing(detail) == told
