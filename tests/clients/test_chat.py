"""OpenAI's published client, unmodified: chat completions, as a stream and as one answer.

`openai` 3.57.0 from PyPI, against the emulated wrapper and our front.
"""

from typing import Any

import httpx

from tests.clients.conftest import Served
from tests.clients.running import run_program
from tests.support.waiting import wait_until

PATH = "/chat/v1"
PROGRAM = "openai_chat.py"


def test_client_reads_a_stream_to_its_end(served: Served) -> None:
    said = "rain [scenario:ticks,slow=1]"  # on a busy machine a faster one ends between two notes
    told = run_program(PROGRAM, served.url + PATH, served.key, said, "stream")
    text = "".join(told["texts"])
    assert (len(told["ids"]), told["reasons"]) == (1, ["stop"])
    assert len(told["texts"]) > 2
    assert "/media/" in text
    assert ".mp3" in text


def test_client_reads_one_answer(served: Served) -> None:
    told = run_program(PROGRAM, served.url + PATH, served.key, "snow", "whole")
    choice = told["made"]["choices"][0]
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    assert ".mp3" in choice["message"]["content"]
    assert told["refused"] == 400
    assert "suno-v3.5" in told["models"]


def test_client_is_told_the_name_of_the_task_and_finds_it_after_it_has_left(
    fronted: Served,
) -> None:
    said = "wind [scenario:ticks,slow=1]"
    told = run_program(PROGRAM, fronted.url + PATH, fronted.key, said, "leave")
    [id_] = told["ids"]
    address = told["texts"][0].split()[-1]
    assert address == f"{fronted.url}{PATH}/chat/completions/{id_}"
    wait_until(lambda: ".mp3" in _content(fronted, address))
    assert _content(fronted, address).count("♪") == 1
    assert fronted.created(said) == 1


def test_client_is_told_in_order_of_a_stream_that_broke(fronted: Served) -> None:
    said = "hail [scenario:cut_halfway]"
    told = run_program(PROGRAM, fronted.url + PATH, fronted.key, said, "stream")
    assert told["reasons"] == ["stop"]
    assert "may be charged for" in told["texts"][-1]
    assert _task(fronted, told["ids"][0])["state"] == "uncertain"
    assert fronted.created(said) == 1


def _content(served: Served, address: str) -> str:
    answer = httpx.get(address, headers=_key(served), trust_env=False, timeout=60)
    content: str = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    return content


def _task(served: Served, id_: str) -> dict[str, Any]:
    url = f"{served.url}/v1/tasks/{id_.removeprefix('chatcmpl-')}"
    found: dict[str, Any] = httpx.get(url, headers=_key(served), trust_env=False, timeout=60).json()
    return found


def _key(served: Served) -> dict[str, str]:
    return {"authorization": f"Bearer {served.key}"}
