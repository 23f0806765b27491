"""Every page of the route table in Chromium: WCAG 2.2 AA, as wide as the window, by keyboard.

The table is read from the routes, so that no page can be left out: one whose address holds
something new fails until `_PlantedIds.address` knows what to put there. Each page is looked at
once on each database, in looks (window, theme, language) that differ in everything. axe takes more
time than all the rest, and looks at a page on one of them; at those with most on them, on both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from tests.support.browsing import (
    Chromium,
    Watched,
    cut_tables,
    find_violations,
    measure_overflow,
    open_watched,
)
from tests.support.dashboard import (
    SHARED_CALLBACKS,
    Person,
    list_forms,
    list_page_paths,
    make_endpoint,
    open_session,
    send_stray_callback,
)
from tests.support.hostile import MARKUP, create_hostile_task
from tests.support.keys import build_bearer
from tests.support.requests import submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.domain.access import Scope
from tracker.store.driver.engine import open_engine
from tracker.store.schema import tasks
from tracker.web.ui.frame.reader import LANGUAGE_COOKIE, THEME_COOKIE

pytestmark = pytest.mark.browser
WIDE, NARROW = 1280, 390
TABLETS = (780, 1100)
"""Widths of windows that a page fits in too: one on each database."""
Look = tuple[int, int, str, str]
"""Widths of two windows, theme, language."""
LOOKS = (
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
FOUND = """() => {
    const seen = element => element.checkVisibility() && !element.closest("[aria-hidden=true]");
    const all = chosen => [...document.querySelectorAll(chosen)].filter(seen);
    const fields = "input:not([type=hidden]):not(:disabled), select, textarea";
    const unreached = all(`a[href], button:not(:disabled), summary, ${fields}`).filter(element => {
        element.focus({ focusVisible: true });
        const style = getComputedStyle(element);
        const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return element.tabIndex < 0 || document.activeElement !== element || !isOutlined;
    });
    const heard = element => ["label", "describedby"].map(what =>
        what === "label" ? element.getAttribute("aria-label") ?? element.textContent.trim()
            : document.getElementById(element.getAttribute("aria-describedby"))?.textContent ?? ""
    ).join(" ").trim();
    const names = all("main button, main a.button, main tbody [type=checkbox]").map(heard);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), own = [];
    const said = "[hx-ignore], code, textarea, .name, h1";
    for (let node; (node = texts.nextNode());)
        if (!node.parentElement.closest(said)) own.push(node.data);
    return {
        unreached: unreached.map(element => element.outerHTML.slice(0, 120)),
        namesakes: names.filter((name, place) => names.indexOf(name) !== place),
        headings: document.querySelectorAll("h1").length,
        language: document.documentElement.lang,
        own,
    };
}"""
"""Returns of a page, in one question, as each takes as long as all of them:

unreached: what can be pressed or filled and the keyboard does not reach, or reaches unseen.
namesakes: names of buttons that another button has too, as they are heard.
own:       texts that are the page's own.
"""
OPEN_ALL = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three English words in a row."""


@dataclass(frozen=True)
class _PlantedIds:
    """Something of each kind; ids by the part of an address that they stand behind.

    person: may do everything. newcomer: of a tenant that has nothing. reader: may look alone.
    """

    url: str
    is_postgres: bool
    person: Person
    newcomer: Person
    reader: Person
    ids: dict[str, str]
    task: str
    doubted: str

    def looks(self, pages: Sequence[str]) -> Iterator[tuple[str, Look, bool]]:
        """Yield each page, its look on this database, and whether axe looks at it here."""
        for number, page in enumerate(pages):
            width, theme, language = LOOKS[number % len(LOOKS)]
            if self.is_postgres:
                width = NARROW if width == WIDE else WIDE
                theme = "dark" if theme == "light" else "light"
                language = "zh" if language == "en" else "en"
            tablet = TABLETS[self.is_postgres]
            yield page, (width, tablet, theme, language), number % 2 == self.is_postgres

    def address(self, route: str) -> str:
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
        return path + asked.get(route, "")


@pytest.fixture(scope="module")
def planted(shared_idle: Shared) -> Iterator[_PlantedIds]:
    url, database_url = shared_idle.url, shared_idle.database_url
    with (
        open_session(url, database_url) as person,
        open_session(url, database_url, tenant="empty") as newcomer,
        open_session(url, database_url, scopes={Scope.TASKS_READ}) as reader,
        httpx.Client(
            base_url=url, headers=build_bearer(person.key), trust_env=False, timeout=60
        ) as api,
    ):
        endpoint = make_endpoint(api, "walk")
        api.post(f"/v1/endpoints/{make_endpoint(api, 'paused')}/pause").raise_for_status()
        task = create_hostile_task(api)["id"]
        doubted = submit(api, external_task_id=f"doubted-{make_id()}")["id"]
        engine = open_engine(database_url)
        with engine.begin() as db:
            lost = update(tasks).where(tasks.c.id == UUID(doubted))
            db.execute(lost.values(state="uncertain", account="gone"))
        engine.dispose()
        stray = send_stray_callback(api, task_id="walk")
        api.post("/callbacks/kling/shared/nonsense", content=b"x")
        api.post(SHARED_CALLBACKS, content=b"{")
        (form,) = [
            fields
            for action, fields in list_forms(person.see("/bulk/new", action="refresh"))
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
        is_postgres = database_url.startswith("postgres")
        yield _PlantedIds(url, is_postgres, person, newcomer, reader, ids, task, doubted)


def _look(seen: Watched, path: str, look: Look, *, by_axe: bool) -> list[str]:
    """Open a page; return what is wrong with it."""
    width, tablet, theme, language = look
    chosen = {THEME_COOKIE: theme, LANGUAGE_COOKIE: language}
    seen.context.add_cookies(
        [{"name": name, "value": one, "url": f"{seen.url}/ui"} for name, one in chosen.items()]
    )
    page, wrong = seen.show("/ui" + path), list[str]()
    page.evaluate(OPEN_ALL)
    for one in (tablet, width):
        page.set_viewport_size({"width": one, "height": 800})
        if measure_overflow(page) > 0 or cut_tables(page):
            wrong.append(f"at {one}: {measure_overflow(page)} px too wide, cut: {cut_tables(page)}")
    if by_axe:
        wrong += find_violations(page)
    found: dict[str, Any] = page.evaluate(FOUND)
    wrong += [*found["unreached"], *found["namesakes"]]
    if found["headings"] != 1:
        wrong.append("not one h1")
    if language == "zh":
        wrong += filter(ENGLISH.search, found["own"])
    if not found["language"].startswith(language):
        wrong.append("another language")
    return wrong


def test_every_page_is_accessible_fits_and_asks_nobody_else(
    planted: _PlantedIds, chromium: Chromium
) -> None:
    wrong = dict[str, list[str]]()
    routes = sorted(set(list_page_paths("GET")) - NO_PAGES)
    with open_watched(chromium, planted.url) as seen:
        seen.sign_in(planted.person.http)
        for route, look, by_axe in planted.looks(routes):
            path = planted.address(route)
            if found := _look(seen, path, look, by_axe=by_axe or route in FULL):
                wrong[f"{path} {look}"] = found
        assert wrong == {}
        # The result's address is no address: its page says so. All others are there.
        (missing,) = seen.complaints
        assert "404" in missing
        assert seen.strangers == []


def test_states_of_pages_are_accessible_and_fit(planted: _PlantedIds, chromium: Chromium) -> None:
    wrong = dict[str, list[str]]()
    states = (
        (planted.newcomer, ("/attention", "/tasks", "/deliveries", "/holds", "/nothing")),
        (planted.reader, ("/keys", f"/tasks/{planted.task}", "/holds")),
    )
    with open_watched(chromium, planted.url) as seen:
        for person, paths in states:
            seen.sign_in(person.http)
            for path, look, by_axe in planted.looks(paths):
                if found := _look(seen, path, look, by_axe=by_axe):
                    wrong[f"{path} {look}"] = found
    assert wrong == {}


def test_a_task_is_printed_dark_on_light_and_nothing_is_cut(
    planted: _PlantedIds, chromium: Chromium
) -> None:
    with open_watched(chromium, planted.url, viewport={"width": 718, "height": 1000}) as seen:
        seen.sign_in(planted.person.http)
        seen.context.add_cookies([{"name": THEME_COOKIE, "value": "dark", "url": f"{seen.url}/ui"}])
        page = seen.show(f"/ui/tasks/{planted.task}")
        scheme = "getComputedStyle(document.documentElement).colorScheme"
        assert page.evaluate(scheme) == "dark"
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(scheme) == "light"
        assert cut_tables(page) == []
        assert measure_overflow(page) <= 0
        assert not page.locator("main button").first.is_visible()
