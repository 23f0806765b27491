"""Ark's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.errors import Misuse
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.outcome import (
    Absence,
    Accepted,
    More,
    NotSeen,
    Observed,
    Unanswered,
    Unknown,
)
from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.ark.adapter import MOST_TOGETHER, TASKS_LIVE, derive_seed
from tracker.providers.ark.inputs import EXPIRES_AFTER_S, TASKS
from tracker.providers.ark.pictures import PICTURES
from tracker.providers.ports.adapter import Asking, Finds
from tracker.providers.registry import PROVIDERS

ARK = PROVIDERS["ark"]
MODEL = "doubao-seedance-1-5-pro-251215"
TEXT = {"type": "text", "text": "rain"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}
DRAFT = {"type": "draft_task", "draft_task": {"id": "ours"}}
BODY = {"model": MODEL, "content": [TEXT, {**PICTURE, "role": "first_frame"}], "ratio": None}


class TestArk(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = ARK
    inputs = {  # noqa: RUF012 - read only
        TASKS: BODY,
        PICTURES: {"model": "ep-2", "prompt": "a cat", "image": ["https://a.example/1.png"]},
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": None}, "prompt"),
        ({"image": ["https://a.example/1.png"] * 15}, "image"),
        ({"sequential_image_generation_options": {"max_images": 16}}, "sequential_image"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_field_that_pictures_cannot_have_is_named(changes: Mapping[str, Any], field: str) -> None:
    given = {"model": "ep-2", "prompt": "a cat", **changes}
    [found] = {one.partition("[")[0] for one in refused_fields(ARK.submits, PICTURES, given)}
    assert found.startswith(field)


_DRAWN = "image_generation."
_FIRST, _SECOND = (
    {"type": f"{_DRAWN}partial_succeeded", "image_index": n, "url": f"https://a.example/{n}.jpeg"}
    for n in range(2)
)
_REFUSED_ALONE = {
    "type": f"{_DRAWN}partial_failed",
    "image_index": 1,
    "error": {"code": "OutputImageSensitiveContentDetected", "message": "sensitive"},
}
_END = {"type": f"{_DRAWN}completed", "usage": {"generated_images": 1, "output_tokens": 7}}


@pytest.mark.parametrize(
    ("events", "broken", "outcome", "ready", "note"),
    [
        ([_SECOND, _FIRST, _END], None, "succeeded", 2, None),
        ([_FIRST, _REFUSED_ALONE, _END], None, "succeeded", 1, "sensitive"),
        ([_FIRST], "cut", "succeeded", 1, "the stream broke off"),
        ([_FIRST], None, "succeeded", 1, "the stream broke off"),
        ([_REFUSED_ALONE, _END], None, "failed", 0, "sensitive"),
        ([_REFUSED_ALONE], "cut", None, 0, None),
        ([{"error": {"code": "InternalServiceError", "message": "x"}}], None, None, 0, None),
        ([{"error": {"code": "InvalidParameter", "message": "x"}}], None, "failed", 0, "x"),
        ([], "cut", None, 0, None),
        ({"data": [{"url": "https://a.example/1.jpeg"}]}, None, "succeeded", 1, None),
        ({"data": [{"url": "https://a.example/1.jpeg"}]}, "cut", None, 0, None),
    ],
)
def test_a_stream_of_pictures_proves_what_has_come(
    events: Any, broken: str | None, outcome: str | None, ready: int, note: str | None
) -> None:
    """An object may come where events were asked for; None: nothing is proven."""
    assert ARK.streams is not None
    body = {"model": "ep-2", "prompt": "a cat", "stream": True}
    reader = ARK.streams.make_reader(sent_to(an_account(ARK), a_task(PICTURES), body), {})
    text = json.dumps(events)
    if isinstance(events, list):
        text = "".join(f"event: {one.get('type')}\ndata: {json.dumps(one)}\n\n" for one in events)
    told = "".join(reader.feed(text[at : at + 7].encode()) for at in range(0, len(text), 7))
    told += reader.read_rest()
    found = reader.finish(told, broken)
    said = found.said if isinstance(found, Accepted) else None
    assert (None if said is None else said.state) == outcome, found
    if said is None:
        assert isinstance(found, Unknown), found
        return
    assert [one.state for one in said.artifacts].count(ArtifactState.READY) == ready
    assert (said.message or "").startswith(note or "")
    assert bool(note) == bool(said.message)
    told_at = [json.loads(line)["image_index"] for line in told.splitlines()]
    assert told_at == [one["image_index"] for one in events if "url" in one]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": ""}, "model"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text"}]}, "content[0].text"),
        ({"content": [TEXT, {"type": "image_url"}]}, "content[1].image_url"),
        ({"content": [{"type": "image_url", "image_url": {"url": 7}}]}, "content[0].image_url.url"),
        ({"content": [DRAFT, DRAFT]}, "content"),
        ({"frames": 30}, "frames"),
        ({"frames": 290}, "frames"),
        ({"duration": 13}, "duration"),
        ({"duration": 3}, "duration"),
        ({"duration": 31, "model": "ep-1"}, "duration"),
        ({"duration": 0, "model": "ep-1"}, "duration"),
        ({"duration": -1, "model": "doubao-seedance-1-0-pro-250528"}, "duration"),
        ({"duration": 3, "model": "doubao-seedance-2-5-270101"}, "duration"),
        ({"seed": 2**32}, "seed"),
        ({"execution_expires_after": 3599}, "execution_expires_after"),
        ({"service_tier": "cheap"}, "service_tier"),
        ({"watermark": "no"}, "watermark"),
    ],
)
def test_a_field_that_ark_would_refuse_is_named(changes: Mapping[str, Any], field: str) -> None:
    assert refused_fields(ARK.submits, TASKS, {**BODY, **changes}) == [field]


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": -1},
        {"duration": 2, "model": "doubao-seedance-1-0-lite-t2v-250428"},
        {"duration": 15, "model": "doubao-seedance-2-0-260128"},
        {"frames": 289, "new_field": {"a": 1}},
        {"content": [{"type": "hologram", "hologram": 1}], "resolution": "8k"},
    ],
)
def test_other_models_and_what_is_new_pass(changes: Mapping[str, Any]) -> None:
    body = ARK.submits.check(TASKS, {**BODY, **changes}).body
    assert body.items() >= changes.items()
    assert "ratio" not in body


@pytest.mark.parametrize(
    ("changes", "patience_s"),
    [
        ({}, None),
        ({"service_tier": "flex"}, EXPIRES_AFTER_S),
        ({"service_tier": "flex", "execution_expires_after": 7200}, 7200),
        ({"execution_expires_after": 3600}, 3600),
    ],
)
def test_a_task_is_overdue_when_ark_gives_it_up(
    changes: Mapping[str, Any], patience_s: float | None
) -> None:
    assert ARK.submits.check(TASKS, {**BODY, **changes}).patience_s == patience_s


def _sent(input_: Mapping[str, Any], parent: Task | None = None, **options: Any) -> Any:
    request = ARK.submits.check(TASKS, input_)
    sending = sent_to(an_account(ARK, **options), a_task(TASKS), request.body, parent=parent)
    body = json.loads(ARK.submits.build_submit(sending).body or b"")
    return body, derive_seed(sending.task)


def test_a_draft_of_ours_is_named_by_the_id_that_ark_has_for_it() -> None:
    input_ = {"model": MODEL, "content": [TEXT, DRAFT]}
    request = ARK.submits.check(TASKS, input_)
    assert (request.parent, request.parent_field) == ("ours", "content[1].draft_task.id")
    body, _ = _sent(input_, a_task(TASKS, provider_task_id="cgt-1"))
    assert body["content"] == [TEXT, {**DRAFT, "draft_task": {"id": "cgt-1"}}]
    with pytest.raises(Misuse):
        _sent(input_, a_task(TASKS, provider_task_id=None))


@pytest.mark.parametrize("changes", [{}, {"seed": -1}, {"seed": None}])
def test_a_seed_of_ours_marks_a_create_that_leaves_it_to_chance(
    changes: Mapping[str, Any],
) -> None:
    body, seed = _sent({**BODY, **changes})
    assert body["seed"] == seed
    assert 0 <= seed < 2**32
    account = an_account(ARK)
    assert ARK.submits.get_lookup_kind(account) is Finds.BY_SCAN


@pytest.mark.parametrize(
    ("changes", "options", "sent"),
    [
        ({"seed": 0}, {}, 0),
        ({"content": [{"type": "text", "text": "rain --seed 7 --rs 720p"}]}, {}, None),
        ({}, {"seeds": False}, None),
    ],
)
def test_a_callers_seed_stays(
    changes: Mapping[str, Any], options: Mapping[str, Any], sent: int | None
) -> None:
    body, _ = _sent({**BODY, **changes}, **options)
    assert body.get("seed") == sent
    if options:
        assert ARK.submits.get_lookup_kind(an_account(ARK, **options)) is Finds.NEVER


# Many tasks in one look.


def _many(count: int) -> Asking:
    tasks = [a_task(TASKS, key=place, provider_task_id=f"cgt-{place}") for place in range(count)]
    return asked_of(an_account(ARK), *tasks)


def _polled(asking: Asking, answer: HttpResult | HttpFailure) -> Sequence[Any]:
    assert ARK.polls is not None
    return ARK.polls.parse_poll(asking, answer)


def test_five_hundred_are_asked_for_in_one_call() -> None:
    assert ARK.polls is not None
    asking = _many(MOST_TOGETHER)
    groups = {ARK.polls.get_poll_group(asking.account, task) for task in asking.tasks}
    assert groups == {"list"}
    assert ARK.polls.get_poll_group(asking.account, a_task(TASKS)) is None
    call = ARK.polls.build_poll(asking)
    assert call is not None
    query = parse_qs(urlsplit(call.url).query)
    assert query["filter.task_ids"] == [f"cgt-{place}" for place in range(MOST_TOGETHER)]
    assert (query["page_num"], query["page_size"]) == (["1"], [str(MOST_TOGETHER)])


def test_each_finds_its_own_entry_and_what_is_left_out_is_asked_for_alone() -> None:
    entries = [
        {"id": "cgt-2", "status": "running"},
        {"id": "cgt-0", "status": "queued"},
        {"id": "cgt-9", "status": "failed"},
        *("x", None, {"id": "cgt-3"}),
    ]
    answer = HttpResult(200, {}, json.dumps({"items": entries, "total": 6}).encode())
    found = _polled(_many(4), answer)
    assert [type(one) for one in found] == [Observed, Unanswered, Observed, Unanswered]
    assert [found[place].observation.word for place in (0, 2)] == ["queued", "running"]
    assert all(found[place].alone for place in (1, 3))


@pytest.mark.parametrize(
    ("answer", "slow", "alone"),
    [
        (HttpResult(414, {}, b"<html>"), False, True),
        (HttpResult(404, {}, b"{}"), False, True),
        (HttpResult(429, {}, b"{}"), True, False),
        (HttpResult(500, {}, b"{}"), False, False),
        (HttpResult(200, {}, b"<html>"), False, False),
        (HttpResult(200, {}, b'{"items": null}'), False, False),
        (HttpFailure(Certainty.UNKNOWN, "cut"), False, False),
    ],
)
def test_a_list_that_does_not_come_tells_nothing(
    answer: HttpResult | HttpFailure, *, slow: bool, alone: bool
) -> None:
    for one in _polled(_many(3), answer):
        assert isinstance(one, Unanswered)
        assert (one.slow_down, one.alone) == (slow, alone)


def test_a_week_after_its_create_nobody_can_ask_for_a_task() -> None:
    asking = asked_of(an_account(ARK), a_task(TASKS, provider_task_id="cgt-1"))
    gone = HttpResult(404, {}, b'{"error": {"code": "ResourceNotFound", "message": "no"}}')
    (early,) = _polled(asking, gone)
    (late,) = _polled(replace(asking, now=NOW + TASKS_LIVE), gone)
    assert (early.kind, early.weak) == (Absence.DENIED, True)
    assert late.kind is Absence.PURGED


# Lost creates.


def _searched(*pages: Sequence[Mapping[str, Any]]) -> Any:
    """Show a lost task's search these pages, one after another; return the last outcome."""
    looks = ARK.looks
    assert looks is not None
    asking = replace(asked_of(an_account(ARK), LOST), since=NOW)
    assert not looks.is_url_needed(asking.account)
    outcome: Any = None
    for number, page in enumerate(pages, 1):
        call = looks.build_lookup(asking)
        assert call is not None
        assert f"page_num={number}&" in call.url
        answer = HttpResult(200, {}, json.dumps({"items": page, "total": 9}).encode())
        outcome = looks.parse_lookup(asking, answer)
        if isinstance(outcome, More):
            asking = replace(asking, page=outcome.page)
    return outcome


LOST = a_task(TASKS, state=TaskState.UNCERTAIN)


def _entry(id_: str, age: timedelta = timedelta(0), **more: Any) -> dict[str, Any]:
    made = int((NOW - age).timestamp())
    return {"id": id_, "status": "succeeded", "created_at": made, **more}


def test_the_entry_with_our_seed_is_the_task() -> None:
    ours = _entry("cgt-3", seed=derive_seed(LOST))
    found = _searched([_entry("cgt-1", seed=5), _entry("cgt-2")], [ours])
    assert isinstance(found, Observed)
    assert found.observation.provider_task_id == "cgt-3"


def test_a_list_without_our_seed_is_no_denial() -> None:
    before = timedelta(hours=1)
    assert isinstance(_searched([_entry("cgt-1", seed=5)], []), NotSeen)
    assert isinstance(_searched([_entry("cgt-1", seed=5), _entry("cgt-0", before)]), NotSeen)
    older = _entry("cgt-0", before, seed=derive_seed(LOST))
    assert isinstance(_searched([older]), NotSeen)


# Cancels.


@pytest.mark.parametrize("state", TaskState)
def test_only_what_is_queued_is_deleted(state: TaskState) -> None:
    assert ARK.cancels is not None
    assert ARK.cancels.erases_ended
    asking = asked_of(an_account(ARK), a_task(TASKS, provider_task_id="cgt-1", state=state))
    assert (ARK.cancels.explain_too_late(asking) is None) is (state is TaskState.SUBMITTED)
