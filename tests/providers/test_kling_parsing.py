"""Reading what anybody may have written: never an error, never a verdict out of thin air."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.support import a_task, an_account, bodies, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted
from tracker.domain.task import VERDICTS, TaskState
from tracker.providers.kit.reading import read_json
from tracker.providers.kling.answers import read_submit
from tracker.providers.kling.costs import read_costs
from tracker.providers.kling.parsing import observe
from tracker.providers.kling.words import WORDS, find_state
from tracker.providers.registry import PROVIDERS

TASK: dict[str, Any] = {
    "task_id": "881204513377218561",
    "task_status": "succeed",
    "task_status_msg": "",
    "updated_at": 1795500093480,
    "final_unit_deduction": "2",
    "task_result": {"videos": [{"id": "9", "url": "https://m.example/v.mp4", "duration": "5.041"}]},
}
ENVELOPES = st.lists(
    st.sampled_from(
        [
            lambda inner: {"code": 0, "message": "SUCCEED", "request_id": "r", "data": inner},
            lambda inner: {"code": "success", "msg": "", "data": inner},
            lambda inner: [inner],
            lambda inner: {"data": inner},
            lambda inner: {"status": "success", "id": "req-1", "data": inner},
            lambda inner: {"code": 0, "data": json.dumps(inner)},
        ]
    ),
    max_size=4,
)


@pytest.mark.parametrize("when", [10**15 - 1, "999999999999998", 253_402_300_800_000])
def test_a_time_after_all_dates_is_none(when: object) -> None:
    found = observe(TASK | {"updated_at": when})
    assert found is not None
    assert (found.state, found.at) == (TaskState.SUCCEEDED, None)


@given(st.text(max_size=40), st.sampled_from(["task_status", "status", "state"]))
def test_a_word_that_nobody_knows_is_no_verdict_and_is_kept(word: str, field: str) -> None:
    if word.strip().lower() in WORDS or not word:
        return
    said = observe({"task_id": "1", field: word, "url": "https://m.example/v.mp4"})
    assert said is not None
    assert said.state is None
    assert (said.artifacts, said.error, said.costs) == ((), None, ())


@pytest.mark.parametrize("word", sorted(WORDS))
def test_words_are_known_in_any_case(word: str) -> None:
    for spelling in (word, word.upper(), word.title(), f" {word} "):
        assert find_state(spelling) is WORDS[word]


@given(ENVELOPES)
def test_however_deep_a_task_lies_it_says_the_same(envelopes: list[Any]) -> None:
    wrapped: Any = TASK
    for envelope in envelopes:
        wrapped = envelope(wrapped)
    assert observe(wrapped) == observe(TASK)


@pytest.mark.parametrize(
    "wrapped",
    [
        {"code": 0, "result": TASK},
        {"event": "task.updated", "payload": TASK},
        {"headers": {}, "body": TASK},
        {"headers": {}, "body": json.dumps(TASK)},
        {"type": "video.completed", "data": {"object": TASK}},
        {"event": {"detail": {"task": TASK}}, "task": TASK},
    ],
)
def test_a_task_is_found_in_what_gateways_wrap_around_it(wrapped: dict[str, Any]) -> None:
    assert observe(wrapped) == observe(TASK)


def test_fields_may_be_spelt_in_camel_case() -> None:
    said = observe(
        {
            "taskId": "881204513377218561",
            "taskStatus": "succeed",
            "taskInfo": {"externalTaskId": "mine"},
            "updatedAt": 1795500093480,
            "taskResult": TASK["task_result"],
        }
    )
    plain = observe(TASK | {"task_info": {"external_task_id": "mine"}})
    assert said is not None
    assert plain is not None
    names = ("state", "provider_task_id", "external_task_id", "at")
    assert [getattr(said, n) for n in names] == [getattr(plain, n) for n in names]
    assert [one.url for one in said.artifacts] == [one.url for one in plain.artifacts]


def test_what_a_task_brought_is_not_taken_for_a_task_in_it() -> None:
    inner = {"task_id": "2", "status": "success"}
    said = observe({"task_id": "1", "status": "processing", "result": inner})
    assert said is not None
    assert (said.state, said.provider_task_id) == (TaskState.RUNNING, "1")


def test_a_word_may_carry_the_name_of_its_kind() -> None:
    assert find_state("TASK_STATUS_SUCCEED") is TaskState.SUCCEEDED
    assert find_state("TASK_STATUS_HYPERSPACE") is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "9" * 5000])
def test_a_number_that_is_none_costs_itself_and_not_the_verdict(number: str) -> None:
    body = json.dumps(TASK).replace('"5.041"', number).replace("1795500093480", number)
    said = observe(read_json(body.encode()))
    assert said is not None
    assert (said.state, said.at, said.artifacts[0].duration_s) == (TaskState.SUCCEEDED, None, None)


@pytest.mark.parametrize("said", ["許功蓋", '功"', "功"])
def test_a_backslash_within_a_character_spoils_no_verdict(said: str) -> None:
    body = json.dumps(TASK | {"task_status_msg": said}, ensure_ascii=False)
    for charset in ("big5", "gbk"):
        found = observe(read_json(body.encode(charset)))
        assert found is not None
        assert found.state is TaskState.SUCCEEDED


@given(bodies)
def test_every_verdict_was_said_of_a_task_by_a_word_that_is_one(body: bytes) -> None:
    try:
        said = observe(read_json(body))
    except ValueError:
        return
    if said is not None and said.state in VERDICTS:
        assert find_state(said.word) is said.state


@pytest.mark.parametrize(
    "request_says",
    [
        {"status": "error", "message": "rate limited"},
        {"status": "success", "data": {}},
        {"status": "failed", "request_id": "r", "message": "bad gateway"},
        {"success": False, "error": {"code": "x", "message": "no"}},
        {"code": 500, "state": "error", "msg": "busy", "data": None},
        {"error": {"status": "failed", "id": "1"}},
        {"status": "success", "request_id": "r"},
    ],
)
def test_words_about_the_request_are_no_words_about_the_task(request_says: dict[str, Any]) -> None:
    assert observe(request_says) is None


def test_a_record_that_claims_success_around_an_open_answer_is_not_believed() -> None:
    inner = {"task_id": "2", "task_status": "processing"}
    said = observe({"data": {"task_id": "1", "status": "SUCCESS", "data": inner}})
    assert said is not None
    assert said.state is TaskState.RUNNING


AMOUNTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.integers(),
    st.floats(),
    st.text(max_size=50),
    st.none(),
    st.sampled_from(["1e999999999", "NaN", "Infinity", "-0", "١٢", "0x10", "1_000", " 2 "]),
)


@given(AMOUNTS, AMOUNTS)
def test_amounts_are_plain_exact_decimals_or_left_out(unit: Any, cash: Any) -> None:
    task = {
        "final_unit_deduction": unit,
        "final_balance_deduction": {"quota": cash, "list_price": unit},
        "billing": [{"charge_type": "unit", "amount": cash}, "nonsense", {"amount": unit}],
    }
    for cost in read_costs(task):
        assert Decimal(cost.amount).is_finite()
        assert "e" not in cost.amount.lower()
        assert len(cost.amount) < 80


def test_an_amount_is_kept_to_the_last_digit() -> None:
    said = json.loads('{"final_unit_deduction": "0.10000000000000000001"}')
    assert [cost.amount for cost in read_costs(said)] == ["0.10000000000000000001"]
    assert read_costs({"task_status": "failed"}) == ()


@pytest.mark.parametrize("written", [r"a\u0000b", r"a\ud800b"])
def test_what_no_database_stores_is_replaced_wherever_it_stands(written: str) -> None:
    body = (
        '{"task_id": "W", "task_status": "succeed", "task_status_msg": "W", '
        '"task_result": {"videos": [{"id": "W", "url": "https://m.example/W", "W": ["W", 1e999]}]}}'
    )
    said = observe(read_json(body.replace("W", written).encode()))
    assert said is not None
    clean = "a\N{REPLACEMENT CHARACTER}b"
    assert (said.provider_task_id, said.message) == (clean, clean)
    assert said.artifacts[0].extra == {clean: [clean, None]}
    assert said.detail is not None
    assert said.detail["task_result"]["videos"][0][clean] == [clean, None]


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0, "message": "SUCCEED", "task_id": "T"},
        {"code": 200, "msg": "ok", "taskId": "T"},
        {"code": 0, "data": None, "task_id": "T"},
        {"output": {"task_id": "T", "task_status": "PENDING"}, "request_id": "r"},
        {"code": 200, "output": {"task_id": "T"}, "id": "r"},
    ],
)
def test_a_task_that_is_named_beside_a_code_was_accepted(answer: dict[str, Any]) -> None:
    found = read_submit(HttpResult(200, {}, json.dumps(answer).encode()))
    assert isinstance(found, Accepted)
    assert found.provider_task_id == "T"


def test_an_id_that_requests_have_too_names_no_task_beside_a_code() -> None:
    for answer in ({"code": 0, "id": "r"}, {"code": 1301, "message": "no", "request_id": "r"}):
        found = read_submit(HttpResult(200, {}, json.dumps(answer).encode()))
        assert not isinstance(found, Accepted)


@pytest.mark.parametrize(
    ("more", "wants", "state", "is_asked"),
    [
        ({}, (), TaskState.SUCCEEDED, False),
        ({"task_status": "failed"}, (), TaskState.FAILED, False),
        ({"task_status": "processing"}, (), None, False),
        ({"task_result": {}}, (), None, True),
        ({}, ("watermark_url",), None, True),
    ],
)
def test_a_verdict_in_a_creates_answer_is_taken_where_all_of_its_result_is_there(
    more: dict[str, Any], wants: tuple[str, ...], state: TaskState | None, *, is_asked: bool
) -> None:
    kling = PROVIDERS["kling"]
    sending = sent_to(an_account(kling), a_task("videos/text2video", wants=wants))
    body = json.dumps({"code": 0, "data": TASK | more}).encode()
    found = kling.submits.parse_submit(sending, HttpResult(200, {}, body))
    assert isinstance(found, Accepted)
    assert (found.said and found.said.state, found.look_now) == (state, is_asked)
