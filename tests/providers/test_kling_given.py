"""Fields without a value, however a client writes them: accepted, and not sent."""

from typing import Any

import pytest

from tests.providers.support import refused_fields
from tracker.domain.errors import InvalidRequest
from tracker.providers.kling.operations import OPERATIONS
from tracker.providers.registry import PROVIDERS

KLING = PROVIDERS["kling"]
T2V, I2V, STANDARD = "videos/text2video", "videos/image2video", "text-to-video/kling-3.0"
IMAGE = "https://example.com/1.png"
_REQUIRED = {T2V: {"prompt": "p"}, I2V: {"image": IMAGE}}


@pytest.mark.parametrize("empty", [None, "", [], {}, [None]])
@pytest.mark.parametrize("operation", [T2V, I2V])
def test_optional_fields_may_be_empty_in_any_way(operation: str, empty: Any) -> None:
    required = _REQUIRED[operation]
    fields = OPERATIONS[operation].model_fields
    optional = {name: empty for name in fields if name not in required}
    assert KLING.submits.check(operation, optional | required).body == required


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_null_is_no_value_for_any_field_of_any_operation(operation: str) -> None:
    fields = OPERATIONS[operation].model_fields
    with pytest.raises(InvalidRequest) as nothing:
        KLING.submits.check(operation, {})
    with pytest.raises(InvalidRequest) as nulls:
        KLING.submits.check(operation, dict.fromkeys(fields))
    assert list(nulls.value.fields) == list(nothing.value.fields)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"camera_control": {"type": "down_back", "config": None}}, {"type": "down_back"}),
        ({"camera_control": {"type": "simple", "config": {"pan": 1.0, "tilt": None}}}, None),
        ({"camera_control": {"type": "", "config": {}}}, "left out"),
    ],
)
def test_what_is_nested_is_read_alike(given: dict[str, Any], sent: Any) -> None:
    body = KLING.submits.check(T2V, {"prompt": "p"} | given).body
    if sent == "left out":
        assert "camera_control" not in body
    else:
        expected = sent or {"type": "simple", "config": {"pan": 1.0}}
        assert body["camera_control"] == expected


def test_items_of_lists_are_read_alike() -> None:
    shots = [{"index": 1, "prompt": "a", "duration": 5}, {"index": None, "prompt": "b"}]
    body = KLING.submits.check(T2V, {"multi_prompt": shots}).body
    assert body["multi_prompt"] == [
        {"index": 1, "prompt": "a", "duration": "5"},
        {"prompt": "b"},
    ]


@pytest.mark.parametrize(
    ("operation", "given", "sent"),
    [
        (T2V, {"prompt": "p", "duration": 5}, {"duration": "5"}),
        (T2V, {"prompt": "p", "duration": 10.0}, {"duration": "10"}),
        ("videos/multi-elements", {"duration": 10}, {"duration": "10"}),
        (
            "videos/video-extend",
            {"video_id": 881204513377218561},
            {"video_id": "881204513377218561"},
        ),
        ("audio/text-to-audio", {"prompt": "p", "duration": 5.5}, {"duration": 5.5}),
    ],
)
def test_a_number_in_quotation_marks_may_come_without_them(
    operation: str, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    if operation == "videos/multi-elements":
        given = given | {"session_id": 7, "edit_mode": "addition", "prompt": "p"}
    body = KLING.submits.check(operation, given).body
    assert {name: body[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("operation", "given", "sent"),
    [
        (T2V, {"cfg_scale": "0.5"}, {"cfg_scale": 0.5}),
        ("images/generations", {"n": "2", "image_fidelity": "1"}, {"n": 2, "image_fidelity": 1}),
        (
            T2V,
            {"camera_control": {"type": "simple", "config": {"pan": "-2.5"}}},
            {"camera_control": {"type": "simple", "config": {"pan": -2.5}}},
        ),
    ],
)
def test_a_number_may_come_in_quotation_marks(
    operation: str, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    body = KLING.submits.check(operation, {"prompt": "p"} | given).body
    assert {name: body[name] for name in sent} == sent


@pytest.mark.parametrize("text", ["1e400", "nan", "0x1", " 1", "١", "1_0", "-", "1."])
def test_a_text_that_is_no_number_is_none(text: str) -> None:
    with pytest.raises(InvalidRequest):
        KLING.submits.check(T2V, {"prompt": "p", "cfg_scale": text})


def test_an_external_id_may_be_a_number() -> None:
    assert (
        KLING.submits.check(T2V, {"prompt": "p", "external_task_id": 17}).external_task_id == "17"
    )


@pytest.mark.parametrize("duration", [4.5, True, 99, "many", [5]])
def test_what_is_no_such_number_is_refused(duration: Any) -> None:
    assert refused_fields(KLING.submits, T2V, {"prompt": "p", "duration": duration}) == ["duration"]


def test_the_new_standard_is_read_alike() -> None:
    given: dict[str, Any] = {
        "prompt": "p",
        "contents": [],
        "settings": {"duration": 5, "audio": None, "aspect_ratio": ""},
        "options": {"callback_url": "", "external_task_id": None, "watermark_info": None},
        "callback_url": None,
        "external_task_id": "",
    }
    request = KLING.submits.check(STANDARD, given)
    assert request.body == {"prompt": "p", "settings": {"duration": 5}}
    assert (request.callback_url, request.external_task_id) == (None, None)


def test_unknown_fields_pass_but_for_null() -> None:
    given: dict[str, Any] = {"prompt": "p", "new_field": "", "other": {"a": None}, "third": None}
    body = KLING.submits.check(T2V, given).body
    assert body == {"prompt": "p", "new_field": "", "other": {"a": None}}


def test_whole_numbers_and_flags_may_be_spelt_in_other_ways() -> None:
    given = {"prompt": "p", "n": 2.0, "image_fidelity": "0.5"}
    sent = KLING.submits.check("images/generations", given).body
    assert repr(sent["n"]) == "2"
    assert (
        KLING.submits.check(T2V, {"prompt": "p", "multi_shot": "false"}).body["multi_shot"] is False
    )
    for wrong in ({"n": 2.5}, {"n": "two"}):
        with pytest.raises(InvalidRequest):
            KLING.submits.check("images/generations", {"prompt": "p"} | wrong)
    with pytest.raises(InvalidRequest):
        KLING.submits.check(T2V, {"prompt": "p", "multi_shot": "no"})
