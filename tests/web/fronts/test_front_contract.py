"""Every front and the emulated provider, asked the same: answers have the same shape."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import environment, listen, serving
from tests.support.waiting import wait_until
from tests.web.fronts.test_kling_contract import shape
from tracker.domain.task import TaskState
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.providers.ports.front import Fault, Refusal
from tracker.providers.registry import PROVIDERS

FRONTS = sorted(name for name, one in PROVIDERS.items() if one.front is not None)
Pair = tuple[httpx.Client, httpx.Client]


@dataclass(frozen=True)
class Dialect:
    """How a provider is asked. may_differ: paths that only one of the two answers has."""

    base: str
    create: str
    body: Mapping[str, Any]
    one: str
    missing: str
    word: str
    ends: frozenset[str]
    may_differ: frozenset[str] = frozenset()


DIALECTS = {
    "luma": Dialect(
        base="/luma/dream-machine/v1",
        create="/generations/video",
        body={"model": "ray-2", "prompt": "a cat"},
        one="/generations/",
        missing="/generations/3fa85f64-5717-4562-b3fc-2c963f66afa6",
        word="state",
        ends=frozenset({"completed", "failed"}),
        may_differ=frozenset({".request"}),
    ),
    "replicate": Dialect(
        base="/replicate/v1",
        create="/models/acme/picture/predictions",
        body={"input": {"prompt": "a cat"}},
        one="/predictions/",
        missing="/predictions/nobody",
        word="status",
        ends=frozenset({"succeeded", "failed", "canceled"}),
        may_differ=frozenset({".urls", ".metrics", ".logs", ".source", ".version"}),
    ),
}


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Clients of the fronts, with a provider of their own, and of the providers themselves."""
    folder: Path = tmp_path_factory.mktemp("fronts")
    config = EmulatorConfig(step_seconds=0.05)
    with ExitStack() as stack:
        behind, beside = (stack.enter_context(Emulator(config)) for _ in range(2))
        door = listen()
        given = {
            f"TRACKER_{name.upper()}_{key}": value
            for name, dialect in DIALECTS.items()
            for key, value in (
                ("BASE_URL", behind.url + dialect.base),
                ("API_KEY", DEFAULT_KEY),
            )
        }
        public = f"http://127.0.0.1:{door.getsockname()[1]}"
        env = environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=behind.url,
            public_url=public,
            **given,
        )
        url = stack.enter_context(serving(env, door=door, workers=True))
        key = {"authorization": f"Bearer {DEFAULT_KEY}"}
        front = httpx.Client(base_url=url, trust_env=False, timeout=20)
        provider = httpx.Client(base_url=beside.url, headers=key, trust_env=False, timeout=20)
        yield stack.enter_context(front), stack.enter_context(provider)


def differences(front: Any, provider: Any) -> set[str]:
    """Return the topmost paths that only one of two answers has, or with another type."""
    paths = {path for path, _ in shape(front) ^ shape(provider)}
    return {path for path in paths if path.rpartition(".")[0] not in paths}


def ended(http: httpx.Client, url: str, dialect: Dialect) -> Any:
    """Return the answer once the task is over."""
    last: dict[str, Any] = {}

    def is_over() -> bool:
        last.update(http.get(url).raise_for_status().json())
        return last[dialect.word] in dialect.ends

    wait_until(is_over)
    return last


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_task_is_shown_as_its_provider_shows_it(pair: Pair, name: str) -> None:
    dialect = DIALECTS[name]
    made = [http.post(dialect.base + dialect.create, json=dialect.body) for http in pair]
    assert made[0].status_code == made[1].status_code == 201
    ends = []
    for http, answer in zip(pair, made, strict=True):
        url = f"{dialect.base}{dialect.one}{answer.json()['id']}"
        ends.append(ended(http, url, dialect))
    found = differences(*ends)
    assert {path for path in found if f".{path.split('.')[1]}" not in dialect.may_differ} == set()
    assert ends[0][dialect.word] == ends[1][dialect.word]


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_mistake_has_the_providers_status_and_envelope(pair: Pair, name: str) -> None:
    dialect = DIALECTS[name]
    front, provider = (http.get(dialect.base + dialect.missing) for http in pair)
    assert front.status_code == provider.status_code == 404
    assert set(front.json()) >= {"detail"} <= set(provider.json())


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", FRONTS)
def test_every_fault_has_an_answer_of_its_provider(name: str, fault: Fault) -> None:
    front = PROVIDERS[name].front
    assert front is not None
    answer = front.refuse(Refusal(fault, "the reason"), "id")
    assert 400 <= answer.status < 600
    assert answer.body
    if fault in (Fault.NO_KEY, Fault.BAD_KEY, Fault.EXPIRED_KEY, Fault.EARLY_KEY):
        assert answer.status == 401


def test_luma_clients_are_told_not_to_repeat_what_stays_wrong(pair: Pair) -> None:
    dialect = DIALECTS["luma"]
    answer = pair[0].post(dialect.base + dialect.create, json={"model": "ray-2", "prompt": 7})
    assert answer.status_code == 422
    assert answer.headers["x-should-retry"] == "false"


def test_replicate_holds_a_create_until_its_end(pair: Pair) -> None:
    dialect = DIALECTS["replicate"]
    answer = pair[0].post(
        dialect.base + dialect.create, json=dialect.body, headers={"prefer": "wait"}
    )
    assert (answer.status_code, answer.json()["status"]) == (201, TaskState.SUCCEEDED.value)
    assert answer.json()["output"]
