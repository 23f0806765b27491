"""`/ui/bulk`: what was counted is what is done, by whoever may, with script and without."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.support.browsing import Chromium, open_watched
from tests.support.dashboard import Person, list_forms, open_session
from tests.support.keys import build_bearer
from tests.support.requests import submit
from tests.support.service import build_environment, serve_service
from tracker.domain.access import Scope
from tracker.parts import open_parts
from tracker.settings import Settings

MANY = 12
"""So many that their number must be typed."""


@dataclass(frozen=True)
class Halting:
    """A service whose background work is done when the test says so."""

    url: str
    database_url: str
    env: Mapping[str, str]

    def carry_out(self) -> None:
        """Carry out what runs have left, in an event loop of its own."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._carry_out()).result()

    async def _carry_out(self) -> None:
        async with open_parts(Settings.read_environment(self.env)) as parts:
            await parts.services.runs.run_pieces()


@pytest.fixture(scope="module")
def halting(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Halting]:
    env = build_environment(
        shared_database_url,
        tmp_path_factory.mktemp("bulk"),
        provider_url="http://127.0.0.1:9",
        public_url=None,
    )
    with serve_service(env, workers=False) as url:
        yield Halting(url, shared_database_url, env)


@pytest.fixture
def person(halting: Halting, request: pytest.FixtureRequest) -> Iterator[Person]:
    tenant = re.sub(r"\W+", "-", request.node.name)
    with open_session(halting.url, halting.database_url, tenant=tenant) as one:
        one.http.headers.update(build_bearer(one.key))
        yield one


def _token(page: str) -> str:
    (form,) = [fields for action, fields in list_forms(page) if action.endswith("/bulk")]
    return form["token"]


def test_what_was_counted_is_done_to_no_more_and_later_tasks_are_untouched(
    person: Person, halting: Halting
) -> None:
    before = [submit(person.http, external_task_id=f"b{n}")["id"] for n in range(MANY)]
    chosen = person.see("/bulk", state="queued", order="asc")
    assert "/ui/bulk/new?state=queued&amp;action=cancel" in chosen
    counted = person.see("/bulk/new", action="cancel", state="queued")
    assert f"Cancel {MANY} tasks" in counted
    assert counted.count('<tr><th scope="row" class="name"') == MANY
    later = submit(person.http)["id"]
    token = _token(counted)
    assert person.send("/bulk", token=token).status_code == 422
    assert person.send("/bulk", token=token, typed="3").status_code == 422
    assert person.http.get("/v1/runs").json()["runs"] == []
    started = person.send("/bulk", token=token, typed=str(MANY))
    assert started.status_code == 303
    run = started.headers["location"].removeprefix("/ui")
    assert "No process does background work now" in person.see(run)
    halting.carry_out()
    assert "run-done" in person.see(run)
    page = person.see(run, outcome="done")
    assert all(f"/ui/tasks/{id_}" in page for id_ in before)
    assert later not in page
    states = {id_: person.http.get(f"/v1/tasks/{id_}").json()["state"] for id_ in (*before, later)}
    assert states == dict.fromkeys(before, "cancelled") | {later: "queued"}
    assert person.send("/bulk", token=token, typed=str(MANY)).headers["location"].endswith(run)
    entries = person.http.get("/v1/audit", params={"action": "runs.start"}).json()["entries"]
    assert [(one["number"], one["target"]) for one in entries] == [(MANY, run[len("/bulk/") :])]
    assert run in person.see("/audit")
    assert run in person.see("/bulk")


def test_ticked_tasks_are_counted_and_refused_ones_say_why(person: Person) -> None:
    id_ = submit(person.http)["id"]
    person.http.post(f"/v1/tasks/{id_}/cancel")
    page = person.see("/bulk/new", action="refresh", ids=[id_])
    assert "It would be done to 0 of 1." in page
    assert "it has ended: no answer would change it" in page
    nothing = person.see("/bulk/new", action="cancel", state="uncertain")
    assert "No task matches that this action is for." in nothing
    assert person.get("/bulk/new", action="erase").status_code == 400
    assert person.get("/bulk/new", action="cancel", ids="x").status_code == 404


def test_a_run_is_stopped_after_a_question(person: Person, halting: Halting) -> None:
    submit(person.http)
    started = person.send("/bulk", token=_token(person.see("/bulk/new", action="cancel")))
    run = started.headers["location"].removeprefix("/ui")
    asked = person.see(f"{run}/stop/confirm", back=run)
    assert "Stop this run?" in asked
    stopped = person.send(f"{run}/stop", back=run)
    assert stopped.headers["location"] == f"/ui{run}"
    halting.carry_out()
    page = person.see(run)
    assert "The run is stopped." in page
    assert "run-stopped" in page
    assert "not acted on" in page
    assert person.send(f"{run}/stop", back=run).status_code == 409


def test_readers_start_nothing_and_foreign_runs_do_not_exist(
    person: Person, halting: Halting
) -> None:
    submit(person.http)
    token = _token(person.see("/bulk/new", action="cancel"))
    run = person.send("/bulk", token=token).headers["location"].removeprefix("/ui")
    tenant = person.http.get("/v1/runs").json()["runs"][0]["actor"]
    assert tenant.startswith("key ")
    with open_session(halting.url, halting.database_url, tenant="others") as other:
        assert other.get(run).status_code == 404
        assert other.send("/bulk", token=token).status_code == 422
        assert other.get(f"{run}/stop/confirm").status_code == 404
    read = [Scope.TASKS_READ]
    with open_session(halting.url, halting.database_url, tenant="others", scopes=read) as reader:
        assert "needs tasks:write" in reader.see("/bulk")
        assert reader.get("/bulk/new", action="cancel").status_code == 403
        assert reader.send("/bulk", token=token).status_code == 403


@pytest.fixture
def key_with_tasks(halting: Halting) -> str:
    """The key of somebody with as many queued tasks."""
    with open_session(halting.url, halting.database_url, tenant="eyes") as one:
        one.http.headers.update(build_bearer(one.key))
        for _ in range(MANY):
            submit(one.http)
        return one.key.secret


@pytest.mark.browser
def test_a_run_goes_on_before_ones_eyes(
    chromium: Chromium, halting: Halting, key_with_tasks: str
) -> None:
    with open_watched(chromium, halting.url, locale="en-US") as eyes:
        page = eyes.open("/ui/sign-in")
        page.fill("input[name=key]", key_with_tasks)
        page.press("input[name=key]", "Enter")
        page.goto(f"{halting.url}/ui/bulk")
        page.click("text=Cancel…")
        page.fill("#typed", str(MANY))
        page.click("main button.main")
        page.wait_for_selector("h1 .run-running")
        halting.carry_out()
        page.wait_for_selector("h1 .run-done")
        page.reload()
        assert page.locator("main tbody tr").count() == MANY
        eyes.check()
