"""Recraft's adapter, held to its contracts and to what was recorded."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.provider_contract import ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import a_task, an_account, refused_fields, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.inline_files import make_lost_name
from tracker.domain.outcome import Accepted, Deferred, Refused, SubmitOutcome, Unknown
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

RECRAFT = PROVIDERS["recraft"]
FILE = "data:image/png;base64,aGVsbG8="
DRAW, CHANGE, TOOL = "images/generations", "images/imageToImage", "images/vectorize"
INPUTS: Mapping[str, Mapping[str, Any]] = {
    DRAW: {"prompt": "a cat", "model": "recraftv4_1", "controls": {"no_text": True}},
    CHANGE: {"image": FILE, "prompt": "a hat", "strength": 0.2},
    TOOL: {"file": FILE},
}


class TestRecraft(SubmitContract, ProbeContract, RecordedContract):
    provider = RECRAFT
    inputs = INPUTS


def _read(operation: str, body: Any, status: int = 200, **input_: Any) -> SubmitOutcome:
    sending = sent_to(an_account(RECRAFT), a_task(operation), {**INPUTS[operation], **input_})
    answer = HttpResult(status, {}, json.dumps(body).encode())
    return RECRAFT.submits.parse_submit(sending, answer)


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        (DRAW, {}, "prompt"),
        (DRAW, {"prompt": "x" * 10_001}, "prompt"),
        (DRAW, {"prompt": "a cat", "response_format": "raw"}, "response_format"),
        (DRAW, {"prompt": "x" * 1001, "model": "recraftv3"}, "prompt"),
        (DRAW, {"prompt": "a", "style_id": "1", "substyle": "grain"}, "style_id"),
        (DRAW, {"prompt": "a", "controls": {"artistic_level": 6}}, "controls.artistic_level"),
        (CHANGE, {"image": "https://a.example/1.png", "prompt": "a", "strength": 1}, "image"),
        (CHANGE, {"image": FILE, "prompt": "a hat"}, "strength"),
        (CHANGE, {"image": FILE, "prompt": "a hat", "strength": "1.1"}, "strength"),
        ("images/inpaint", {"image": FILE, "prompt": "a hat"}, "mask"),
        (TOOL, {}, "file"),
        (TOOL, {"image_url": "ftp://a.example/1.png"}, "image_url"),
        ("images/inpaint", {"image_url": "https://a.example/1.png", "prompt": "a hat"}, "mask"),
    ],
)
def test_a_field_that_every_model_needs_is_named(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(RECRAFT.submits, operation, input_) == [field]


def test_a_drawing_is_json_and_what_has_a_file_is_a_form() -> None:
    drawing, change, tool = (
        RECRAFT.submits.build_submit(sent_to(an_account(RECRAFT), a_task(name), body))
        for name, body in INPUTS.items()
    )
    assert json.loads(drawing.body or b"") == INPUTS[DRAW]
    assert change.url.endswith("/images/imageToImage")
    assert b'name="image"; filename=' in (change.body or b"")
    assert b'name="strength"\r\n\r\n0.2' in (change.body or b"")
    assert b'name="file"; filename=' in (tool.body or b"")
    assert {drawing.lasts_s, change.lasts_s, tool.lasts_s} == {600.0}


def test_links_to_pictures_are_sent_as_json() -> None:
    """https://www.recraft.ai/docs/api-reference/image-inputs-and-results, read 2026-11-30."""
    link = "https://pictures.example/1.png"
    for operation, given, sent in (
        (TOOL, {"image_url": link}, {"image_url": link}),
        (
            "images/inpaint",
            {"image_url": link, "mask": FILE, "prompt": "a hat"},
            {"image_url": link, "mask_url": FILE, "prompt": "a hat"},
        ),
        ("images/generations/vector", {"prompt": "a cat"}, {"prompt": "a cat"}),
    ):
        body = RECRAFT.submits.check(operation, given).body
        call = RECRAFT.submits.build_submit(sent_to(an_account(RECRAFT), a_task(operation), body))
        assert call.url.endswith(operation)
        assert json.loads(call.body or b"") == sent


def test_both_shapes_of_an_answer_are_results_with_their_price() -> None:
    picture = {"image_id": "6f1c", "url": "https://img.example/x", "revised_prompt": "a cat"}
    several = {"created": 1, "credits": 80, "data": [picture, {"b64_json": "UklGRg=="}]}
    made = _read(DRAW, several | {"data": [*several["data"], {}]}, n=3)  # type: ignore[misc]
    assert isinstance(made, Accepted)
    assert made.said is not None
    assert (made.provider_task_id, made.said.message) == (None, "2 of 3 pictures")
    assert [one.url for one in made.said.artifacts] == [
        "https://img.example/x",
        "data:image/webp;base64,UklGRg==",
    ]
    assert [(one.amount, one.unit) for one in made.said.costs] == [("80", "recraft_units")]
    alone = _read(TOOL, {"image": picture | {"features": {"nsfw_score": 0.5}}})
    assert isinstance(alone, Accepted)
    assert alone.said is not None
    assert (alone.said.artifacts[0].id, alone.said.costs) == ("6f1c", ())
    assert alone.said.artifacts[0].extra["nsfw_score"] == "0.5"


def test_a_picture_that_cannot_be_read_is_told_beside_those_that_can() -> None:
    lost = {"b64_json": make_lost_name("no base64")}
    made = _read(DRAW, {"data": [{"url": "https://img.example/x"}, lost]}, n=2)
    assert isinstance(made, Accepted)
    assert made.said is not None
    assert made.said.message == "1 of 2 pictures"
    assert [one.state.value for one in made.said.artifacts] == ["ready", "failed"]
    assert isinstance(_read(DRAW, {"data": [lost]}), Unknown)


def test_an_answer_without_a_picture_is_a_failure_that_costs_what_it_says() -> None:
    for operation, body in ((DRAW, {"data": []}), (TOOL, {"image": {}})):
        found = _read(operation, body | {"credits": 40})
        assert isinstance(found, Accepted)
        assert found.said is not None
        assert found.said.state is TaskState.FAILED
        assert found.said.costs[0].amount == "40"
    assert isinstance(_read(DRAW, {"created": 1}), Unknown)


@pytest.mark.parametrize(
    ("status", "outcome", "is_blamed"),
    [
        (400, Refused, False),
        (401, Refused, True),
        (402, Refused, True),
        (413, Refused, False),
        (422, Refused, False),
        (429, Deferred, None),
        *[(status, Unknown, None) for status in (408, 499, 500, 502, 504, 524)],
    ],
)
def test_each_status_proves_what_it_says(
    *, status: int, outcome: type, is_blamed: bool | None
) -> None:
    for body in ({"code": "no", "message": "no"}, {"detail": "no"}):
        found = _read(DRAW, body, status)
        assert type(found) is outcome
        assert is_blamed is None or found.blames_account is is_blamed  # type: ignore[union-attr]


def test_nothing_finds_or_cancels_a_picture() -> None:
    assert RECRAFT.submits.get_lookup_kind(an_account(RECRAFT)) is Finds.NEVER
    nothing = (RECRAFT.polls, RECRAFT.looks, RECRAFT.cancels, RECRAFT.calls_back)
    assert nothing == (None, None, None, None)
    for options in ({"profile": "x"}, {"webhook_secrets": ["whsec_x"]}):
        with pytest.raises(ValueError, match="leave it out"):
            an_account(RECRAFT, **options)
