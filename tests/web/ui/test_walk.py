"""Every page of the route table in Chromium: WCAG 2.2 AA, as wide as the window, by keyboard.

The table is read from the routes, so that no page can be left out: one whose address holds
something new fails until `_Planted.addresses` knows what to put there. Each page is looked at once,
and the looks (window, theme, language) go round; the pages with most on them have a second one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from tests.support.browsing import OPEN_ALL, Chromium, Watched, overflow, violations, watched
from tests.support.dashboard import (
    SHARED_CALLBACKS,
    Person,
    forms_of,
    make_endpoint,
    page_paths,
    signed_in,
    stray_callback,
)
from tests.support.databases import SqliteTemplate
from tests.support.hostile import MARKUP, hostile_task
from tests.support.keys import bearer, issue
from tests.support.requests import submit
from tests.web.conftest import Shared
from tracker.clock import new_id
from tracker.domain.access import Scope
from tracker.store.driver.engine import open_engine
from tracker.store.schema import tasks
from tracker.web.ui.frame.reader import LANGUAGE_COOKIE, THEME_COOKIE

pytestmark = pytest.mark.browser
WIDE, NARROW = (1280, 800), (390, 844)
Look = tuple[tuple[int, int], str, str]
"""Size of the window, theme, language."""
LOOKS: tuple[Look, ...] = (
    *((WIDE, "light", "en"), (NARROW, "dark", "zh"), (WIDE, "dark", "zh")),
    *((NARROW, "light", "en"), (WIDE, "dark", "en"), (NARROW, "light", "zh")),
)
FULL = ("/attention", "/tasks", "/tasks/{id}", "/callbacks/{id}")
NO_PAGES = {
    "",  # leads to another page
    "/live",
    "/tasks.csv",
    "/tasks.jsonl",
    "/callbacks/{id}/body",
    "/deliveries/{id}/body",
    "/tasks/{id}/everything.json",
    "/tasks/{id}/input",
    "/tasks/{id}/receipts/{receipt}",
}
"""Paths of what programs read or save."""
OUT_OF_REACH = """() => {
    const seen = element => element.checkVisibility() && !element.closest("[aria-hidden=true]");
    const fields = "input:not([type=hidden]):not(:disabled), select, textarea";
    const actions = document.querySelectorAll(`a[href], button:not(:disabled), summary, ${fields}`);
    return [...actions].filter(seen).flatMap(element => {
        element.focus({ focusVisible: true });
        const style = getComputedStyle(element);
        const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        const isReached = element.tabIndex >= 0 && document.activeElement === element;
        return isReached && isOutlined ? [] : [element.outerHTML.slice(0, 120)];
    });
}"""
"""Returns what can be pressed or filled and the keyboard does not reach, or reaches unseen."""

OWN_TEXTS = """body => {
  const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT), found = [];
  const said = "[hx-ignore], code, textarea, .name, h1";
  for (let node; (node = walk.nextNode());)
    if (!node.parentElement.closest(said)) found.push(node.data);
  return found;
}"""
"""A function that returns the texts of a page that are its own."""
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three English words in a row."""
SAME_NAMES = """() => {
    const seen = element => element.checkVisibility() && !element.closest("[aria-hidden=true]");
    const heard = element => ["label", "describedby"].map(what =>
        what === "label" ? element.getAttribute("aria-label") ?? element.textContent.trim()
            : document.getElementById(element.getAttribute("aria-describedby"))?.textContent ?? ""
    ).join(" ").trim();
    const pressed = "main button, main a.button, main tbody [type=checkbox]";
    const names = [...document.querySelectorAll(pressed)].filter(seen).map(heard);
    return names.filter((name, place) => names.indexOf(name) !== place);
}"""
"""Returns the names of buttons that another button of the page has too, as they are heard."""


@dataclass(frozen=True)
class _PlantedIds:
    """Something of each kind; ids by the part of an address that they stand behind.

    person: may do everything. newcomer: of a tenant that has nothing. reader: may look alone.
    """

    url: str
    person: Person
    newcomer: Person
    reader: Person
    ids: dict[str, str]
    task: str
    doubted: str

    def addresses(self, route: str) -> list[str]:
        """Return what to open of a route, which is a path under `/ui`."""
        kind = route.split("/")[1] if route else ""
        path = route.replace("{id}", self.ids.get(kind, ""))
        if "resolve" in path:
            path = f"/tasks/{self.doubted}/resolve/confirm"
        path = path.replace("{n}", "0")
        asked = {
            "/callbacks/dismiss/confirm": f"?ids={self.ids['callbacks']}",
            "/tasks/cancel/confirm": f"?ids={self.doubted}",
            "/tasks/resubmit/confirm": f"?ids={self.task}",
            "/holds/add/confirm": f"?task={self.task}",
            "/bulk/new": "?action=refresh",
            "/find": "?q=nothing+of+this+name",
            "/callbacks/{id}/attach/confirm": f"?task={self.task}",
        }
        assert "{" not in path, f"say in {__name__} what stands in {route}"
        return [path + asked.get(route, "")]


@pytest.fixture(scope="module")
def shared_database_url(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> str:
    url = sqlite_template.copy(tmp_path_factory.mktemp("walk"))
    issue(url, tenant="first")  # before the service starts
    return url


@pytest.fixture(scope="module")
def planted(shared_idle: Shared) -> Iterator[_PlantedIds]:
    url, database_url = shared_idle.url, shared_idle.database_url
    with (
        signed_in(url, database_url) as person,
        signed_in(url, database_url, tenant="empty") as newcomer,
        signed_in(url, database_url, scopes={Scope.TASKS_READ}) as reader,
        httpx.Client(base_url=url, headers=bearer(person.key), trust_env=False, timeout=60) as api,
    ):
        endpoint = make_endpoint(api, "walk")
        api.post(f"/v1/endpoints/{make_endpoint(api, 'paused')}/pause").raise_for_status()
        task = hostile_task(api)["id"]
        doubted = submit(api, external_task_id=f"doubted-{new_id()}")["id"]
        engine = open_engine(database_url)
        with engine.begin() as db:
            lost = update(tasks).where(tasks.c.id == UUID(doubted))
            db.execute(lost.values(state="uncertain", account="gone"))
        engine.dispose()
        stray = stray_callback(api, task_id="walk")
        api.post("/callbacks/kling/shared/nonsense", content=b"x")
        api.post(SHARED_CALLBACKS, content=b"{")
        (form,) = [
            fields
            for action, fields in forms_of(person.see("/bulk/new", action="refresh"))
            if action.endswith("/bulk")
        ]
        person.send("/bulk", token=form["token"])
        reason = MARKUP + "x" * 700
        hold = api.post("/v1/holds", json={"reason": reason, "task_id": task}).json()["id"]
        ids = {
            "tasks": task,
            "callbacks": stray,
            "deliveries": api.get("/v1/deliveries").json()["deliveries"][0]["id"],
            "endpoints": endpoint,
            "bulk": api.get("/v1/runs").json()["runs"][0]["id"],
            "keys": str(person.key.row.id),
            "holds": hold,
        }
        yield _PlantedIds(url, person, newcomer, reader, ids, task, doubted)


def _look(seen: Watched, path: str, look: Look) -> list[str]:
    """Open a page; return what is wrong with it."""
    (width, height), theme, language = look
    chosen = {THEME_COOKIE: theme, LANGUAGE_COOKIE: language}
    seen.context.add_cookies(
        [{"name": name, "value": one, "url": f"{seen.url}/ui"} for name, one in chosen.items()]
    )
    page = seen.show("/ui" + path)
    page.set_viewport_size({"width": width, "height": height})
    page.locator("main details").evaluate_all(OPEN_ALL)
    wrong = [*violations(page), *page.evaluate(OUT_OF_REACH), *page.evaluate(SAME_NAMES)]
    if overflow(page) > 0:
        wrong.append(f"{overflow(page)} px wider than the window")
    if page.locator("h1").count() != 1:
        wrong.append("not one h1")
    if language == "zh":
        wrong += [text for text in page.locator("body").evaluate(OWN_TEXTS) if ENGLISH.search(text)]
    if not (page.locator("html").get_attribute("lang") or "").startswith(language):
        wrong.append("another language")
    return wrong


def _opposite(window: tuple[int, int], theme: str, language: str) -> Look:
    """Return the look that differs in everything: the two together show every side of a page."""
    return (
        NARROW if window == WIDE else WIDE,
        "dark" if theme == "light" else "light",
        "zh" if language == "en" else "en",
    )


def test_every_page_is_accessible_fits_and_asks_nobody_else(
    planted: _PlantedIds, chromium: Chromium
) -> None:
    wrong, looks = dict[str, list[str]](), cycle(LOOKS)
    with watched(chromium, planted.url) as seen:
        seen.sign_in(planted.person.http)
        for route in sorted(set(page_paths("GET")) - NO_PAGES):
            for path in planted.addresses(route):
                chosen = [next(looks)]
                if route in FULL:
                    chosen.append(_opposite(*chosen[0]))
                for look in chosen:
                    if found := _look(seen, path, look):
                        wrong[f"{path} {look}"] = found
        assert wrong == {}
        # The result's address is no address: its page says so. All others are there.
        (missing,) = seen.complaints
        assert "404" in missing
        assert seen.strangers == []


def test_states_of_pages_are_accessible_and_fit(planted: _PlantedIds, chromium: Chromium) -> None:
    wrong, looks = dict[str, list[str]](), cycle(LOOKS)
    states = (
        (planted.newcomer, ("/attention", "/tasks", "/deliveries", "/holds", "/nothing")),
        (planted.reader, ("/keys", f"/tasks/{planted.task}", "/holds")),
    )
    with watched(chromium, planted.url) as seen:
        for person, paths in states:
            seen.sign_in(person.http)
            for path in paths:
                look = next(looks)
                if found := _look(seen, path, look):
                    wrong[f"{path} {look}"] = found
    assert wrong == {}
