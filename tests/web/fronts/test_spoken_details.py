"""Details that clients of Luma's and Pika's gateways, of ComfyUI and of Domo rely on."""

from collections.abc import Iterator, Mapping

import pytest

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair
from tests.web.fronts.spoken import SPOKEN, ended, made, spoken_pair


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with spoken_pair(sqlite_template, tmp_path_factory.mktemp("spoken")) as pair:
        yield pair


def test_luma_ends_with_a_link_for_clients_of_gateways(pair: Pair) -> None:
    """They ask on until `completed` has `video.download_url`."""
    spoken = SPOKEN["luma at a gateway"]
    id_ = made(pair[0], spoken.ours, spoken, emulator_scenario="completed_no_link=2")["id"]
    url = f"{spoken.ours}/generations/{id_}"
    assert pair[0].get(f"{url}/download_video_url").status_code == 404
    done = ended(pair[0], spoken.ours, spoken, id_)
    assert done["video"]["download_url"]
    link = pair[0].get(f"{url}/download_video_url").json()
    assert link == {"url": done["video"]["download_url"]}
    listed = pair[0].get("/pro/luma/generations").json()
    assert id_ in [one["id"] for one in listed]


def test_luma_holds_the_blocking_create_and_extends_through_the_gateway(pair: Pair) -> None:
    body = {"user_prompt": "a cat"}
    done = pair[0].post("/luma/generations_sync", json=body).json()
    assert (done["state"], bool(done["video"]["download_url"])) == ("completed", True)
    more = {"user_prompt": "it purrs"}
    child = pair[0].post(f"/luma/generations/{done['id']}/extend", json=more)
    assert child.status_code == 201, child.text
    missing = pair[0].get("/luma/generations/nobody")
    assert (missing.status_code, bool(missing.json()["error"]["message"])) == (404, True)
    assert pair[0].post("/luma/generations/file_upload", json={}).status_code == 501


def test_pika_always_shows_a_video(pair: Pair) -> None:
    """A client of gateways asks again without a pause while there is none."""
    spoken = SPOKEN["pika at a gateway"]
    first = made(pair[0], spoken.ours, spoken, emulator_scenario="empty_first=3,slow=1")
    for path in (f"/pika/feed/{first['id']}", f"/pro/pika/feed/?id={first['id']}"):
        (video,) = pair[0].get(path).json()["videos"]
        assert (video["status"], video["resultUrl"], video["error"]) == ("queued", "", "")
    done = ended(pair[0], spoken.ours, spoken, first["id"])
    assert done["videos"][0]["resultUrl"]


def test_pika_shows_the_video_that_was_made_first(pair: Pair) -> None:
    spoken = SPOKEN["pika at a gateway"]
    id_ = made(pair[0], spoken.ours, spoken, emulator_scenario="videos_split")["id"]
    done = ended(pair[0], spoken.ours, spoken, id_)
    assert [one["status"] for one in done["videos"]] == ["finished", "error"]


@pytest.mark.parametrize(
    ("path", "fields", "files"),
    [
        ("2.2/i2v", {"promptText": "a cat", "duration": "5"}, ["image"]),
        ("2.2/pikaframes", {"promptText": "a cat"}, ["keyFrames", "keyFrames"]),
        ("2.2/pikascenes", {"ingredientsMode": "creative"}, ["images", "images", "images"]),
        ("pikadditions", {"promptText": "a hat"}, ["video", "image"]),
        ("pikadditions", {"promptText": "a hat"}, ["video", "image", "modifyRegionMask"]),
        ("pikaswaps", {"modifyRegionRoi": "the cat"}, ["video", "image"]),
        ("pikaffects", {"pikaffect": "Melt"}, ["image"]),
    ],
)
def test_pika_takes_the_files_of_comfys_nodes(
    pair: Pair, path: str, fields: Mapping[str, str], files: list[str]
) -> None:
    content = b"\x89PNG\r\n\x1a\n\x00\xff"
    sent = [(name, (f"{name}.png", content, "image/png")) for name in files]
    url = f"/proxy/pika/generate/{path}"
    answer = pair[0].post(url, data=dict(fields), files=sent)
    assert answer.status_code == 200, answer.text
    spoken = SPOKEN["pika in comfy"]
    assert ended(pair[0], spoken.ours, spoken, answer.json()["video_id"])["url"]
    task = pair[0].get(f"/v1/tasks/{answer.json()['video_id']}").json()
    is_swap = "modifyRegionMask" in files or path == "pikaswaps"
    assert task["operation"] == ("pikaswaps" if is_swap else path)


def test_domo_passes_uploads_on_and_takes_their_uris(pair: Pair) -> None:
    made_ = pair[0].post("/domo/v1/upload/file", json={"filename": "cat.png"}).json()
    assert made_["code"] == 0
    body = {
        "model": "animate-2.4-faster",
        "image": {"domoai_uri": made_["data"]["domoai_uri"]},
        "seconds": 5,
    }
    answer = pair[0].post("/domo/v1/video/image2video", json=body)
    assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text


def test_domo_names_wrong_fields_in_detail(pair: Pair) -> None:
    for http, base in zip(pair, ("/domo/v1", "/domo/v1"), strict=True):
        answer = http.post(f"{base}/video/text2video", json={"prompt": "a cat"})
        assert answer.status_code == 422
        (flaw,) = answer.json()["detail"]
        assert flaw["loc"] == ["body", "seconds"]
        assert isinstance(answer.json()["code"], int)


def test_flux_tells_a_poll_url_of_ours_and_only_words_that_its_clients_know(pair: Pair) -> None:
    """The AI SDK knows five words, waits on at all but three, and takes no null for a number."""
    spoken = SPOKEN["flux"]
    made_ = made(pair[0], spoken.ours, spoken, emulator_scenario="hold")
    base = str(pair[0].base_url).rstrip("/")
    assert made_["polling_url"] == f"{base}/flux/v1/get_result?id={made_['id']}"
    young = pair[0].get(made_["polling_url"]).json()
    assert (young["status"], young["result"]) == ("Pending", None)
    done = ended(pair[0], spoken.ours, spoken, made(pair[0], spoken.ours, spoken)["id"])
    assert done["result"]["seed"] == 7
    assert all(value is not None for value in done["result"].values())
    for scenario in ("content_moderated", "request_moderated"):
        id_ = made(pair[0], spoken.ours, spoken, emulator_scenario=scenario)["id"]
        failed = ended(pair[0], spoken.ours, spoken, id_)
        word = scenario.replace("_", " ").title()
        assert (failed["status"], failed["details"]["status"]) == ("Error", word)
    missing = pair[0].get("/flux/v1/get_result?id=nobody")
    assert (missing.status_code, missing.json()["status"]) == (404, "Task not found")
    assert pair[0].get("/flux/v1/get_result").status_code == 422


def test_flux_tells_a_callers_webhook_and_the_credits(pair: Pair) -> None:
    spoken = SPOKEN["flux"]
    hook = "http://caller.example/hook"
    made_ = made(pair[0], spoken.ours, spoken, webhook_url=hook, webhook_secret="s")
    assert (made_["status"], made_["webhook_url"]) == ("Pending", hook)
    assert made_["polling_url"]
    assert pair[0].get("/flux/v1/credits").json() == {"credits": 1000.0}
    comfy = pair[0].post("/proxy/bfl/flux-kontext-pro/generate", json={"prompt": "a cat"})
    assert comfy.status_code == 200, comfy.text
    assert comfy.json()["polling_url"].startswith(f"{pair[0].base_url}/proxy/bfl/v1/get_result")


def test_flux_names_wrong_fields_in_detail(pair: Pair) -> None:
    for http, base in zip(pair, ("/flux/v1", "/bfl/v1"), strict=True):
        body = {"prompt": "a cat", "width": 1000}
        headers = dict(SPOKEN["flux"].headers)
        answer = http.post(f"{base}/flux-pro-1.1", json=body, headers=headers)
        assert answer.status_code == 422
        (flaw,) = answer.json()["detail"]
        assert flaw["loc"] == ["body", "width"]
