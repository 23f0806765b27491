"""Without script: every action is a form on a page that links and questions lead to."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from html import unescape
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from tests.support.dashboard import Person, list_forms, make_endpoint, send_stray_callback
from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tracker.clock import make_id
from tracker.store.driver.engine import open_engine
from tracker.store.schema import assets, tasks
from tracker.web.ui import routes
from tracker.web.ui.frame.app import Pages

ID = re.compile(r"(?<=/)(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/|$)")
MOST_PAGES = 200
OF_ONE_KIND = 5
"""Pages that are opened of those whose addresses differ in ids and filters alone."""
LED_TO = {"/sign-in"}
"""Where whoever has no session is led."""


@pytest.fixture(scope="module")
def shared_database_url(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> str:
    url = sqlite_template.copy(tmp_path_factory.mktemp("plain"))
    issue(url, tenant="first")  # before the service starts
    return url


@pytest.fixture(scope="module")
def planted(operator: Person, api: httpx.Client, shared_database_url: str) -> str:
    """Plant something of each kind; the id of a task that has failed."""
    make_endpoint(api, "plain")
    api.post(f"/v1/endpoints/{make_endpoint(api, 'paused')}/pause").raise_for_status()
    failed, empty = (
        str(submit(api, external_task_id=f"plain-{make_id()}")["id"]) for _ in range(2)
    )
    submit(api, external_task_id=f"plain-{make_id()}")
    told = build_kling_callback("failed", task_id=f"p-{make_id()}")
    assert api.post(find_callback_path(failed), content=told).status_code == 200
    told = build_kling_callback("succeed", task_id=f"p-{make_id()}", task_result={})
    assert api.post(find_callback_path(empty), content=told).status_code == 200
    lost = submit(api, external_task_id=f"plain-{make_id()}")["id"]
    told = build_kling_callback("succeed", task_id=f"p-{make_id()}")
    assert api.post(find_callback_path(lost), content=told).status_code == 200
    doubted = submit(api, external_task_id=f"plain-{make_id()}")["id"]
    engine = open_engine(shared_database_url)
    with engine.begin() as db:
        db.execute(update(tasks).where(tasks.c.id == UUID(doubted)).values(state="uncertain"))
        db.execute(update(assets).values(state="lost"))
    engine.dispose()
    send_stray_callback(api, task_id=f"plain-{make_id()}")
    operator.send("/keys", name="spare", scope=["tasks:read"], kind="key")
    operator.send("/holds", reason="plain", task_id=doubted)
    page = operator.see("/bulk/new", action="cancel", state="queued")
    (form,) = [fields for action, fields in list_forms(page) if action.endswith("/bulk")]
    assert operator.send("/bulk", token=form["token"]).status_code == 303
    return failed


def test_every_action_is_a_form_that_links_and_questions_lead_to(
    operator: Person, planted: str
) -> None:
    groups = [one.PAGES for one in vars(routes).values() if hasattr(one, "PAGES")]
    wanted = {
        re.sub(r"{\w+}", "{id}", route.path.removeprefix("/ui"))
        for group in groups
        if isinstance(group, Pages)
        for route in group.routes
        if "POST" in (route.methods or ())
    }
    offered = {
        ID.sub("{id}", unescape(action)).removeprefix("/ui").partition("?")[0]
        for page in _pages(operator, planted)
        for action, _ in list_forms(page)
    }
    assert len(wanted) > 20
    assert (wanted - LED_TO - offered, offered - wanted) == (set(), set())


def _pages(person: Person, task: str) -> Iterator[str]:
    """Open what links lead to, and questions that begin with a field, which names a task."""
    waiting, opened = deque(["/ui/attention"]), 0
    seen = defaultdict[str, set[str]](set)
    while waiting and opened < MOST_PAGES:
        answer = person.http.get(waiting.popleft())
        opened += 1
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        assert answer.status_code == 200, answer.url
        yield answer.text
        links = re.findall(r'<a [^>]*?href="(/ui/[^"#]+)', answer.text)
        fields = re.findall(r'action="([^"]+/attach/confirm)"', answer.text)
        for link in map(unescape, [*links, *(f"{one}?task={task}" for one in fields)]):
            url = httpx.URL(link)
            kind = f"{ID.sub('', url.path)} {url.params.get('action')}"
            if link not in seen[kind] and len(seen[kind]) < OF_ONE_KIND and "/media/" not in link:
                seen[kind].add(link)
                waiting.append(link)
