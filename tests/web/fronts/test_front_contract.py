"""Every front and the emulated provider, asked the same: answers have the same shape."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair, asked_until, differences, field_of, paired
from tracker.domain.task import TaskState
from tracker.providers.ports.front_call import Fault, FrontRefusal
from tracker.providers.registry import PROVIDERS

FRONTS = sorted(name for name, one in PROVIDERS.items() if one.front is not None)


@dataclass(frozen=True)
class Dialect:
    """How a provider is asked, at its emulator and at our front; of one more: dialects/NAME.json.

    base:    of both, below their hosts; also the base URL of the account.
    create:  path of a create, by POST, and its `body`; `id_in`: field of the id in the answer,
             whose HTTP `status` it is.
    one:     path that shows a task, up to its id; `missing`: the same of none.
    word:    field of the status, and the words that end a task, `ends`.
    may_differ: topmost paths that only one of the two answers has.
    """

    base: str
    create: str
    body: Mapping[str, Any]
    one: str
    missing: str
    word: str
    ends: frozenset[str]
    may_differ: frozenset[str] = frozenset()
    id_in: str = "id"
    status: int = 201


def _recorded(path: Path) -> Dialect:
    fields = json.loads(path.read_text())
    sets = {name: frozenset(fields.get(name, ())) for name in ("ends", "may_differ")}
    return Dialect(**fields | sets)


_FOLDER = Path(__file__).with_name("dialects")
DIALECTS = {
    "kling": Dialect(
        base="/kling",
        create="/v1/videos/text2video",
        body={"prompt": "a cat"},
        one="/v1/videos/text2video/",
        missing="/v1/videos/text2video/nobody",
        word="data.task_status",
        ends=frozenset({"succeed", "failed"}),
        # As docs/reference/kling-front.md lists them.
        may_differ=frozenset({".data"}),
        id_in="data.task_id",
        status=200,
    ),
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
    "luma agents": Dialect(
        base="/luma-agents/v1",
        create="/generations",
        body={"type": "video", "model": "ray-3.2", "prompt": "a cat"},
        one="/generations/",
        missing="/generations/3fa85f64-5717-4562-b3fc-2c963f66afa6",
        word="state",
        ends=frozenset({"completed", "failed"}),
    ),
    **{path.stem: _recorded(path) for path in sorted(_FOLDER.glob("*.json"))},
}

AGENTS = """
[accounts.luma.agents]
base_url = "HOST/luma-agents/v1"
profile = "agents"
api_key = "emulator-key"
"""


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Clients of the fronts, with a provider of their own, and of the providers themselves."""
    bases = {name: one.base for name, one in DIALECTS.items() if name in PROVIDERS}
    folder = tmp_path_factory.mktemp("fronts")
    with paired(sqlite_template, folder, bases, accounts=AGENTS) as found:
        yield found


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_task_is_shown_as_its_provider_shows_it(pair: Pair, name: str) -> None:
    dialect = DIALECTS[name]
    made = [http.post(dialect.base + dialect.create, json=dialect.body) for http in pair]
    assert made[0].status_code == made[1].status_code == dialect.status
    ends = [
        asked_until(
            http,
            f"{dialect.base}{dialect.one}{field_of(answer.json(), dialect.id_in)}",
            lambda found: field_of(found, dialect.word) in dialect.ends,
        )
        for http, answer in zip(pair, made, strict=True)
    ]
    found = differences(*ends)
    assert {path for path in found if f".{path.split('.')[1]}" not in dialect.may_differ} == set()
    assert field_of(ends[0], dialect.word) == field_of(ends[1], dialect.word)


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_mistake_has_the_providers_status_and_envelope(pair: Pair, name: str) -> None:
    dialect = DIALECTS[name]
    front, provider = (http.get(dialect.base + dialect.missing) for http in pair)
    assert front.status_code == provider.status_code >= 400
    assert differences(front.json(), provider.json()) == set()


KEY_STATUS = {"flux": 403}
"""Of a call without a good key, where the provider does not say 401."""


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", FRONTS)
def test_every_fault_has_an_answer_of_its_provider(name: str, fault: Fault) -> None:
    front = PROVIDERS[name].front
    assert front is not None
    answer = front.refuse(FrontRefusal(fault, "the reason"), "id")
    assert 400 <= answer.status < 600
    assert answer.body
    if fault in (Fault.NO_KEY, Fault.BAD_KEY, Fault.EXPIRED_KEY, Fault.EARLY_KEY):
        assert answer.status == KEY_STATUS.get(name, 401)


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
