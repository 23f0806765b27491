"""Jimeng's front and its emulated provider, asked the same: actions by POST, codes, one word."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import Pair, differences, paired

MODEL = "jimeng_t2i_v40"
SUBMIT, LOOK, CANCEL = "CVSync2AsyncSubmitTask", "CVSync2AsyncGetResult", "CVCancelTask"
ACCOUNT = """
[accounts.jimeng.default]
base_url = "HOST/jimeng"
access_key = "emulator-key"
secret_key = "emulator-secret"
poll_spacing_s = 0.05
"""


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("jimeng")
    with paired(sqlite_template, folder, {}, ACCOUNT, TRACKER_POLL_FIRST_S="0.05") as pair:
        yield pair


def act(http: httpx.Client, action: str, **body: Any) -> httpx.Response:
    """Make a call."""
    version = "2024-06-06" if action == CANCEL else "2022-08-31"
    url = f"/jimeng/?Action={action}&Version={version}"
    return http.post(url, json={"req_key": MODEL, **body})


def made(http: httpx.Client, scenario: str = "ok", action: str = SUBMIT) -> Any:
    """Return the answer to a create that must be accepted."""
    answer = act(http, action, prompt="a cat", emulator_scenario=scenario)
    assert (answer.status_code, answer.json()["code"]) == (200, 10000), answer.text
    return answer.json()


def ended(http: httpx.Client, id_: str) -> httpx.Response:
    """Return the answer once it has another code, or a word after which clients stop."""
    answers: list[httpx.Response] = []

    def is_over() -> bool:
        answers.append(act(http, LOOK, task_id=id_))
        data = answers[-1].json()["data"] or {}
        return data.get("status") not in ("in_queue", "generating")

    wait_until(is_over)
    return answers[-1]


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [("ok", 200, 10000), ("moderated", 400, 50411), ("output_moderated", 400, 50511)],
)
def test_a_task_is_shown_as_its_provider_shows_it(
    pair: Pair, scenario: str, status: int, code: int
) -> None:
    answers = []
    for http in pair:
        first = made(http, scenario)
        last = ended(http, first["data"]["task_id"])
        assert (last.status_code, last.json()["code"]) == (status, code)
        answers.append((first, last.json()))
    for front, provider in zip(*answers, strict=True):
        assert differences(front, provider) == set()


def test_an_open_task_and_one_that_nobody_has_are_told_by_words(pair: Pair) -> None:
    for http in pair:
        id_ = made(http, "hold")["data"]["task_id"]
        data = act(http, LOOK, task_id=id_).json()["data"]
        assert data == {"status": "in_queue", "image_urls": None, "binary_data_base64": None}
        of_model = {"task_id": id_, "req_key": "jimeng_t2i_v30"}
        for other in ({"task_id": "nobody"}, {"task_id": 7392616336519610409}, of_model):
            answer = act(http, LOOK, **other)
            assert (answer.status_code, answer.json()["data"]) == (200, {"status": "not_found"})


def test_a_cancelled_task_ends_with_a_code(pair: Pair) -> None:
    front = pair[0]
    id_ = made(front, "hold")["data"]["task_id"]
    assert act(front, CANCEL, task_id=id_).json()["code"] == 10000
    last = ended(front, id_)
    assert (last.status_code, last.json()["code"], last.json()["data"]) == (400, 50520, None)


def test_a_create_that_is_waited_for_is_answered_with_its_files(pair: Pair) -> None:
    data = made(pair[0], action="CVProcess")["data"]
    assert data["status"] == "done"
    assert data["image_urls"]
    assert data["task_id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"prompt": "a" * 801}, 400, 50215),
        ({"req_key": "other", "prompt": "x"}, 400, 50215),
        ({}, 400, 50215),
    ],
)
def test_a_refusal_has_a_code(pair: Pair, body: dict[str, Any], status: int, code: int) -> None:
    answer = act(pair[0], SUBMIT, **body)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (
        status,
        code,
        None,
    )
    assert answer.json()["message"]


def test_only_posts_of_known_actions_are_served(pair: Pair) -> None:
    front = pair[0]
    assert front.get(f"/jimeng/?Action={LOOK}").status_code == 405
    for http in pair:
        answer = act(http, "CVOther")
        error = answer.json()["ResponseMetadata"]["Error"]
        assert (answer.status_code, error["Code"]) == (404, "InvalidActionOrVersion")
    assert front.post(f"/jimeng/more?Action={LOOK}", json={}).status_code == 404
    assert act(front, LOOK).json()["code"] == 50215
