"""Lists and tasks in a browser while tasks move, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.browsing import INSECURE_HOST, Chromium, open_watched
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import (
    Process,
    build_environment,
    free_port,
    serve_to_client,
    wait_until_ready,
)

pytestmark = pytest.mark.browser
SECRET = "a secret for tests only"
TABS = 12
"""More than the six connections that a browser opens to one host."""
IN_THE_BROWSER_ALONE = pytest.mark.parametrize("shared_database_url", ["sqlite"], indirect=True)
"""Marks tests of what the page decides by itself: nothing of it depends on a database."""


@pytest.fixture(scope="module")
def http(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a service that asks for no key, without workers: tasks move when told to."""
    env = build_environment(
        shared_database_url,
        tmp_path_factory.mktemp("live"),
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_AUTH="off",
        TRACKER_CALLBACK_SECRETS=SECRET,
    )
    with serve_to_client(env, workers=False) as client:
        yield client


def test_rows_change_where_they_stand_and_new_ones_are_announced(
    http: httpx.Client, chromium: Chromium
) -> None:
    made = [submit(http, external_task_id=f"live-{number}") for number in range(30)]
    with open_watched(
        chromium, str(http.base_url), viewport={"width": 1280, "height": 500}
    ) as seen:
        page = seen.open("/ui/tasks")
        page.locator("#live[data-mode=live]").wait_for()
        row = page.locator(f"#t-{made[3]['id']}")
        row.locator("input").check()
        assert page.locator("#picked").text_content() == "1 selected"
        page.locator("input[name=operation]").fill("half a wor")
        page.locator("details.menu").first.evaluate("menu => { menu.open = true; }")
        page.evaluate("scrollTo(0, 120)")
        for word, state, key in (
            ("submitted", "submitted", "1"),
            ("processing", "running", "2"),
            ("succeed", "succeeded", "3"),
        ):
            body = build_kling_callback(word, task_id="881", task_status_msg=key)
            assert http.post(find_callback_path(made[3]["id"]), content=body).status_code == 200
            row.locator(f".is.{state}").wait_for()
        assert row.locator("input").is_checked()
        assert page.evaluate("document.activeElement.name") == "operation"
        assert page.locator("input[name=operation]").input_value() == "half a wor"
        assert page.locator("details.menu").first.get_attribute("open") is not None
        assert page.evaluate("scrollY") == 120
        rows = page.locator("#rows tr").count()
        submit(http, external_task_id="a new one")
        page.locator("#news a").wait_for()
        assert page.locator("#rows tr").count() == rows
        assert page.get_by_text("a new one").count() == 0
        page.keyboard.press("Escape")
        page.locator("#news a").click()
        page.get_by_text("a new one").wait_for()
        seen.check()


def test_a_task_moves_and_open_details_stay_open(http: httpx.Client, chromium: Chromium) -> None:
    task = submit(http, external_task_id="one")
    path = find_callback_path(task["id"])
    assert (
        http.post(path, content=build_kling_callback("submitted", task_id="882")).status_code == 200
    )
    with open_watched(chromium, str(http.base_url)) as seen:
        page = seen.open(f"/ui/tasks/{task['id']}")
        page.locator("#live[data-mode=live]").wait_for()
        page.locator("details.receipt summary").first.click()
        page.locator("#copy summary").click()
        assert (
            http.post(path, content=build_kling_callback("succeed", task_id="882")).status_code
            == 200
        )
        page.locator("#head .is.succeeded").wait_for()
        page.locator("#v3").wait_for()
        assert page.locator("details.receipt").count() == 2
        assert page.locator("details.receipt").first.get_attribute("open") is not None
        assert page.locator("#copy").get_attribute("open") is not None
        seen.check()


@IN_THE_BROWSER_ALONE
def test_pausing_is_remembered(http: httpx.Client, chromium: Chromium) -> None:
    task = submit(http, external_task_id="paused")
    with open_watched(chromium, str(http.base_url)) as seen:
        page = seen.open("/ui/tasks")
        page.locator("#live[data-mode=live]").wait_for()
        page.locator("#live button").click()
        page.locator("#live[data-mode=paused]").wait_for()
        other = seen.open("/ui/tasks")
        other.locator("#live[data-mode=paused]").wait_for()
        said = build_kling_callback("submitted", task_id="883")
        assert http.post(find_callback_path(task["id"]), content=said).status_code == 200
        other.locator("#live button").click()
        for one in (page, other):
            one.locator(f"#t-{task['id']} .is.submitted").wait_for()
        seen.check()


@IN_THE_BROWSER_ALONE
def test_tabs_over_plain_http_leave_connections_for_others(
    http: httpx.Client, chromium: Chromium
) -> None:
    """Browsers have no locks there; a connection for each tab, or two, and the next page hangs."""
    url = f"http://{INSECURE_HOST}:{http.base_url.port}"
    submit(http, external_task_id="plain-http")
    with open_watched(chromium, url) as seen:
        asked: list[str] = []
        seen.context.on("request", lambda one: asked.append(one.url))
        tabs = [seen.open("/ui/tasks") for _ in range(4)]
        for tab in tabs:
            tab.locator("#live[data-mode=live]").wait_for()
        assert len([one for one in asked if "/ui/live?" in one]) == len(tabs)
        last = seen.open("/ui/tasks")
        last.locator("#live[data-mode=every]").wait_for()
        assert not last.evaluate("isSecureContext")
        tabs[0].goto(f"{url}/ui/settings")  # its place is free then
        last.reload()
        last.locator("#live[data-mode=live]").wait_for()


def test_twelve_tabs_show_a_change_and_live_again_after_a_restart(
    database_url: str, tmp_path: Path, chromium: Chromium
) -> None:
    port = free_port()
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_AUTH="off",
        TRACKER_CALLBACK_SECRETS=SECRET,
        PORT=str(port),
    )
    url = f"http://127.0.0.1:{port}"
    first = Process(("serve", "--no-worker"), env, tmp_path / "first.log")
    second = Process(("serve", "--no-worker"), env, tmp_path / "second.log")
    with (
        open_watched(chromium, url) as seen,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        with first:
            wait_until_ready(url, first)
            task = submit(client, external_task_id="twelve")
            tabs = [seen.open("/ui/tasks") for _ in range(TABS)]
            for tab in tabs:
                tab.locator("#live[data-mode=live], #live[data-mode=every]").wait_for()
            modes = [tab.locator("#live").get_attribute("data-mode") for tab in tabs]
            assert modes.count("live") == 4
            move(client, task["id"], "submitted")
            for tab in tabs:
                tab.locator(f"#t-{task['id']} .is.submitted").wait_for()
        tabs[0].locator("#live[data-mode=lost]").wait_for()
        with second:
            wait_until_ready(url, second)
            move(client, task["id"], "processing")
            for tab in tabs[:6]:  # four that stream, and two of the others
                tab.locator(f"#t-{task['id']} .is.running").wait_for()
            tabs[0].locator("#live[data-mode=live]").wait_for()


def move(client: httpx.Client, id_: str, word: str) -> None:
    """Have a task's callback say a word."""
    said = build_kling_callback(word, task_id="884")
    assert client.post(find_callback_path(id_), content=said).status_code == 200
