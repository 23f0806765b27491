"""Tenants that share an account: a call names and lists only what its tenant made."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import HELPER_FIELDS, build_kling_callback, find_callback_path
from tests.support.service import build_environment, serve_service
from tests.support.upstream import Asked, Upstream, build_json_answer
from tests.support.waiting import wait_until
from tracker.domain.access import Scope
from tracker.providers.kling.helpers import CALLS
from tracker.providers.kling.objects import OBJECTS
from tracker.services.fronts.passing import AT_ONCE_OF_TENANT

SECRET = "a secret for tests only"
IDS = {"session": "session-of-theirs", "voice": "8001", "element": "8002"}
NAMING = sorted(path for path, call in CALLS.items() if call.names)
LISTING = sorted(path for path, call in CALLS.items() if call.lists)
MAKING = sorted(path for path, call in CALLS.items() if call.makes)
ACCOUNT = sorted(path for path, call in CALLS.items() if call.is_account)


@dataclass
class Shared:
    """A service whose tenants share an account. asked: what reached the provider."""

    database_url: str
    url: str = ""
    answer: Any = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def script(self, asked: Asked) -> list[bytes]:
        """Answer what the test wants answered."""
        self.asked.append((asked.line, b"".join(asked.body).decode()))
        answer = build_json_answer(json.dumps({"code": 0, "data": self.answer or {}}).encode())
        # The upstream hangs up after each answer: without a word, the next call might break.
        return [answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)]

    def client(self, tenant: str, **more: Any) -> httpx.Client:
        """A client with a key of a tenant."""
        headers = build_bearer(issue(self.database_url, tenant=tenant, **more))
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    def call(self, http: httpx.Client, path: str, **fields: Any) -> dict[str, Any]:
        """Make one call; what is answered."""
        method = CALLS[path].method
        sent = HELPER_FIELDS | fields if method == "POST" else None
        prefix = "" if CALLS[path].is_account else "/v1"
        answer: dict[str, Any] = http.request(method, f"{prefix}/{path}", json=sent).json()
        return answer


@pytest.fixture
def shared(database_url: str, tmp_path: Path) -> Iterator[Shared]:
    made = Shared(database_url)

    def script(asked: Asked) -> list[bytes]:
        return made.script(asked)

    with Upstream(script) as upstream:
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=upstream.url,
            public_url="https://tracker.example",
            TRACKER_CALLBACK_SECRETS=SECRET,
            TRACKER_AUTH="on",
            TRACKER_VIDU_BASE_URL=upstream.url,
            TRACKER_VIDU_API_KEY="k",
        )
        with serve_service(env, workers=False) as made.url:
            yield made


def make_all(shared: Shared, http: httpx.Client) -> None:
    """Make one object of every kind as whoever the client is."""
    for path in MAKING:
        shared.answer = {"session_id": IDS["session"]}
        assert shared.call(http, path)["data"] == shared.answer
    for operation, kind in OBJECTS.made_by.items():
        sent: dict[str, Any] = {"provider": "kling", "operation": operation}
        sent["input"] = _INPUTS[operation]
        answer = http.post("/v1/tasks", json=sent)
        assert answer.status_code == 202, answer.text
        pieces = {f"{kind}s": [{f"{kind}_id": IDS[kind], f"{kind}_name": "n"}]}
        body = build_kling_callback("succeed", task_id=operation, task_result=pieces)
        told = httpx.post(
            f"{shared.url}{find_callback_path(answer.json()['id'])}",
            content=body,
            trust_env=False,
            timeout=60,
        )
        assert told.json()["verdict"] == "advanced", told.text
    shared.asked.clear()
    shared.answer = {}


def make_video(shared: Shared, http: httpx.Client, id_: str) -> None:
    """Have a task of the client's make a video of this id."""
    sent = {"provider": "kling", "operation": "videos/text2video", "input": {"prompt": "rain"}}
    task = http.post("/v1/tasks", json=sent).json()
    video = {"id": id_, "url": "https://v.example/1.mp4", "duration": "5"}
    body = build_kling_callback("succeed", task_id=f"of-{id_}", task_result={"videos": [video]})
    url = f"{shared.url}{find_callback_path(task['id'])}"
    told = httpx.post(url, content=body, trust_env=False, timeout=60)
    assert told.json()["verdict"] == "advanced", told.text


_INPUTS: dict[str, dict[str, Any]] = {
    "general/custom-voices": {"voice_name": "n", "voice_url": "https://example.com/v.mp3"},
    "general/custom-elements": {
        "element_name": "n",
        "element_description": "d",
        "element_frontal_image": "https://example.com/1.png",
        "element_refer_list": [{"image_url": "https://example.com/2.png"}],
    },
    "general/advanced-custom-elements": {
        "element_name": "n",
        "element_description": "d",
        "reference_type": "image_refer",
        "element_image_list": {
            "frontal_image": "https://example.com/1.png",
            "refer_images": [{"image_url": "https://example.com/2.png"}],
        },
    },
}


def test_every_call_is_of_a_kind_that_is_tested_here() -> None:
    plain = {path for path, call in CALLS.items() if not call.field and not call.is_account}
    assert plain == {"videos/image-recognize"}  # it names and makes nothing
    assert {call.names for call in CALLS.values() if call.names} == set(IDS)


def test_an_object_is_named_by_its_tenant_alone(shared: Shared) -> None:
    with (
        shared.client("theirs") as them,
        shared.client("mine") as me,
        shared.client("default") as operator,
    ):
        make_all(shared, them)
        for path in NAMING:
            call = CALLS[path]
            named = {call.field: IDS[call.names or ""]}
            foreign = [shared.call(http, path, **named) for http in (me, operator)]
            assert [one["code"] for one in foreign] == [1201, 1201], path
            unknown = shared.call(me, path, **{call.field: "nobody-knows"})
            assert (unknown["message"] == foreign[0]["message"]) is not call.may_be_public
            assert len(shared.asked) == call.may_be_public, path
            assert shared.call(them, path, **named)["code"] == 0, path
            assert shared.call(operator, path, **{call.field: "nobody-knows"})["code"] == 0, path
            shared.asked.clear()


def test_an_object_that_a_path_names_is_changed_by_its_tenant_alone(shared: Shared) -> None:
    """The body might name another one: the path counts."""
    path, change = "/vidu/ent/v2/subjects", {"id": "of another", "name": "Moon"}
    with shared.client("theirs") as them, shared.client("mine") as me:
        shared.answer = {"id": "s/1"}
        assert them.post(path, json={"name": "Luna"}).status_code == 200
        shared.asked.clear()
        refused = me.put(f"{path}/s%2F1", json=change | {"id": "s/1"})
        assert (refused.status_code, shared.asked) == (400, [])
        assert them.put(f"{path}/s%2F1", json=change).status_code == 200
    [(line, body)] = shared.asked
    assert line.startswith(f"PUT {path.removeprefix('/vidu')}/s%2F1 ")
    assert json.loads(body) == {"id": "s/1", "name": "Moon"}


@pytest.mark.parametrize("value", [None, "", [], ["8001"], {"id": "8001"}, True, 1.5, "a\x00"])
def test_what_is_no_id_is_refused(shared: Shared, value: Any) -> None:
    with shared.client("mine") as me:
        for path in NAMING:
            assert shared.call(me, path, **{CALLS[path].field: value})["code"] == 1201
    assert shared.asked == []


def test_a_body_that_names_two_objects_goes_on_with_the_one_that_was_looked_at(
    shared: Shared,
) -> None:
    with shared.client("theirs") as them:
        make_all(shared, them)
    with shared.client("mine") as me:
        headers = {"content-type": "application/json"}
        two = '{"voice_id": "8001", "voice_id": "other"}'
        refused = me.post("/v1/general/delete-voices", content=two, headers=headers)
    assert refused.json()["code"] == 1201
    with shared.client("theirs") as them:
        two = '{"voice_id": "other", "voice_id": "8001"}'
        path = "/v1/general/delete-voices?voice_id=other"
        assert them.post(path, content=two, headers=headers).json()["code"] == 0
    ((line, body),) = shared.asked
    assert (line.split()[1], json.loads(body)) == (
        "/v1/general/delete-voices",
        {"voice_id": "8001"},
    )


def test_a_number_is_the_id_that_it_spells(shared: Shared) -> None:
    with shared.client("theirs") as them, shared.client("mine") as me:
        make_all(shared, them)
        assert shared.call(me, "general/delete-voices", voice_id=8001)["code"] == 1201
        assert shared.call(them, "general/delete-voices", voice_id=8001)["code"] == 0


@pytest.mark.parametrize("path", LISTING)
def test_a_list_shows_what_is_public_and_the_tenants_own(shared: Shared, path: str) -> None:
    call = CALLS[path]
    own = IDS[call.lists or ""]
    ids = [(own, "them"), ("9", "somebody"), ("1", "kling")]
    with (
        shared.client("theirs") as them,
        shared.client("mine") as me,
        shared.client("default") as operator,
    ):
        make_all(shared, them)
        listed = [{call.field: id_, "owned_by": owner} for id_, owner in ids]
        shared.answer = [{"things": listed}]
        seen = [
            [one[call.field] for one in shared.call(http, path)["data"][0]["things"]]
            for http in (them, me, operator)
        ]
    assert seen == [[own, "1"], ["1"], [own, "9", "1"]]


@pytest.mark.parametrize("path", ACCOUNT)
def test_the_account_is_the_operators_with_an_admin_key(shared: Shared, path: str) -> None:
    with (
        shared.client("mine") as me,
        shared.client("default", scopes=[Scope.TASKS_READ, Scope.TASKS_WRITE]) as clerk,
        shared.client("default") as operator,
    ):
        assert shared.call(me, path)["code"] == 1103
        assert shared.call(clerk, path)["code"] == 1103
        assert shared.asked == []
        assert shared.call(operator, path)["code"] == 0


def test_a_video_or_a_sound_is_named_by_its_tenant_alone(shared: Shared) -> None:
    paths = [path for path, call in CALLS.items() if call.more_names]
    assert paths
    with (
        shared.client("theirs") as them,
        shared.client("mine") as me,
        shared.client("default") as operator,
    ):
        make_all(shared, them)
        make_video(shared, them, "7007")
        for path in paths:
            foreign = [shared.call(http, path, video_id="7007") for http in (me, operator)]
            unknown = shared.call(me, path, video_id="nobody-knows")
            assert {one["code"] for one in (*foreign, unknown)} == {1201}, path
            assert {one["message"] for one in (*foreign, unknown)} == {unknown["message"]}
            assert "video_id" in unknown["message"]
            assert shared.asked == []
            shared.answer = {"session_id": path}
            assert shared.call(them, path, video_id="7007")["code"] == 0
            assert shared.call(operator, path, video_id="nobody-knows")["code"] == 0
            shared.asked.clear()
        shared.answer = {"task_result": {"audios": [{"id": "9009", "url": "https://a.example"}]}}
        assert shared.call(them, "audio/tts", voice_id=IDS["voice"])["code"] == 0
        sent = {
            "provider": "kling",
            "operation": "videos/avatar/image2video",
            "input": {"image": "https://example.com/1.png", "audio_id": "9009"},
        }
        answers = [http.post("/v1/tasks", json=sent) for http in (them, me, operator)]
        assert [one.status_code for one in answers] == [202, 422, 422]
        assert [one["path"] for one in answers[1].json()["errors"]] == ["input.audio_id"]


def test_one_tenant_alone_names_whatever_it_likes(shared: Shared) -> None:
    with shared.client("mine") as me:
        shared.answer = {"session_id": "s"}
        assert shared.call(me, "videos/identify-face", video_id="7")["code"] == 0
        assert shared.call(me, "general/delete-voices", voice_id="7")["code"] == 1201
        sent = {
            "provider": "kling",
            "operation": "videos/video-extend",
            "input": {"video_id": "7"},
        }
        assert me.post("/v1/tasks", json=sent).status_code == 202


def test_no_tenant_takes_the_place_of_the_others(shared: Shared) -> None:
    may_answer = threading.Event()
    script = shared.script

    def slow(asked: Asked) -> list[bytes]:
        answer = script(asked)
        if "wait" in shared.asked[-1][1]:
            may_answer.wait(60)
        return answer

    shared.script = slow  # type: ignore[method-assign] # the upstream looks it up at each call
    path = "videos/image-recognize"
    with (
        shared.client("mine") as me,
        shared.client("theirs") as them,
        ThreadPoolExecutor(AT_ONCE_OF_TENANT + 6) as threads,
    ):
        waiting = [
            threads.submit(shared.call, me, path, image=f"wait-{n}")
            for n in range(AT_ONCE_OF_TENANT + 6)
        ]
        try:
            wait_until(lambda: len(shared.asked) == AT_ONCE_OF_TENANT)
            assert shared.call(them, path)["code"] == 0
        finally:
            may_answer.set()
        assert [one.result()["code"] for one in waiting] == [0] * len(waiting)


@pytest.mark.parametrize(
    ("operation", "given", "path"),
    [
        (
            "videos/image2video",
            {"image": "https://example.com/1.png", "voice_list": [{"voice_id": IDS["voice"]}]},
            "input.voice_list[0].voice_id",
        ),
        (
            "videos/image2video",
            {
                "image": "https://example.com/1.png",
                "element_list": [{"element_id": int(IDS["element"])}],
            },
            "input.element_list[0].element_id",
        ),
        (
            "videos/multi-elements",
            {"session_id": IDS["session"], "edit_mode": "removal", "prompt": "p"},
            "input.session_id",
        ),
    ],
)
def test_the_input_of_a_task_names_only_what_its_tenant_made(
    shared: Shared, operation: str, given: dict[str, Any], path: str
) -> None:
    sent = {"provider": "kling", "operation": operation, "input": given}
    with (
        shared.client("theirs") as them,
        shared.client("mine") as me,
        shared.client("default") as operator,
    ):
        make_all(shared, them)
        for http in (me, operator):
            answer = http.post("/v1/tasks", json=sent)
            assert answer.status_code == 422, answer.text
            assert [one["path"] for one in answer.json()["errors"]] == [path]
        answer = them.post("/v1/tasks", json=sent)
        assert answer.status_code == 202, answer.text
