"""Vidu's front: the caller's payload, the list, cancels, the balance."""

from collections.abc import Iterator

import pytest

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair, asked_until, differences, paired

BASE = "/vidu/ent/v2"
BODY = {"model": "viduq2-pro", "prompt": "a cat", "duration": 5}
TOKEN = {"authorization": "Token whatever"}


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("vidu")
    with paired(sqlite_template, folder, {"vidu": "/vidu"}, TRACKER_POLL_FIRST_S="0.05") as pair:
        yield pair


def test_a_callers_payload_comes_back_and_theirs_is_kept_apart(pair: Pair) -> None:
    http = pair[0]
    made = http.post(f"{BASE}/text2video", json=BODY | {"payload": "theirs: 1"}, headers=TOKEN)
    assert (made.status_code, made.json()["payload"]) == (200, "theirs: 1")
    id_ = made.json()["task_id"]
    done = asked_until(
        http, f"{BASE}/tasks/{id_}/creations", lambda found: found["state"] == "success"
    )
    assert (done["payload"], done["credits"]) == ("theirs: 1", 10)
    (creation,) = done["creations"]
    assert all(creation[name] for name in ("id", "url", "cover_url", "watermarked_url"))
    receipts = http.get(f"/v1/tasks/{id_}/receipts").json()["receipts"]
    assert {one["source"] for one in receipts} >= {"callback"}


def test_lists_have_the_providers_shape(pair: Pair) -> None:
    for http in pair:
        for number in range(3):
            answer = http.post(f"{BASE}/text2video", json=BODY | {"payload": str(number)})
            assert answer.status_code == 200
            url = f"{BASE}/tasks/{answer.json()['task_id']}/creations"
            asked_until(http, url, lambda found: found["state"] == "success")
    query = {"pager.pagesz": "2", "states": "success"}
    front, provider = (http.get(f"{BASE}/tasks", params=query).json() for http in pair)
    assert differences(front, provider) == set()
    http = pair[0]
    assert [one["payload"] for one in front["tasks"]] == ["2", "1"]
    following = http.get(
        f"{BASE}/tasks", params=query | {"pager.page_token": front["next_page_token"]}
    ).json()
    assert following["tasks"][0]["payload"] == "0"
    second = http.get(f"{BASE}/tasks", params={"pager.pagesz": 2, "pager.page": 1}).json()
    assert second["tasks"][0]["payload"] == "0"
    ids = [one["id"] for one in front["tasks"]]
    named = http.get(f"{BASE}/tasks", params={"task_ids": [*ids, "nobody"]}).json()["tasks"]
    assert [one["id"] for one in named] == ids
    none = http.get(f"{BASE}/tasks", params={"created_at.from": "2999-01-01T00:00:00Z"}).json()
    assert none == {"tasks": [], "next_page_token": ""}
    bad = http.get(f"{BASE}/tasks", params={"created_at.from": "soon"})
    assert (bad.status_code, bad.json()["reason"]) == (400, "FieldInvalid")


def test_a_cancel_is_answered_with_an_empty_object(pair: Pair) -> None:
    http = pair[0]
    held = {"x-emulator-scenario": "hold"}
    body = BODY | {"emulator_scenario": "hold"}
    id_ = http.post(f"{BASE}/text2video", json=body, headers=held).json()["task_id"]
    answer = http.post(f"{BASE}/tasks/{id_}/cancel", json={"id": id_})
    assert (answer.status_code, answer.json()) == (200, {})
    asked_until(http, f"{BASE}/tasks/{id_}/creations", lambda found: found["state"] == "failed")


def test_the_balance_is_the_providers(pair: Pair) -> None:
    front, provider = (http.get(f"{BASE}/credits") for http in pair)
    assert front.json() == provider.json()


def test_subjects_are_the_providers_and_videos_name_them(pair: Pair) -> None:
    given = {"name": "Luna", "images": ["https://pictures.example/a.png"]}
    front, provider = (http.post(f"{BASE}/subjects", json=given).json() for http in pair)
    assert differences(front, provider) == set()
    listed = pair[0].get(f"{BASE}/subjects", params={"count": 100}).json()["subjects"]
    assert front in listed
    named = {"name": "Luna", "server_id": front["id"]}
    body = {"model": "viduq2", "prompt": "[@Luna] waves", "subjects": [named]}
    assert pair[0].post(f"{BASE}/reference2video", json=body).status_code == 200
    change = {"id": "of another", "name": "Moon"}  # the path says which one is meant
    changed = pair[0].put(f"{BASE}/subjects/{front['id']}", json=change).json()
    assert changed == {**front, "name": "Moon"}
    refused = pair[0].post(f"{BASE}/motion-sync", json={"prompt": "a cat"})
    assert (refused.status_code, "lip-sync" in refused.json()["message"]) == (404, True)


@pytest.mark.parametrize(
    ("operation", "body", "link"),
    [
        ("audio-tts", {"text": "a", "voice_setting_voice_id": "v"}, "file_url"),
        (
            "audio-clone",
            {"audio_url": "https://a.example/a.mp3", "voice_id": "vidu0001", "text": "a"},
            "demo_audio",
        ),
    ],
)
def test_speech_is_in_the_answer_and_found_later(
    pair: Pair, operation: str, body: dict[str, str], link: str
) -> None:
    made = [http.post(f"{BASE}/{operation}", json=body).json() for http in pair]
    assert [one["state"] for one in made] == ["success", "success"]
    http, mine = pair[0], made[0]
    assert mine[link].startswith("http")
    found = http.get(f"{BASE}/tasks/{mine['task_id']}/creations").json()
    assert (found["state"], found["creations"][0]["url"]) == ("success", mine[link])
    failed = http.post(f"{BASE}/{operation}", json=body | {"text": "a [scenario:failed]"}).json()
    assert (failed["state"], failed[link]) == ("failed", "")


def test_what_is_not_served_is_refused_by_a_reason(pair: Pair) -> None:
    for path, status, reason in (
        ("/vidu/v2/text2video", 404, "NotFound"),
        (f"{BASE}/tasks/nobody/creations", 404, "TaskNotFound"),
        (f"{BASE}/text2video", 405, "MethodNotAllowed"),
        (f"{BASE}/tasks/a/b", 404, "NotFound"),
    ):
        answer = pair[0].get(path)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
