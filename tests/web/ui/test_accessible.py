"""Pages by WCAG 2.2 AA, in both languages and themes, on wide and narrow windows."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.browsing import OPEN_ALL, Chromium, overflow, violations, watched
from tests.support.databases import SqliteTemplate
from tests.support.hostile import hostile_task, pages_of, unguarded

pytestmark = pytest.mark.browser
CHINESE_TEXTS = """body => {
  const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT), found = [];
  const said = "[hx-ignore], code, textarea, .name, h1";
  for (let node; (node = walk.nextNode());)
    if (!node.parentElement.closest(said)) found.push(node.data);
  return found;
}"""
"""A function that returns the texts of a page that are its own."""


@pytest.fixture(scope="module")
def http(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("accessible")
    with unguarded(sqlite_template.copy(folder), folder) as client:
        yield client


@pytest.fixture(scope="module")
def task(http: httpx.Client) -> dict[str, Any]:
    return hostile_task(http)


LOOKS: list[dict[str, Any]] = [
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", "locale": "en-GB"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "locale": "zh-CN"},
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark", "locale": "zh-CN"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "locale": "en-GB"},
]


@pytest.mark.parametrize("look", LOOKS, ids=["wide", "narrow-zh", "dark-zh", "narrow-dark"])
def test_pages_are_accessible_and_fit_the_window(
    http: httpx.Client, task: dict[str, Any], chromium: Chromium, look: dict[str, Any]
) -> None:
    with watched(chromium, str(http.base_url), **look) as seen:
        for path in [*pages_of(task)[:2], "/ui/nothing"]:
            page = seen.show(path)
            page.locator("details.receipt").evaluate_all(OPEN_ALL)
            assert violations(page) == [], path
            assert overflow(page) <= 0, path
            assert page.locator("h1").count() == 1


def test_chinese_pages_hold_no_english_sentence(
    http: httpx.Client, task: dict[str, Any], chromium: Chromium
) -> None:
    with watched(chromium, str(http.base_url), locale="zh-CN") as seen:
        for path in pages_of(task)[:2]:
            page = seen.show(path)
            texts = page.locator("body").evaluate(CHINESE_TEXTS)
            words = {
                text: [w for w in text.split() if w.isascii() and w.isalpha()] for text in texts
            }
            english = [text for text, found in words.items() if len(found) > 2]
            assert english == []
