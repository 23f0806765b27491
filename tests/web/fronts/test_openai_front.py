"""The front of OpenAI's videos: what its comparison with the emulated gateway does not show."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.providers.support import NOW
from tests.support.databases import SqliteTemplate
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import Pair, differences, paired
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

VIDEOS = "/openai/v1/videos"
PICTURE = "https://pictures.example/a.png"


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with paired(
        sqlite_template,
        tmp_path_factory.mktemp("openai"),
        {"openai": "/openai/v1"},
        TRACKER_OPENAI_POLL_SPACING_S="0.05",
        TRACKER_POLL_FIRST_S="0.05",
    ) as found:
        yield found


def made(http: httpx.Client, scenario: str = "ok") -> str:
    """Create a video; return its id."""
    body = {"model": "sora-2", "prompt": "a cat", "emulator_scenario": scenario}
    answer = http.post(VIDEOS, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def shown(http: httpx.Client, id_: str) -> dict[str, Any]:
    """Return a video that must be found."""
    answer = http.get(f"{VIDEOS}/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(http: httpx.Client, id_: str) -> dict[str, Any]:
    """Return a video at its end."""
    wait_until(lambda: shown(http, id_)["status"] in ("completed", "failed"))
    return shown(http, id_)


def test_it_videos_are_made_of_forms(pair: Pair) -> None:
    fields = {
        "model": "sora-2",
        "prompt": "a cat",
        "metadata[mode]": "pro",
        "input_reference[image_url]": PICTURE,
    }
    files = {"last_frame": ("a.png", b"hello", "image/png")}
    answer = pair[0].post(VIDEOS, data=fields, files=files)
    assert answer.status_code == 200, answer.text
    done = ended(pair[0], answer.json()["id"])
    assert done["status"] == "completed"


def test_it_tells_official_clients_how_long_to_wait_and_where_the_content_is(
    pair: Pair,
) -> None:
    held = made(pair[0], "hold")
    look = pair[0].get(f"{VIDEOS}/{held}")
    assert look.headers["openai-poll-after-ms"] == "3000"
    early = pair[0].get(f"{VIDEOS}/{held}/content")
    assert (early.status_code, early.json()["error"]["code"]) == (400, "conflict")
    id_ = made(pair[0])
    url = ended(pair[0], id_)["metadata"]["url"]
    content = pair[0].get(f"{VIDEOS}/{id_}/content")
    assert (content.status_code, content.headers["location"]) == (302, url)
    part = httpx.get(url, headers={"range": "bytes=4-7"}, trust_env=False, timeout=60)
    assert (part.status_code, part.content) == (206, b"ftyp")
    none = pair[0].get(f"{VIDEOS}/{id_}/content", params={"variant": "spritesheet"})
    assert none.status_code == 404


def test_it_leads_nobody_to_content_that_the_accounts_key_opens(pair: Pair) -> None:
    id_ = made(pair[0], "done_without_url=99")
    assert "metadata" not in ended(pair[0], id_)
    assert pair[0].get(f"{VIDEOS}/{id_}/content").status_code == 404


def test_it_lists_remixes_and_deletes_without_losing_the_history(pair: Pair) -> None:
    id_ = made(pair[0])
    ended(pair[0], id_)
    remix = pair[0].post(f"{VIDEOS}/{id_}/remix", json={"prompt": "it rains"}).json()
    assert remix["remixed_from_video_id"] == id_
    first = pair[0].get(VIDEOS, params={"limit": 1}).json()
    assert (first["object"], first["has_more"]) == ("list", True)
    assert first["data"][0]["id"] == remix["id"]
    second = pair[0].get(VIDEOS, params={"limit": 1, "after": first["last_id"]}).json()
    assert second["data"][0]["id"] == id_
    deleted = pair[0].delete(f"{VIDEOS}/{id_}").json()
    assert deleted == {"id": id_, "object": "video.deleted", "deleted": True}
    assert shown(pair[0], id_)["status"] == "completed"


@pytest.mark.parametrize("way", ["edits", "extensions"])
def test_it_changes_videos_that_are_named_or_uploaded(pair: Pair, way: str) -> None:
    """The client of npm sends a name as a field of a form, others as JSON, that of PyPI a file."""
    id_, asked = made(pair[0]), {"prompt": "it rains", "seconds": "4"}
    ended(pair[0], id_)
    several: list[dict[str, Any]] = [
        {"json": {**asked, "video": {"id": id_}}},
        {"files": {name: (None, text) for name, text in {**asked, "video[id]": id_}.items()}},
        {"data": asked, "files": {"video": ("a.mp4", b"hello", "video/mp4")}},
    ]
    for one in several:
        video = pair[0].post(f"{VIDEOS}/{way}", **one).json()
        assert video.get("seconds") == ("4" if way == "edits" else None), video
        assert ended(pair[0], video["id"])["status"] == "completed"
    unknown = pair[0].post(f"{VIDEOS}/{way}", json={**asked, "video": {"id": "theirs"}})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "video.id")


def test_characters_are_the_providers_and_videos_name_them(pair: Pair) -> None:
    file = {"video": ("a.mp4", b"hello", "video/mp4")}
    made = [
        http.post(f"{VIDEOS}/characters", data={"name": "Luna"}, files=file).json() for http in pair
    ]
    assert differences(*made) == set()
    mine, http = made[0], pair[0]
    assert http.get(f"{VIDEOS}/characters/{mine['id']}").json() == mine
    named = {"model": "sora-2", "prompt": "Luna waves", "characters": [{"id": mine["id"]}]}
    assert http.post(VIDEOS, json=named).json()["status"] == "queued"
    form = {name: named[name] for name in ("model", "prompt")} | {"characters[][id]": mine["id"]}
    front = PROVIDERS["openai"].front
    assert front is not None
    call = FrontCall("POST", "v1/videos", NOW, "", body=form)
    assert front.read(call) == Create("videos", named)
    for path in (f"{VIDEOS}/characters", f"{VIDEOS}/characters/{mine['id']}"):
        assert http.delete(path).status_code == 405


def test_it_passes_models_and_billing_on(pair: Pair) -> None:
    for path in ("models", "dashboard/billing/subscription", "dashboard/billing/usage"):
        answers = [http.get(f"/openai/v1/{path}").json() for http in pair]
        assert answers[0] == answers[1]


@pytest.mark.parametrize("lie", ["unknown_status,slow=1", "foreign_words", "expires"])
def test_it_says_four_words_alone(pair: Pair, lie: str) -> None:
    """The official poll helper stops at any other one."""
    id_ = made(pair[0], lie)
    seen = {shown(pair[0], id_)["status"]}
    seen.add(ended(pair[0], id_)["status"])
    assert seen <= {"queued", "in_progress", "completed", "failed"}
