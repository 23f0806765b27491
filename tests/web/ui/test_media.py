"""`/ui/tasks/{id}/media/{n}`: videos that play and seek, kept copies, and what is not shown."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator
from sqlalchemy import make_url

from tests.support.browsing import Chromium, open_watched
from tests.support.dashboard import OWN, list_forms
from tests.support.databases import SqliteTemplate
from tests.support.requests import EXAMPLE, submit
from tests.support.service import KEEPING_FILES, serve_whole
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

SEEK = """async (video) => {
  if (video.readyState < 1) await new Promise((done) => (video.onloadedmetadata = done));
  const end = video.duration - 0.2;
  const sought = new Promise((done) => (video.onseeked = done));
  video.currentTime = end;
  await sought;
  return Math.abs(video.currentTime - end);
}"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(EmulatorConfig(step_seconds=0.02, callback_backoff_seconds=0.05)) as running:
        yield running


@pytest.fixture(scope="module")
def database(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> str:
    return sqlite_template.copy(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def http(
    emulator: Emulator, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with serve_whole(
        database,
        tmp_path_factory.mktemp("media"),
        emulator.url,
        TRACKER_STABILITY_BASE_URL=f"{emulator.url}/stability",
        TRACKER_STABILITY_API_KEY=DEFAULT_KEY,
        TRACKER_RECRAFT_BASE_URL=f"{emulator.url}/recraft/v1",
        TRACKER_RECRAFT_API_KEY=DEFAULT_KEY,
        **KEEPING_FILES,
    ) as client:
        yield client


def _done(http: httpx.Client, **fields: str) -> str:
    task = submit(http, input=EXAMPLE | fields)["id"]
    wait_until(lambda: http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded")
    return str(task)


def _kept(http: httpx.Client, task: str) -> bool:
    listed = http.get("/v1/assets", params={"task": task}).json()["assets"]
    return bool(listed) and listed[0]["state"] == "kept"


@pytest.fixture(scope="module")
def task(http: httpx.Client) -> str:
    return _done(http)


def test_a_piece_is_served_as_its_type_in_a_sandbox_and_in_ranges(
    http: httpx.Client, task: str
) -> None:
    wait_until(lambda: _kept(http, task))
    path = f"/ui/tasks/{task}/media/0"
    whole = http.get(path)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.headers["content-security-policy"].startswith("sandbox ")
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = http.get(path, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    for wrong in ("1", "x", "-1", "999999999"):
        assert http.get(f"/ui/tasks/{task}/media/{wrong}").status_code == 404


def test_a_file_that_came_within_the_answer_is_shown_from_our_copy(http: httpx.Client) -> None:
    made = submit(
        http,
        provider="stability",
        operation="stable-image/generate/core",
        input={"prompt": "a cat in the rain"},
    )
    wait_until(lambda: _kept(http, made["id"]))
    path = f"/ui/tasks/{made['id']}"
    page = http.get(path).text
    assert f'href="{path}/media/0" data-preview="image"' in page
    assert "tracker-asset:" not in page
    assert http.get(f"{path}/media/0").headers["content-type"] == "image/png"


def test_a_copy_that_no_page_may_show_is_saved(http: httpx.Client) -> None:
    made = submit(
        http,
        provider="recraft",
        operation="images/generations",
        input={"prompt": "a cat in the rain", "model": "recraftv4_1_vector"},
    )
    wait_until(lambda: _kept(http, made["id"]))
    path = f"/ui/tasks/{made['id']}"
    page = http.get(path, headers={"accept-language": "en"}).text
    assert "Download our copy" in page
    assert "data-preview" not in page
    saved = http.get(f"{path}/media/0").headers
    assert saved["content-disposition"].startswith("attachment")
    assert saved["content-security-policy"] == "sandbox; default-src 'none'"


def test_an_expired_address_says_so(http: httpx.Client) -> None:
    task = _done(http, prompt="[scenario:media_expired=0]")
    answer = http.get(f"/ui/tasks/{task}/media/0", headers={"accept-language": "en"})
    assert (answer.status_code, "Gone at the provider" in answer.text) == (410, True)
    chinese = http.get(f"/ui/tasks/{task}/media/0", headers={"accept-language": "zh"})
    assert "服务商处已不存在" in chinese.text
    assert "已到期</span>" in http.get(f"/ui/tasks/{task}", headers={"accept-language": "zh"}).text


def test_a_file_that_was_lost_is_fetched_again_from_the_page_of_its_task(
    http: httpx.Client, database: str
) -> None:
    task = _done(http, prompt="[scenario:media_expired=0]")

    def asset() -> dict[str, Any]:
        (found,) = http.get("/v1/assets", params={"task": task}).json()["assets"]
        return dict(found)

    def is_lost() -> bool:
        # Its URL has lived its life: else it would be tried for over a minute.
        with closing(sqlite3.connect(make_url(database).database or "", timeout=60)) as db, db:
            db.execute(
                "UPDATE assets SET dies_at = created_at, next_at = created_at "
                "WHERE state = 'wanted' AND task_key = (SELECT max(key) FROM tasks)"
            )
        return str(asset()["state"]) == "lost"

    wait_until(is_lost)
    before = asset()["ended_at"]
    (path,) = [
        action
        for action, _ in list_forms(http.get(f"/ui/tasks/{task}").text)
        if action.endswith("/fetch")
    ]
    assert http.post(path, data={"back": ""}, headers=OWN).status_code == 303
    wait_until(lambda: asset()["ended_at"] != before)  # it is wanted, or was asked for once more


@pytest.mark.browser
@pytest.mark.parametrize("previews", ["ask", "auto"])
def test_a_video_plays_and_seeks_on_the_page_of_its_task(
    chromium: Chromium, http: httpx.Client, task: str, previews: str
) -> None:
    url = str(http.base_url).rstrip("/")
    with open_watched(chromium, url, locale="en-US") as eyes:
        eyes.context.add_cookies([{"name": "tracker-previews", "value": previews, "url": url}])
        page = eyes.open(f"/ui/tasks/{task}")
        if previews == "ask":
            assert page.locator("video").count() == 0
            page.click("text=Load preview")
        video = page.locator("video.preview")
        video.wait_for()
        assert video.evaluate(SEEK) < 0.1
        eyes.check()


@pytest.mark.browser
def test_a_kept_video_plays_and_seeks_that_is_opened_by_itself(
    chromium: Chromium, http: httpx.Client, task: str
) -> None:
    wait_until(lambda: _kept(http, task))
    [asset] = http.get("/v1/assets", params={"task": task}).json()["assets"]
    link = http.post(f"/v1/assets/{asset['id']}/link", json={}).json()["url"]
    url = str(http.base_url).rstrip("/")
    with open_watched(chromium, url, locale="en-US") as eyes:
        for path in (link.removeprefix(url), f"/ui/tasks/{task}/media/0"):
            _seek_without_script(eyes.show(path).locator("video"))


def _seek_without_script(video: Locator) -> None:
    """Seek in a page where no script runs, nor what listens to events: it is asked repeatedly."""
    wait_until(lambda: bool(video.evaluate("one => one.readyState > 0")))
    video.evaluate("one => { one.currentTime = one.duration - 0.2; }")
    wait_until(lambda: not video.evaluate("one => one.seeking"))
    assert video.evaluate("one => Math.abs(one.currentTime - one.duration + 0.2)") < 0.1


@pytest.mark.browser
def test_a_preview_that_fails_leads_to_the_reason(
    chromium: Chromium, http: httpx.Client, task: str
) -> None:
    url = str(http.base_url).rstrip("/")
    with open_watched(chromium, url, locale="en-US") as eyes:
        page = eyes.open(f"/ui/tasks/{task}")
        page.route(re.compile("/media/0$"), lambda route: route.fulfill(status=410, body=""))
        page.click("text=Load preview")
        page.wait_for_selector("text=It cannot be shown here: see why")
