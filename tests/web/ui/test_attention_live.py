"""The page of what needs a person while somebody watches: it changes where it stands, cheaply."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from tests.support.browsing import Chromium, open_watched
from tests.support.dashboard import Person, list_odd_receipts, send_stray_callback
from tests.web.conftest import Shared

LOOKED = "coalesce(sum(forgeries.number)"
"""In one statement of each look at what needs a person, and in no other of a page's."""


@pytest.fixture(scope="module")
def strays(api: httpx.Client) -> list[str]:
    """Callbacks of unknown tasks, more than the page shows; newest first."""
    for number in range(7):
        send_stray_callback(api, task_id=f"live-{number}")
    return list_odd_receipts(api, "unknown_task")


def test_opening_the_page_looks_once_and_the_next_pages_not_at_all(operator: Person) -> None:
    operator.send("/callbacks/dismiss", ids=[])  # what was known is forgotten
    with looks() as seen:
        operator.see("/attention")
        assert seen() == 1
        operator.see("/tasks")
        assert seen() == 1


def test_what_is_settled_is_marked_where_it_stands_and_more_is_announced(
    operator: Person, api: httpx.Client, strays: list[str]
) -> None:
    page = operator.see("/attention")
    address = changes_of(page)
    shown = re.findall(r'<li id="(e[0-9a-f]{12})">.*?/ui/callbacks/(\d+)"', page, re.DOTALL)
    assert [id_ for _, id_ in shown] == strays[:5]
    assert "hx-target" not in poll(operator, address).replace('hx-target="#after"', "")
    send_stray_callback(api, task_id="live-new")
    operator.send("/callbacks/dismiss", ids=strays[1])
    told = poll(operator, address)
    ((element, _),) = [one for one in shown if one[1] == strays[1]]
    assert re.findall(r'id="s-(e[0-9a-f]{12})" class="settled">✓', told) == [element]
    assert set(re.findall(r'<li id="(\w+)"', told)) == {one for one, _ in shown} - {element}
    assert f'<span class="count">{len(strays)}</span>' in told
    assert ">1 more needs you: show<" in told  # of the first five one is new
    with looks() as seen:  # all who watch share a look
        assert {poll(operator, address) for _ in range(10)}
        assert seen() == 0


def test_a_group_that_is_settled_counts_nothing_and_strange_names_are_left_out(
    operator: Person, api: httpx.Client, strays: list[str]
) -> None:
    address = changes_of(operator.see("/attention"))
    operator.send("/callbacks/dismiss", ids=list_odd_receipts(api, "unknown_task"))
    told = poll(operator, address)
    assert '<h2 id="unknown_task"><span class="count">0</span>' in told
    assert told.count('class="settled">✓') == 5
    strange = re.sub(r"ids=\w+", "ids=%23main", re.sub("groups=", "groups=main,", address))
    assert '"#main"' not in poll(operator, strange)
    assert '"#s-#main"' not in poll(operator, strange)
    assert len(strays) > 5


@pytest.mark.browser
def test_a_tab_marks_what_is_settled_and_keeps_its_focus(
    operator: Person, api: httpx.Client, shared_idle: Shared, chromium: Chromium
) -> None:
    ids = [send_stray_callback(api, task_id=f"tab-{number}") for number in range(3)]
    with open_watched(chromium, shared_idle.url, locale="en-GB") as seen:
        seen.sign_in(operator.http)
        page = seen.open("/ui/attention")
        page.locator("#live[data-mode=live]").wait_for()
        settled, other = (
            page.locator(".entries li", has=page.get_by_text(f"r{id_}", exact=True))
            for id_ in ids[:2]
        )
        button = other.get_by_role("button", name="Dismiss")
        button.focus()
        (before,) = re.findall(r"\((\d+)\)", page.title())
        operator.send("/callbacks/dismiss", ids=ids[0])
        settled.locator(".settled", has_text="settled").wait_for()
        page.wait_for_function(f"document.title.startsWith('({int(before) - 1}) Attention')")
        assert button.evaluate("button => button === document.activeElement")
        seen.check()


def changes_of(page: str) -> str:
    """Return where the changes of a page come from, from now on."""
    (url,) = re.findall(r'id="live"[^>]* data-url="([^"]+)"', page)
    return f"{unescape(url)}&after=now"


def poll(person: Person, address: str) -> str:
    """Return what has changed of what is on display."""
    answer = person.http.get(f"{address}&once=1", headers={"accept": "*/*"})
    assert answer.status_code == 200, answer.text
    return answer.text


@contextmanager
def looks() -> Iterator[Callable[[], int]]:
    """Yield a function that says how many looks at what needs a person there were meanwhile."""
    seen: list[str] = []

    def note(_db: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if LOOKED in " ".join(statement.split()):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield lambda: len(seen)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
