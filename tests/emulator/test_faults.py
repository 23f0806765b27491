"""Scenarios in which calls go wrong."""

import time

import httpx
import pytest

from .support import MULTI_IMAGE, TEXT, Api, refused, wait_until


def test_failed_and_moderated_tasks_say_why(api: Api) -> None:
    failed, moderated = api.create(scenario="failed"), api.create(scenario="moderated")
    api.advance(5)
    task = api.query(moderated)
    assert task["task_status"] == api.query(failed)["task_status"] == "failed"
    assert task["task_status_msg"] == "Failure to pass the risk control system"
    assert (task["task_result"], task["final_unit_deduction"]) == ({}, "0")


def test_refused_task_is_not_made(api: Api) -> None:
    refused(api.post(emulator_scenario="refused"), 400, 1301)
    assert api.control("tasks") == []


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("busy", 429, 1303),
        ("rate_limited", 429, 1302),
        ("unavailable", 503, 5001),
        ("error_5000_lost", 500, 5000),
        ("error_5002_lost", 504, 5002),
    ],
)
def test_trouble_lasts_for_n_tries_and_makes_nothing(
    api: Api, word: str, status: int, code: int
) -> None:
    fields = {"external_task_id": "mine", "emulator_scenario": f"{word}=2"}
    answers = [api.post(**fields) for _ in range(2)]
    for answer in answers:
        refused(answer, status, code)
    assert ("retry-after" in answers[0].headers) == (word == "rate_limited")
    assert api.control("creations") == {}
    assert api.post(**fields).status_code == 200
    assert api.control("creations") == {"mine": 1}


def test_trouble_can_last_for_a_time(api: Api) -> None:
    fields = {"external_task_id": "mine", "emulator_scenario": "busy=2s"}
    for _ in range(4):
        refused(api.post(**fields), 429, 1303)
        api.advance(0.5)
    assert api.post(**fields).status_code == 200


def test_trouble_is_counted_for_each_external_id_apart(api: Api) -> None:
    for name in ("a", "b"):
        refused(api.post(external_task_id=name, emulator_scenario="busy=1"), 429, 1303)
        api.create(external_task_id=name, scenario="busy=1")


@pytest.mark.parametrize(
    ("word", "status"), [("error_5000_created", 500), ("error_5002_created", 504)]
)
def test_error_answer_may_hide_a_created_task(api: Api, word: str, status: int) -> None:
    answer = api.post(external_task_id="mine", emulator_scenario=word)
    assert answer.status_code == status
    assert api.query("mine")["task_status"] == "submitted"
    refused(api.post(external_task_id="mine", emulator_scenario=word), 400, 1201)


@pytest.mark.parametrize(("word", "made"), [("html_error", {}), ("html_error_created", {"m": 1})])
def test_proxy_error_is_a_page(api: Api, word: str, made: dict[str, int]) -> None:
    answer = api.post(external_task_id="m", emulator_scenario=word)
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")
    assert api.control("creations") == made


@pytest.mark.parametrize(
    ("word", "made"), [("cut_before_accept", {}), ("cut_after_accept", {"mine": 1})]
)
def test_cut_connection_answers_not_one_byte(api: Api, word: str, made: dict[str, int]) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.post(external_task_id="mine", emulator_scenario=word)
    assert api.control("creations") == made
    assert api.control("requests")[-1]["answer"] == "cut"
    again = api.post(external_task_id="mine", emulator_scenario=word)
    assert again.status_code == (400 if made else 200)


def test_timeout_makes_the_task_and_never_answers(api: Api) -> None:
    with pytest.raises(httpx.ReadTimeout):
        api.http.post(
            TEXT,
            json={"prompt": "[scenario:timeout]", "external_task_id": "mine"},
            timeout=httpx.Timeout(60, read=0.1),
        )
    wait_until(lambda: api.control("creations") == {"mine": 1})
    assert api.query("mine", TEXT)["task_status"] == "submitted"


def test_slow_hold_and_stuck_change_the_pace(api: Api) -> None:
    slow, hold, stuck = (api.create(scenario=word) for word in ("slow=30", "hold", "stuck"))
    api.advance(29)
    assert api.query(slow)["task_status"] == "submitted"
    api.advance(31)
    assert api.query(slow)["task_status"] == "succeed"
    assert api.query(hold)["task_status"] == "submitted"
    assert api.query(stuck)["task_status"] == "processing"


def test_forgotten_task_is_not_found_any_more(api: Api) -> None:
    task_id = api.create(scenario="forgotten=5")
    api.advance(4)
    assert api.query(task_id)["task_status"] == "succeed"
    api.advance(1)
    refused(api.http.get(f"{MULTI_IMAGE}/{task_id}"), 400, 1201)
    assert api.http.get(MULTI_IMAGE).json()["data"] == []


def test_mute_query_fails_n_times(api: Api) -> None:
    task_id = api.create(scenario="mute_query=2")
    for _ in range(2):
        refused(api.http.get(f"{MULTI_IMAGE}/{task_id}"), 500, 5000)
    assert api.query(task_id)


def test_slow_query_waits_on_the_clock(api: Api) -> None:
    task_id = api.create(scenario="slow_query=3")
    with pytest.raises(httpx.ReadTimeout):
        api.http.get(f"{MULTI_IMAGE}/{task_id}", timeout=httpx.Timeout(60, read=0.1))

    def is_answered() -> bool:
        api.advance(3)
        return bool(api.control("requests")[-1]["status"] == 200)

    wait_until(is_answered)


def test_external_ids_may_be_used_twice_when_lax(api: Api) -> None:
    """Without a refusal of the second create, a caller that sends twice is found out."""
    first = api.create(external_task_id="mine", scenario="lax_ids")
    api.create(external_task_id="mine", scenario="lax_ids")
    assert api.control("creations") == {"mine": 2}
    assert api.query("mine")["task_id"] == first


def test_down_provider_answers_every_call_with_5001(api: Api) -> None:
    task_id = api.create()
    api.http.put("/emulator/scenario", json={"scenario": "down"})
    refused(api.post(), 503, 5001)
    refused(api.http.get(f"{MULTI_IMAGE}/{task_id}"), 503, 5001)
    api.http.put("/emulator/scenario", json={"scenario": "ok"})
    assert api.query(task_id)


def test_body_field_wins_over_marker_and_marker_over_the_global_scenario(api: Api) -> None:
    api.http.put("/emulator/scenario", json={"scenario": "failed"})
    marker = "a [scenario:hold] cat"
    by_global, by_marker, by_field = (
        api.post(prompt=prompt, **extra).json()["data"]["task_id"]
        for prompt, extra in (
            ("a cat", {}),
            (marker, {}),
            (marker, {"emulator_scenario": "moderated"}),
        )
    )
    scenarios = {task["task_id"]: task["scenario"] for task in api.control("tasks")}
    assert scenarios == {by_global: "failed", by_marker: "hold", by_field: "moderated"}


def test_busy_for_a_time_uses_the_emulators_clock_not_the_wall(api: Api) -> None:
    fields = {"external_task_id": "mine", "emulator_scenario": "unavailable=1000s"}
    begun = time.monotonic()
    refused(api.post(**fields), 503, 5001)
    api.advance(1000)
    assert api.post(**fields).status_code == 200
    assert time.monotonic() - begun < 500  # by the wall it would take 1,000
