"""Signing in, questions as dialogs, keys and accessibility of the operator's pages, in Chromium.

What the pages do is tested without a browser, on both databases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from tests.support.browsing import Chromium, Watched, find_violations, open_watched
from tests.support.dashboard import SHARED_CALLBACKS, Person, open_session
from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.store.driver.engine import open_engine
from tracker.store.schema import tasks

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class _Planted:
    """A service with something of each kind that needs a person."""

    url: str
    person: Person
    api: httpx.Client
    task: dict[str, Any]
    doubted: str
    endpoint: str
    delivery: str
    stray: str

    def sign_in(self, seen: Watched, path: str = "/ui/sign-in") -> Page:
        page = seen.open(path)
        page.locator("#key").fill(self.person.key.secret)
        page.locator("main button").click()
        return page


@pytest.fixture(scope="module")
def shared_database_url(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> str:
    url = sqlite_template.copy(tmp_path_factory.mktemp("browser"))
    issue(url, tenant="first")  # before the service starts
    return url


@pytest.fixture(scope="module")
def planted(shared_idle: Shared) -> Iterator[_Planted]:
    with (
        open_session(shared_idle.url, shared_idle.database_url) as person,
        httpx.Client(
            base_url=shared_idle.url, headers=build_bearer(person.key), trust_env=False, timeout=60
        ) as api,
    ):
        made = api.post("/v1/endpoints", json={"url": "https://browser.example/hook"}).json()
        task = submit(api, external_task_id=f"browser-{make_id()}")
        doubted = submit(api, external_task_id=f"doubted-{make_id()}")["id"]
        engine = open_engine(shared_idle.database_url)
        with engine.begin() as db:
            lost = update(tasks).where(tasks.c.id == UUID(doubted))
            db.execute(lost.values(state="uncertain", account="gone"))
        engine.dispose()
        done = submit(api, external_task_id=f"ended-{make_id()}")
        ended = build_kling_callback("succeed", task_id=f"b-{make_id()}")
        for body in (ended, ended.replace(b'"succeed"', b'"failed"'), b"{"):
            api.post(find_callback_path(done["id"]), content=body)
        for n in range(7):
            body = build_kling_callback("succeed", task_id=f"b{n}-{make_id()}")
            api.post(SHARED_CALLBACKS, content=body, headers={"user-agent": "<b>x</b>"})
        api.post("/callbacks/kling/shared/nonsense", content=b"x")
        wanted = {"endpoint_id": made["id"]}
        (owed, *_) = api.get("/v1/deliveries", params=wanted).json()["deliveries"]
        stray = api.get("/v1/receipts", params={"verdict": "unknown_task"}).json()["receipts"]
        key = stray[0]["id"]
        ids = doubted, made["id"], owed["id"], key
        yield _Planted(shared_idle.url, person, api, task, *ids)


SENT_TWICE = """form => {
    let sent = 0;
    const count = event => { sent += !event.defaultPrevented; event.preventDefault(); };
    addEventListener("submit", count);
    form.requestSubmit();
    form.requestSubmit();
    removeEventListener("submit", count);
    delete form.sentAt;
    return sent;
}"""
"""Returns how often a form is sent whose button is pressed twice."""
BROKEN_WORDS = """cells => cells.flatMap(cell => {
    const text = cell.firstChild, broken = [];
    for (const found of text.data.matchAll(/[a-z]+/g)) {
        const range = document.createRange();
        range.setStart(text, found.index);
        range.setEnd(text, found.index + found[0].length);
        if (range.getClientRects().length > 1) broken.push(found[0]);
    }
    return broken;
})"""


def test_the_history_names_who_brought_a_step_and_its_word_in_whole_words(
    planted: _Planted, chromium: Chromium
) -> None:
    task, *_ = planted.api.get("/v1/tasks", params={"state": "succeeded"}).json()["tasks"]
    with open_watched(chromium, planted.url, viewport={"width": 1280, "height": 800}) as seen:
        planted.sign_in(seen)
        page = seen.show(f"/ui/tasks/{task['id']}")
        cells = page.locator(".history tbody td:is(:nth-child(3), :nth-child(6))")
        assert {"callback", "succeed"} <= set(cells.all_inner_texts())
        # Chinese headings are narrow, and a long text in another column takes what room there is.
        page.locator(".history th").evaluate_all("all => all.forEach(one => one.replaceChildren())")
        words = page.locator(".history tbody td:nth-child(6)")
        words.evaluate_all("all => all.forEach(one => { one.textContent = 'processing' })")
        long = page.locator(".history tbody td:nth-child(2)")
        long.evaluate_all("all => all.forEach(one => one.append(' word'.repeat(90)))")
        assert cells.evaluate_all(BROKEN_WORDS) == []


def test_without_script_a_link_on_another_site_opens_its_page_and_a_cancel_is_confirmed(
    planted: _Planted, chromium: Chromium
) -> None:
    task = submit(planted.api, external_task_id=f"cancel-{make_id()}")
    path = f"/ui/callbacks/{planted.stray}"
    link = f'<!doctype html><a href="{planted.url}{path}">open</a>'
    with open_watched(chromium, planted.url, java_script_enabled=False) as seen:
        seen.context.route(
            "http://elsewhere.example/*",
            lambda route: route.fulfill(body=link, content_type="text/html"),
        )
        page = planted.sign_in(seen, f"/ui/sign-in?next={path.removeprefix('/ui')}")
        page.get_by_role("heading", name=f"r{planted.stray}").wait_for()
        assert page.url == planted.url + path
        page.goto("http://elsewhere.example/")
        page.get_by_text("open").click()
        page.get_by_role("heading", name=f"r{planted.stray}").wait_for()
        page.goto(f"{planted.url}/ui/tasks/{task['id']}")
        page.get_by_role("link", name="Cancel…").click()
        page.get_by_role("heading", name="Cancel 1 task?").wait_for()
        assert planted.api.get(f"/v1/tasks/{task['id']}").json()["state"] == "queued"
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("1 task is cancelled.").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.goto(planted.url + path)
        page.locator("#key").wait_for()
    assert planted.api.get(f"/v1/tasks/{task['id']}").json()["state"] == "cancelled"


def test_questions_open_as_dialogs_and_keys_move_never_act_and_can_be_switched_off(
    planted: _Planted, chromium: Chromium
) -> None:
    path = f"/v1/endpoints/{planted.endpoint}"
    with open_watched(chromium, planted.url, locale="en-GB") as seen:
        page = planted.sign_in(seen)
        page.goto(f"{planted.url}/ui/endpoints/{planted.endpoint}")
        opener = page.get_by_role("link", name="Pause…")
        opener.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Pause this endpoint?")
        dialog.wait_for()
        assert find_violations(page) == []
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert opener.evaluate("link => link === document.activeElement")
        opener.click()
        assert dialog.locator("form").evaluate(SENT_TWICE) == 1
        dialog.get_by_role("button", name="Pause").click()
        page.get_by_text("Paused.", exact=True).wait_for()
        assert planted.api.get(path).json()["state"] == "paused"

        page.keyboard.press("g")
        page.keyboard.press("c")
        page.wait_for_url("**/ui/callbacks")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("x")
        ticked = page.locator("tbody tr").nth(1).locator("[type=checkbox]")
        assert ticked.is_checked()
        page.get_by_role("button", name="Dismiss the ticked ones…").click()
        dialog = page.get_by_role("dialog", name="Dismiss 1 callback?")
        dialog.wait_for()
        for key in ("g", "t", "x"):  # nothing behind a dialog moves
            page.keyboard.press(key)
        dialog.get_by_text("Leave it").click()
        dialog.wait_for(state="detached")
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("gtxj")  # in a field, keys are letters
        assert page.locator("#find").input_value() == "gtxj"
        page.locator("#find").fill(planted.task["external_task_id"])
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/ui/tasks/{planted.task['id']}")
        page.get_by_text("Copy", exact=True).click()
        page.locator("#copy-id").click()
        chosen = "one => one.value.slice(one.selectionStart, one.selectionEnd)"
        assert page.locator("#copy-id").evaluate(chosen) == planted.task["id"]
        _switch_keys_off(page, planted.url)
        seen.check()
        _sign_out_in_another_tab(seen, page)


def _switch_keys_off(page: Page, url: str) -> None:
    """Switch them off, and check that they do nothing."""
    page.goto(f"{url}/ui/settings")
    page.get_by_role("group", name="Keyboard shortcuts").get_by_label("off").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    for key in ("g", "t", "/", "?"):
        page.keyboard.press(key)
    assert page.locator("dialog").count() == 0
    assert page.locator("#find").evaluate("field => field !== document.activeElement")
    assert page.url.startswith(f"{url}/ui/settings")


def _sign_out_in_another_tab(seen: Watched, page: Page) -> None:
    """Check that nothing stays on display in a tab that is live."""
    other = seen.open("/ui/tasks")
    other.locator("#live[data-mode=live]").wait_for()
    page.get_by_role("button", name="Sign out").click()
    other.locator("#key").wait_for()
