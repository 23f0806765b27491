"""Hailuo's front: the three steps of v1, the object of v2, codes and statuses."""

from collections.abc import Iterator

import pytest

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair, asked_until, differences, paired

V1, V2 = "/hailuo/v1", "/minimax/v2"
BODY_2 = {
    "model": "MiniMax-H3",
    "content": [{"type": "text", "text": "a cat"}],
    "duration": 5,
    "resolution": "768P",
}


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The provider tests our callback URL while it answers our create."""
    folder, bases = tmp_path_factory.mktemp("hailuo"), {"hailuo": "/hailuo"}
    with paired(sqlite_template, folder, bases, TRACKER_POLL_FIRST_S="0.05") as pair:
        yield pair


def test_a_video_of_v1_takes_three_steps_here_too(pair: Pair) -> None:
    files = []
    for http in pair:
        made = http.post(f"{V1}/video_generation", json={"model": "T2V-01", "prompt": "a cat"})
        assert made.json()["base_resp"] == {"status_code": 0, "status_msg": "success"}
        assert isinstance(made.json()["task_id"], str)
        query = f"{V1}/query/video_generation?task_id={made.json()['task_id']}"
        done = asked_until(http, query, lambda found: found["status"] == "Success")
        assert isinstance(done["file_id"], str)
        files.append(http.get(f"{V1}/files/retrieve?file_id={done['file_id']}").json())
    assert differences(*files) == set()
    assert files[0]["file"]["download_url"]
    (front, _) = pair
    (task,) = front.get("/v1/tasks", params={"provider": "hailuo"}).json()["tasks"]
    receipts = front.get(f"/v1/tasks/{task['id']}/receipts").json()["receipts"]
    told = [one for one in receipts if one["source"] == "callback"]
    assert told
    assert {one["verdict"] for one in told} <= {"unconfirmed", "stale"}


def test_a_video_of_v2_is_made_again(pair: Pair) -> None:
    http, name = pair[0], ""
    for path in ("video_generation", "video_regeneration"):
        body = BODY_2 if not name else {"source_task_id": name}
        name = http.post(f"{V2}/{path}", json=body).json()["task_id"]
        query = f"{V2}/query/video_generation/{name}"
        done = asked_until(http, query, lambda found: found["task"]["status"] == "succeeded")
        assert done["task"]["content"]["url"]
        assert done["task"]["usage"] == {"total_tokens": 1200}


def test_a_prompt_of_v2_is_a_text(pair: Pair) -> None:
    answer = pair[0].post(f"{V2}/h3_context_ir", json={"content": BODY_2["content"]})
    query = f"{V2}/query/video_generation/{answer.json()['task_id']}"
    done = asked_until(pair[0], query, lambda found: found["task"]["status"] == "succeeded")
    assert done["task"]["content"] == {"text": "a cat walks through the rain"}


def test_what_is_wrong_has_a_code_and_a_status(pair: Pair) -> None:
    http = pair[0]
    held = http.post(
        f"{V1}/video_generation",
        json={"model": "T2V-01", "prompt": "a cat", "emulator_scenario": "hold"},
    ).json()["task_id"]
    for path, status in (
        (f"{V1}/query/video_generation", 400),
        (f"{V1}/query/video_generation?task_id=nobody", 404),
        (f"{V1}/files/retrieve?file_id=1", 404),
        (f"{V1}/files/retrieve?file_id={held}", 404),
        (f"{V1}/video_generation", 405),
        ("/hailuo/v1/nothing", 404),
    ):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["base_resp"]["status_code"]) == (status, 2013)
    mistaken = http.post(f"{V2}/video_generation", json={"model": "MiniMax-H3"})
    for answer, status in ((mistaken, 400), (http.get(f"{V2}/query/video_generation/a/b"), 404)):
        told = answer.json()
        assert (answer.status_code, told["type"]) == (status, "error")
        assert told["error"].keys() == {"type", "message", "http_code"}
        assert told["error"]["message"].endswith(" (2013)")
        assert told["error"]["http_code"] == str(status)
