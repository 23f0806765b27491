"""Creates that clients repeat: a repeat gets the first task, a deliberate equal create its own."""

from typing import Any

import httpx

from tests.support.requests import EXAMPLE, MULTI_IMAGE


def _create(http: httpx.Client, tries: int | None, **headers: str) -> str:
    return _create_of(http, EXAMPLE, tries, **headers)


def _create_of(http: httpx.Client, body: dict[str, Any], tries: int | None, **headers: str) -> str:
    counted = {} if tries is None else {"x-stainless-retry-count": str(tries)}
    answer = http.post(MULTI_IMAGE, json=body, headers=counted | headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["task_id"])


def test_a_repeated_create_gets_the_first_task(http: httpx.Client) -> None:
    first = _create(http, 0)
    assert [_create(http, 1), _create(http, 2)] == [first, first]


def test_a_repeat_whose_first_call_never_came_makes_the_task(http: httpx.Client) -> None:
    body = EXAMPLE | {"prompt": "never heard of before"}
    made = _create_of(http, body, 1)
    assert _create_of(http, body, 2) == made


def test_deliberate_equal_creates_stay_two(http: httpx.Client) -> None:
    assert len({_create(http, 0), _create(http, 0), _create(http, None)}) == 3


def test_a_repeat_of_another_request_makes_a_task_of_its_own(http: httpx.Client) -> None:
    first = _create(http, 0)
    assert _create_of(http, EXAMPLE | {"prompt": "something else"}, 1) != first


def test_a_repeat_with_the_callers_own_name_is_no_conflict(http: httpx.Client) -> None:
    named = EXAMPLE | {"external_task_id": "repeated-1"}
    first = _create_of(http, named, 0)
    assert _create_of(http, named, 1) == first


def test_an_idempotency_key_joins_whatever_the_count_says(http: httpx.Client) -> None:
    key = {"idempotency-key": "front-repeat-1"}
    assert _create(http, None, **key) == _create(http, None, **key) == _create(http, 1, **key)
