"""Replicate's emulator: predictions, held calls, files and the provider's lies."""

import hashlib
import json
from typing import Any

import pytest

from .replicate_scene import BASE, DIGEST, ReplicateScene, scene
from .scene import HOOK, HOST


@scene
async def test_a_prediction_goes_from_starting_to_succeeded(stage: ReplicateScene) -> None:
    made = await stage.create()
    url = f"{HOST}{BASE}/predictions/{made['id']}"
    assert (made["status"], made["output"], made["logs"]) == ("starting", None, "")
    assert (made["urls"]["get"], made["urls"]["cancel"]) == (url, f"{url}/cancel")
    assert all(isinstance(each, str) for each in made["urls"].values())
    assert (made["model"], made["version"]) == ("acme/pic", "hidden")
    assert (made["input"], made["webhook"]) == ({"prompt": "a cat"}, HOOK)
    assert (made["started_at"], made["completed_at"], made["metrics"]) == (None, None, {})
    assert (made["data_removed"], made["error"]) == (False, None)
    assert (len(made["id"]), made["id"].lower()) == (26, made["id"])
    await stage.advance(1)
    assert (await stage.get(made))["status"] == "processing"
    await stage.advance(1)
    done = await stage.get(made)
    assert done["status"] == "succeeded"
    assert "100%|" in done["logs"]
    assert done["metrics"] == {"predict_time": 1.0, "total_time": 2.0}
    picture = await stage.http.get(done["output"][0])
    assert picture.headers["content-type"] == "image/png"
    assert stage.bodies[-1] == done
    assert stage.emulator.count_creations() == {HOOK: 1}


@scene
async def test_the_three_creates_choose_the_model(stage: ReplicateScene) -> None:
    for path, version, model, shown in (
        ("/predictions", "acme/pic", "acme/pic", DIGEST),
        ("/predictions", f"acme/pic:{'ab' * 32}", "acme/pic", "ab" * 32),
        ("/predictions", "cd" * 32, "emulated/model", "cd" * 32),
        ("/deployments/acme/pic/predictions", None, "acme/pic", DIGEST),
        ("/models/acme/pic/predictions", None, "acme/pic", "hidden"),
    ):
        made = await stage.create(path=path, version=version)
        assert (made["model"], made["version"]) == (model, shown)
        assert made.get("deployment") == ("acme/pic" if "deployments" in path else None)
    found = await stage.found(f"{BASE}/models/acme/pic")
    assert (found["owner"], found["name"], found["latest_version"]["id"]) == (
        *("acme", "pic"),
        DIGEST,
    )
    described = await stage.found(f"{BASE}/models/acme/pic/versions/{DIGEST}")
    assert "Output" in described["openapi_schema"]["components"]["schemas"]
    assert (await stage.http.get(f"{BASE}/models/acme/pic/versions/latest")).status_code == 404
    assert (await stage.create(path="/predictions", version=DIGEST))["model"] == "acme/pic"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"input": None}, "input"),
        ({"input": "a cat"}, "input"),
        ({"input": {"prompt": 1}}, "input.prompt"),
        ({"input": {"num_outputs": 5}}, "input.num_outputs"),
        ({"webhook": "me/cb"}, "webhook"),
        ({"webhook": "ftp://me/cb"}, "webhook"),
        ({"webhook_events_filter": ["done"]}, "webhook_events_filter.0"),
        ({"webhook_events_filter": "completed"}, "webhook_events_filter"),
        ({"stream": "yes"}, "stream"),
        ({"path": "/predictions"}, "version"),
        ({"path": "/predictions", "version": "0" * 63}, "version"),
        ({"path": "/predictions", "version": "acme/pic:latest"}, "version"),
        ({"path": "/predictions", "version": "acme/pic:"}, "version"),
        ({"headers": {"prefer": "wait=61"}}, "Prefer"),
        ({"headers": {"prefer": "wait=0"}}, "Prefer"),
        ({"headers": {"cancel-after": "soon"}}, "Cancel-After"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(fields: dict[str, Any], named: str) -> None:
    @scene
    async def play(stage: ReplicateScene) -> None:
        answer = await stage.post(**fields)
        body = answer.json()
        assert (answer.status_code, body["status"]) == (422, 422)
        assert [set(each) for each in body["invalid_fields"]] == [{"type", "field", "description"}]
        assert body["invalid_fields"][0]["field"] == named
        assert named in body["detail"]
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_keys_come_with_two_schemes_and_problems_have_three_fields(
    stage: ReplicateScene,
) -> None:
    for scheme in ("Bearer", "Token"):
        headers = {"authorization": f"{scheme} emulator-key"}
        answer = await stage.http.get(f"{BASE}/account", headers=headers)
        assert answer.json()["type"] == "user"
    for answer, status in (
        (await stage.http.get(f"{BASE}/account", headers={"authorization": "Token x"}), 401),
        (await stage.http.get(f"{BASE}/predictions/no-such-id"), 404),
        (await stage.http.get(f"{BASE}/nothing"), 404),
        (await stage.http.put(f"{BASE}/predictions"), 405),
        (await stage.http.post(f"{BASE}/predictions", content=b"[]"), 422),
        (await stage.http.get(f"{BASE}/predictions?created_after=soon"), 422),
        (await stage.post("no_credit"), 402),
        (await stage.post("unknown_model"), 404),
        (await stage.post("refused"), 422),
    ):
        assert answer.status_code == status
        assert answer.json()["status"] == status
        assert {"title", "detail", "status"} == set(answer.json())


@scene
async def test_a_wait_holds_the_create_until_the_end_or_its_limit(stage: ReplicateScene) -> None:
    # Three steps of the prediction, and the end of the wait.
    for prefer, seconds, answered, status in (
        ("wait", 2, 201, "succeeded"),
        ("wait=1", 1, 202, "processing"),
        ("respond-async, wait=5", 2, 201, "succeeded"),
    ):
        held = await stage.hold(4, headers={"prefer": prefer})
        await stage.advance(seconds)
        answer = await held
        assert (answer.status_code, answer.json()["status"]) == (answered, status)
        stage.emulator.reset()


@scene
async def test_a_deadline_aborts_what_is_still_open(stage: ReplicateScene) -> None:
    late = await stage.create("slow=60", headers={"cancel-after": "90s"})
    done = await stage.create(headers={"cancel-after": "1h"})
    assert late["deadline"] > late["created_at"]
    await stage.advance(90)
    found = await stage.get(late)
    assert (found["status"], found["output"]) == ("aborted", None)
    assert found["started_at"] is not None
    assert stage.told("status")[-1] == "aborted"
    await stage.advance(3600)
    assert (await stage.get(done))["status"] == "succeeded"


@scene
async def test_a_scenario_aborts_before_or_after_the_start(stage: ReplicateScene) -> None:
    for when, was_started in (("starting", False), ("processing", True)):
        made = await stage.create(f"aborted={when}")
        await stage.advance(2)
        found = await stage.get(made)
        assert found["status"] == "aborted"
        assert (found["started_at"] is not None) == was_started
        assert bool(found["metrics"]) == was_started
        assert found["error"] is None
        assert stage.told("status")[-1] == "aborted"


@scene
async def test_a_failure_has_an_error_text_and_no_output(stage: ReplicateScene) -> None:
    for scenario, text in (("failed", "went wrong"), ("moderated", "NSFW content detected")):
        made = await stage.create(scenario)
        await stage.advance(2)
        found = await stage.get(made)
        assert (found["status"], found["output"]) == ("failed", None)
        assert text in found["error"]


@scene
async def test_a_cancel_ends_what_is_open_and_is_harmless_later(stage: ReplicateScene) -> None:
    for scenario, answered, later in (
        ("ok", "canceled", "canceled"),
        ("cancel_slow", "starting", "canceled"),
        ("cancel_lost", "starting", "succeeded"),
        ("cancel_too_late", "starting", "succeeded"),
    ):
        made = await stage.create(scenario)
        answer = await stage.http.post(made["urls"]["cancel"])
        assert (answer.status_code, answer.json()["status"]) == (200, answered)
        await stage.advance(2)
        assert stage.told("status")[-1] == later
        again = await stage.http.post(made["urls"]["cancel"])
        assert (again.status_code, again.json()["status"]) == (200, later)


@scene
async def test_a_purge_empties_a_prediction_that_is_still_found_and_listed(
    stage: ReplicateScene,
) -> None:
    for scenario, seconds in (("ok", 3600), ("purged=60", 60)):
        made = await stage.create(scenario)
        await stage.advance(2)
        assert (await stage.get(made))["output"]
        await stage.advance(seconds)
        found = await stage.get(made)
        assert (found["output"], found["data_removed"]) == (None, True)
        assert (found["input"], found["logs"], found["status"]) == ({}, "", "succeeded")
        assert (await stage.found(f"{BASE}/predictions"))["results"][0] == found


@scene
async def test_a_list_is_followed_by_its_own_addresses(stage: ReplicateScene) -> None:
    made = [(await stage.create(scenario="hold"))["id"] for _ in range(201)]
    page = await stage.found(f"{BASE}/predictions")
    assert (page["previous"], len(page["results"])) == (None, 100)
    await stage.create(scenario="hold")  # it must not shift the pages that follow
    seen = [page]
    while seen[-1]["next"]:
        seen.append(await stage.found(seen[-1]["next"]))
    assert [each["id"] for one in seen for each in one["results"]] == made[::-1]
    back = await stage.found(seen[-1]["previous"])
    assert back["results"] == seen[1]["results"]
    answer = await stage.http.get(f"{BASE}/predictions?cursor=nonsense")
    assert answer.status_code == 404


@scene
async def test_a_lost_create_is_found_in_the_list_by_its_webhook(stage: ReplicateScene) -> None:
    lost = f"{HOOK}-of-the-lost?x=1"
    for scenario, shown in (
        ("cut_after_accept", lost),
        ("error_created", lost),
        ("html_error_created,webhook_hidden", None),
    ):
        assert (await stage.post(scenario, webhook=lost)).status_code >= 500
        (newest, *_) = (await stage.found(f"{BASE}/predictions"))["results"]
        assert newest.get("webhook") == shown
    early = {"created_before": "2020-01-01T00:00:00Z"}
    listed = await stage.http.get(f"{BASE}/predictions", params=early)
    assert listed.json()["results"] == []


@scene
async def test_a_throttled_create_tells_when_to_come_back(stage: ReplicateScene) -> None:
    for scenario, seconds, header in (("busy=1", 30, None), ("rate_limited=1", 1, "1")):
        answer = await stage.post(scenario)
        assert answer.status_code == 429
        assert answer.json()["detail"] == (
            f"Request was throttled. Your rate limit resets in ~{seconds}s."
        )
        assert answer.headers.get("retry-after") == header
        assert (await stage.post(scenario)).status_code == 201


@scene
async def test_polls_may_be_answered_by_a_page_of_502(stage: ReplicateScene) -> None:
    made = await stage.create("html_502_query=1")
    answer = await stage.http.get(made["urls"]["get"])
    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")
    assert (await stage.get(made))["id"] == made["id"]


@scene
async def test_a_file_is_uploaded_as_a_form_and_found_again(stage: ReplicateScene) -> None:
    content = b"\x89PNG\r\n\x1a\n--not-a-boundary\r\n\0"
    answer = await stage.http.post(
        f"{BASE}/files",
        files={"content": ("cat.png", content, "image/png")},
        data={"metadata": json.dumps({"of": "a cat"})},
    )
    file = answer.json()
    assert answer.status_code == 201
    assert (file["name"], file["content_type"], file["size"]) == (
        *("cat.png", "image/png"),
        len(content),
    )
    assert file["checksums"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["metadata"] == {"of": "a cat"}
    assert await stage.found(file["urls"]["get"]) == file


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nno end"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 30 + b"--x--"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\n1\r\n--x--',
        ),
    ],
)
def test_an_upload_that_is_no_form_is_refused(kind: str, raw: bytes) -> None:
    @scene
    async def play(stage: ReplicateScene) -> None:
        answer = await stage.http.post(f"{BASE}/files", content=raw, headers={"content-type": kind})
        assert answer.status_code == 422

    play()
