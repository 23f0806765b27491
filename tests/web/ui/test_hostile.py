"""Pages that show what strangers sent, in a browser: nothing runs, nothing leaves, all is readable.

Everything that callers and providers may write holds payloads here: markup, addresses, characters
that hide, bytes that are no text, JSON that is too long or too deep.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.browsing import Chromium, cut_tables, measure_overflow, open_watched
from tests.support.dashboard import make_endpoint
from tests.support.hostile import (
    DIGITS,
    MARKUP,
    NAME,
    create_hostile_task,
    list_pages,
    open_unguarded,
)
from tests.support.requests import submit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def http(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with open_unguarded(shared_database_url, tmp_path_factory.mktemp("hostile")) as client:
        yield client


@pytest.fixture(scope="module")
def task(http: httpx.Client) -> dict[str, Any]:
    return create_hostile_task(http)


def test_no_script_runs_no_request_leaves_and_text_is_exact(
    http: httpx.Client, task: dict[str, Any], chromium: Chromium
) -> None:
    receipts = http.get(f"/v1/tasks/{task['id']}/receipts").json()["receipts"]
    with open_watched(chromium, str(http.base_url)) as seen:
        for path in list_pages(task):
            page = seen.show(path)
            assert page.title() != "ran"
            assert page.get_by_text(NAME).count() >= 1
            assert (
                page.locator(
                    "main script, main img, main [hx-get], main a[href^=javascript]"
                ).count()
                == 0
            )
        exact = False
        for receipt in receipts:
            page = seen.show(f"/ui/tasks/{task['id']}?receipt={receipt['id']}#r{receipt['id']}")
            shown = page.locator(f"#r{receipt['id']}")
            assert shown.get_attribute("open") is not None
            assert "\u202e" not in shown.inner_text()
            exact = exact or DIGITS.decode() in page.content()
        assert exact
        seen.check()
        whole = seen.show(f"/ui/tasks/{task['id']}")
        assert whole.get_by_text("No attempt is known here").count() == 1  # a callback came first
        for width in (1280, 390):
            whole.set_viewport_size({"width": width, "height": 800})
            assert (cut_tables(whole), measure_overflow(whole)) == ([], 0)
        metadata = whole.locator("section[aria-labelledby=h-metadata]").inner_text()
        assert MARKUP in metadata.replace('\\"', '"')
        assert "admin\\u202Egnp.exe\\u200B\\u2066\\uFEFF" in whole.content()


def test_without_script_list_filters_paging_and_evidence_work(
    http: httpx.Client, task: dict[str, Any], chromium: Chromium
) -> None:
    endpoint = make_endpoint(http, "plain")
    assert http.post(f"/v1/endpoints/{endpoint}/test").status_code == 202
    for number in range(55):
        submit(http, external_task_id=f"plain-{number}", metadata={"plain": "1"})
    with open_watched(chromium, str(http.base_url), java_script_enabled=False) as seen:
        page = seen.open("/ui/tasks?metadata.plain=1")
        assert page.locator("#rows tr").count() == 50
        page.get_by_role("link", name="Older").click()
        assert page.locator("#rows tr").count() == 5
        page.go_back()
        assert page.locator("#rows tr").count() == 50
        page.locator("details.menu summary").first.click()
        page.locator("input[name=state][value=succeeded]").check()
        page.locator("details.menu summary").first.click()
        page.get_by_role("button", name="Apply").click()
        assert "state=succeeded" in page.url
        assert "metadata.plain=1" in page.url
        assert page.locator("#rows tr").count() == 0
        page.get_by_role("link", name="metadata.plain: 1").click()
        page.locator("#rows a").first.click()
        page.locator("details.receipt > summary").last.click()
        assert page.locator("details.receipt[open] pre").first.is_visible()
        page = seen.open("/ui/deliveries")
        page.get_by_role("checkbox", name="owed").check()
        page.get_by_role("button", name="Apply").click()
        page.locator("tbody th a", has_text="endpoint.test").click()
        page.get_by_role("heading", name="The body that is signed").wait_for()
        page.get_by_role("link", name="Endpoint", exact=True).click()
        assert page.locator("h1").inner_text() == "https://plain.example/hook"
