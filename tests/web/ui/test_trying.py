"""`/ui/try`: checked without sending, submitted once, and its code is the request."""

import html
import json
import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.support.browsing import Chromium, open_watched
from tests.support.dashboard import BROWSER, OWN, Person, open_session
from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer
from tests.support.requests import EXAMPLE, submit
from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.domain.access import Scope
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

WHAT = {"provider": "kling", "operation": "videos/multi-image2video"}
FILLED = {
    **WHAT,
    "once": "the-form",
    "input.image_list[0].image": "https://example.com/1.png",
    "input.prompt": "it's a cat, 猫",
}


@pytest.fixture
def person(shared_idle: Shared, request: pytest.FixtureRequest) -> Iterator[Person]:
    tenant = re.sub(r"\W+", "-", request.node.name)
    with open_session(shared_idle.url, shared_idle.database_url, tenant=tenant) as one:
        one.http.headers.update(build_bearer(one.key))
        yield one


def _tasks(person: Person) -> list[dict[str, object]]:
    found: list[dict[str, object]] = person.http.get("/v1/tasks").json()["tasks"]
    return found


def test_the_form_begins_with_the_example_and_checks_without_sending(person: Person) -> None:
    page = person.see("/try", **WHAT)
    assert "https://example.com/1.png" in page
    checked = person.send("/try", **FILLED, do="check")
    assert (checked.status_code, "It would be taken in." in checked.text) == (200, True)
    wrong = person.send("/try", **{**FILLED, "input.image_list[0].image": ""}, do="check")
    assert wrong.status_code == 422
    assert "<code>input.image_list</code>" in wrong.text
    mode = person.send("/try", **{**FILLED, "input.mode": "best"}, do="submit")
    assert (mode.status_code, 'aria-invalid="true"' in mode.text) == (422, True)
    rest = person.send("/try", **FILLED, rest="[", do="check")
    assert "must be a JSON object" in rest.text
    assert _tasks(person) == []


def test_a_form_that_is_sent_twice_makes_one_task(person: Person) -> None:
    first, second = (person.send("/try", **FILLED, do="submit") for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    (task,) = _tasks(person)
    assert first.headers["location"] == f"/ui/tasks/{task['id']}"
    sent = person.http.get(f"/v1/tasks/{task['id']}/input").json()
    assert (sent["prompt"], len(sent["image_list"])) == ("it's a cat, 猫", 1)


def test_a_form_that_is_filled_in_otherwise_makes_another_task(person: Person) -> None:
    for prompt in ("first", "second", "first"):
        again = person.send("/try", **{**FILLED, "input.prompt": prompt}, do="submit")
        assert again.status_code == 303
    assert len(_tasks(person)) == 2


def test_rows_are_added_without_script(person: Person) -> None:
    page = person.send("/try", **FILLED, do="more:image_list").text
    assert 'name="input.image_list[1].image"' in page
    assert "it&#39;s a cat, 猫" in page


def test_the_copied_command_submits_what_the_form_means(
    person: Person, shared_idle: Shared
) -> None:
    page = person.send("/try", **FILLED, do="check").text
    shown = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    command, program = map(html.unescape, shown)
    command = command.replace("https://tracker.example", shared_idle.url)
    env = {"TRACKER_API_KEY": person.key.secret, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, env=env, check=True)
    made = json.loads(done.stdout)
    sent = person.http.get(f"/v1/tasks/{made['id']}/input").json()
    assert sent["prompt"] == "it's a cat, 猫"
    compile(program, "copied", "exec")
    assert "it's a cat, 猫" in program


def test_it_begins_with_a_task_of_ones_own_alone(person: Person, shared_idle: Shared) -> None:
    task = submit(person.http, input=EXAMPLE | {"prompt": "of a task"})["id"]
    assert "of a task" in person.see("/try", **{"from": task})
    with open_session(shared_idle.url, shared_idle.database_url, tenant="others") as other:
        assert other.get("/try", **{"from": task}).status_code == 404
    read = [Scope.TASKS_READ]
    with open_session(shared_idle.url, shared_idle.database_url, scopes=read) as reader:
        assert reader.get("/try").status_code == 403
        assert reader.send("/try", **FILLED, do="submit").status_code == 403


def test_what_is_no_operation_is_not_there(person: Person) -> None:
    assert person.send("/try", provider="kling", operation="none", do="check").status_code == 404
    assert "No provider account" in person.see("/try", provider="nobody")


@pytest.fixture(scope="module")
def playing(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A service whose provider is an emulator."""
    folder, listener = tmp_path_factory.mktemp("try"), listen()
    with Emulator(EmulatorConfig(step_seconds=0.02, callback_backoff_seconds=0.05)) as emulator:
        env = build_environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=emulator.url,
            public_url=read_url(listener),
        )
        with serve_service(env, listener=listener, workers=True) as url:
            yield url


@pytest.mark.browser
def test_the_code_follows_the_form_and_a_scenario_is_played(
    chromium: Chromium, playing: str
) -> None:
    with open_watched(chromium, playing, locale="en-US") as eyes:
        page = eyes.open("/ui/try?provider=kling&operation=videos/multi-image2video")
        page.fill('[name="input.prompt"]', "a red boat")
        page.wait_for_selector("#code >> text=a red boat")
        assert page.evaluate("document.activeElement.name") == "input.prompt"
        page.select_option("#scenario", "failed")
        page.wait_for_selector("#code >> text=[scenario:failed] a red boat")
        page.click("#tried button.main")
        page.wait_for_url("**/ui/tasks/*")
        task = f"{playing}/v1/tasks/{page.url.rpartition('/')[2]}"
        wait_until(lambda: httpx.get(task, trust_env=False, timeout=60).json()["state"] == "failed")
        eyes.check()


def test_an_account_whose_provider_answers_is_said_to_work(playing: str) -> None:
    fields = {"provider": "kling", "account": "default", "back": "/providers"}
    with httpx.Client(base_url=playing, headers=BROWSER | OWN, trust_env=False, timeout=60) as http:
        asked = http.post("/ui/providers/probe", data=fields, headers={"accept-language": "zh-CN"})
        assert (asked.status_code, asked.headers["location"]) == (303, "/ui/providers")
        page = http.get("/ui/providers", headers={"accept-language": "zh-CN"}).text
    (told,) = re.findall(r'<p class="state done" role="status">(.*?)</p>', page)
    assert "kling/default" in told
    assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", told)


@pytest.mark.browser
def test_the_form_works_without_script(chromium: Chromium, playing: str) -> None:
    with open_watched(chromium, playing, locale="en-US", java_script_enabled=False) as eyes:
        page = eyes.open("/ui/try?provider=kling&operation=videos/multi-image2video")
        page.click("text=One more row")
        page.click("button:text-is('Check'):not(.unseen)")
        page.wait_for_selector("text=It would be taken in. Nothing was sent.")
        page.click("#tried button.main")
        page.wait_for_url("**/ui/tasks/*")
