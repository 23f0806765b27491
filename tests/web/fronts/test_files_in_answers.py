"""Creates whose answer is the result, in a whole running service: held, kept, found, made once."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.made_up import NAME, PAINT, MadeUp, make_made_up
from tests.support.made_up_server import MadeUpServer
from tests.support.raw import build_request, dial
from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000 + b"\x00"
OTHER = PNG[:-1]
PRICES = """
[[price]]
provider = "made-up"
operation = "paint"
unit = "task"
amount = "0.25"
currency = "EUR"
"""
RETRY = {"x-stainless-retry-count": "1", "content-type": "application/json"}
URL = f"/made-up/make/{PAINT}?wait=600"


def statement(*files: bytes) -> dict[str, Any]:
    """Return what the provider says of a success with these files."""
    pieces = [
        {"kind": "image", "key": str(n), "url": b64encode(one).decode()}
        for n, one in enumerate(files)
    ]
    return {"status": "succeeded", "pieces": pieces}


@dataclass
class FilesScene:
    """A service with web and workers, and its provider. kept: the folder of files."""

    http: httpx.Client
    provider: MadeUpServer
    kept: Path
    shared: Shared

    def body(self, prompt: str, *files: bytes, **plan: Any) -> dict[str, Any]:
        """Return the body of a create that is answered with these files."""
        return {"prompt": prompt, "plan": {"paint": statement(*files), **plan}}


@pytest.fixture(scope="module")
def scene(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FilesScene]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "tracker.toml").write_text(PRICES)
    with ExitStack() as stack:
        provider = stack.enter_context(MadeUpServer())
        env = build_environment(
            shared_database_url,
            folder,
            provider_url="http://127.0.0.1:9",
            public_url=None,
            TRACKER_CONFIG=str(folder / "tracker.toml"),
            TRACKER_MADE_UP_BASE_URL=provider.url,
            TRACKER_MADE_UP_API_KEY="a-key-of-ours",
            **KEEPING_FILES,
        )
        providers = {**PROVIDERS, NAME: make_made_up(MadeUp(Finds.NEVER))}
        url = stack.enter_context(serve_service(env, workers=True, providers=providers))
        shared = Shared(url, shared_database_url)
        http = stack.enter_context(shared.client())
        yield FilesScene(http, provider, folder / "assets", shared)


@pytest.fixture(autouse=True)
def _held(scene: FilesScene) -> None:
    scene.provider.may_go_on.clear()


def test_a_held_create_is_answered_with_the_files_and_so_is_the_task_by_its_id(
    scene: FilesScene,
) -> None:
    answer = scene.http.post(URL, json=scene.body("two", PNG, OTHER))
    told = answer.json()
    assert (answer.status_code, told["state"]) == (201, "succeeded")
    assert [b64decode(one) for one in told["files"]] == [PNG, OTHER]
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert scene.http.get(f"/made-up/tasks/{told['id']}").json()["files"] == told["files"]
    assert scene.http.get(told["urls"][0]).content == PNG
    # Neither the ledger nor any row holds the file itself.
    attempts = scene.http.get(f"/v1/tasks/{told['id']}/attempts").text
    assert len(attempts) < 4000


def test_a_client_that_goes_away_ends_nothing_and_finds_its_result(scene: FilesScene) -> None:
    body = json.dumps(scene.body("left", PNG, hold=1)).encode()
    before = set(scene.provider.creations)
    key = f"authorization: {scene.http.headers['authorization']}"
    with dial(scene.shared.url) as line:
        line.sendall(build_request(URL, body, "content-type: application/json", key))
        wait_until(lambda: len(scene.provider.creations) > len(before))
    [id_] = set(scene.provider.creations) - before
    again: list[httpx.Response] = []
    repeating = threading.Thread(
        target=lambda: again.append(scene.http.post(URL, content=body, headers=RETRY))
    )
    repeating.start()
    scene.provider.may_go_on.set()
    repeating.join(60)
    [repeated] = again
    assert repeated.json()["id"] == id_
    assert b64decode(repeated.json()["files"][0]) == PNG
    assert scene.provider.creations[id_] == 1
    assert scene.http.get(f"/made-up/tasks/{id_}").json()["files"] == repeated.json()["files"]


def test_a_key_that_comes_again_while_its_call_is_open_waits_for_the_same_files(
    scene: FilesScene,
) -> None:
    body, key = scene.body("keyed", PNG, hold=1), {"idempotency-key": "while it is open"}
    before = set(scene.provider.creations)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(scene.http.post, URL, json=body, headers=key) for _ in range(3)]
        wait_until(lambda: len(scene.provider.creations) > len(before))
        other = scene.http.post(URL, json=scene.body("another", PNG), headers=key)
        scene.provider.may_go_on.set()
        told = [one.result(60).json() for one in asked]
    assert other.status_code == 409, other.text
    [id_] = set(scene.provider.creations) - before
    assert {one["id"] for one in told} == {id_}, told
    assert [b64decode(one["files"][0]) for one in told] == [PNG] * 3
    assert scene.provider.creations[id_] == 1


@pytest.mark.parametrize("plan", [{"lose": 1}, {"half": 1}])
def test_a_call_that_breaks_is_uncertain_maybe_billed_and_never_made_again(
    scene: FilesScene, plan: dict[str, int]
) -> None:
    key = issue(scene.shared.database_url, tenant=f"broken-{next(iter(plan))}")
    with httpx.Client(
        base_url=scene.shared.url, headers=build_bearer(key), trust_env=False, timeout=60
    ) as http:
        url = URL.replace("wait=600", "wait=0")
        made = http.post(url, json=scene.body("broken", PNG, **plan)).json()
        task_url = f"/v1/tasks/{made['id']}"
        wait_until(lambda: http.get(task_url).json()["state"] == "uncertain")
        [attempt] = http.get(f"{task_url}/attempts").json()["attempts"]
        assert attempt["outcome"] == "unknown"
        costs = http.get("/v1/costs", params={"by": "operation"}).text
        told = json.loads(costs)
        assert [one["possible"] for one in told["costs"]] == ["0.25"], told
        again = http.post(url, json=scene.body("broken", PNG, **plan), headers=RETRY)
        assert again.json()["id"] == made["id"]
    assert scene.provider.creations[made["id"]] == 1
    assert not list(scene.kept.glob(".parts/*"))


def test_a_file_that_is_gone_is_refused(scene: FilesScene) -> None:
    told = scene.http.post(URL, json=scene.body("secret", PNG)).json()
    shown = f"/made-up/tasks/{told['id']}"
    raw = scene.http.get(f"/v1/tasks/{told['id']}").json()
    [asset] = [one["asset"]["id"] for one in raw["result"]["artifacts"]]
    [path] = scene.kept.rglob(f"*{asset}*")
    path.unlink()
    answer = scene.http.get(shown)
    assert (answer.status_code, answer.json()["no"]) == (404, "not_found")
