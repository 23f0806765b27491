"""Rows of lists on a phone: they fold, and no table is cut."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import httpx
import pytest

from tests.support.browsing import OPEN_ALL, Chromium, cut_tables, overflow, watched
from tests.support.dashboard import make_endpoint, stray_callback
from tests.support.databases import SqliteTemplate
from tests.support.hostile import hostile_task, unguarded
from tracker.web.ui.frame.reader import LANGUAGE_COOKIE, THEME_COOKIE

pytestmark = pytest.mark.browser
PATHS = (
    *("/ui/bulk", "/ui/bulk/new?action=cancel", "/ui/providers", "/ui/keys"),
    *("/ui/audit", "/ui/system", "/ui/try"),
)

LISTS = (
    *("/ui/attention", "/ui/tasks", "/ui/callbacks", "/ui/deliveries", "/ui/endpoints"),
    *("/ui/settings", "/ui/find?q=phone"),
)


@pytest.fixture(scope="module")
def http(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("operators")
    with unguarded(sqlite_template.copy(folder), folder) as client:
        hostile_task(client)
        token = client.post("/v1/tasks/actions", json={"action": "refresh"}).json()["token"]
        client.post("/v1/runs", json={"token": token})
        yield client


@pytest.fixture(scope="module")
def planted(http: httpx.Client) -> list[str]:
    """Plant rows for every list; the pages of one of each."""
    endpoint = make_endpoint(http, "phone")
    task = http.get("/v1/tasks").json()["tasks"][0]["id"]
    receipt = stray_callback(http, task_id="phone")
    http.post("/v1/keys", json={"name": "phone", "scopes": ["tasks:read"]}).raise_for_status()
    delivery = http.get("/v1/deliveries").json()["deliveries"][0]["id"]
    run = http.get("/v1/runs").json()["runs"][0]["id"]
    return [
        *(f"/ui/endpoints/{endpoint}", f"/ui/tasks/{task}", f"/ui/callbacks/{receipt}"),
        *(f"/ui/deliveries/{delivery}", f"/ui/bulk/{run}"),
    ]


def test_a_task_is_printed_dark_on_light_and_nothing_is_cut(
    http: httpx.Client, planted: Sequence[str], chromium: Chromium
) -> None:
    paper: dict[str, Any] = {"viewport": {"width": 718, "height": 1000}}
    (task,) = [path for path in planted if "/tasks/" in path]
    with watched(chromium, str(http.base_url), **paper) as seen:
        seen.context.add_cookies([{"name": THEME_COOKIE, "value": "dark", "url": f"{seen.url}/ui"}])
        page = seen.show(task)
        scheme = "getComputedStyle(document.documentElement).colorScheme"
        assert page.evaluate(scheme) == "dark"
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(scheme) == "light"
        assert cut_tables(page) == []
        assert overflow(page) <= 0
        assert not page.locator("main button").first.is_visible()


def test_rows_fold_on_a_phone_and_no_table_is_cut(
    http: httpx.Client, planted: Sequence[str], chromium: Chromium
) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
    cut = dict[tuple[str, str, int], list[str]]()
    with watched(chromium, str(http.base_url), **phone) as seen:
        for language, path in product(("en", "zh"), (*PATHS, *LISTS, *planted)):
            seen.context.add_cookies(
                [{"name": LANGUAGE_COOKIE, "value": language, "url": f"{seen.url}/ui"}]
            )
            page = seen.show(path)
            page.locator("main details").evaluate_all(OPEN_ALL)
            widths = (390, 780, 1100) if language == "en" else (390,)  # tablets, too
            for width in widths:
                page.set_viewport_size({"width": width, "height": 844})
                if overflow(page) > 0 or cut_tables(page):
                    cut[language, path, width] = cut_tables(page)
        assert cut == {}
        seen.check()
