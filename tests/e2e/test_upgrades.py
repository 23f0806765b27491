"""Upgrades with data present: what the service wrote survives every migration, down and up."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.support.databases import SqliteTemplate
from tests.support.requests import build_submission
from tests.support.service import build_environment, listen, read_url, serve_to_client
from tests.support.sink import Sink
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import build_alembic_config, upgrade
from tracker.store.schema import metadata

LASTING = ("tasks", "task_inputs", "transitions", "receipts", "attempts", "idempotency_keys")
"""Tables that every revision has. The rest is of later ones, and goes with them on the way down."""
NUMBERED = [
    table.name
    for table in metadata.sorted_tables
    if table.dialect_options["sqlite"]["autoincrement"]
]
REVISIONS = [
    revision.revision
    for revision in ScriptDirectory.from_config(
        build_alembic_config("sqlite:///unused")
    ).walk_revisions()
]
"""Newest first."""

Rows = Mapping[str, list[tuple[object, ...]]]


def _world(stack: ExitStack, database_url: str, folder: Path) -> World:
    emulator = stack.enter_context(
        Emulator(EmulatorConfig(step_seconds=0.02, callback_backoff_seconds=0.02))
    )
    listener = listen()
    public = read_url(listener)
    env = build_environment(database_url, folder, provider_url=emulator.url, public_url=public)
    http = stack.enter_context(serve_to_client(env, listener=listener, workers=True))
    return World(http, emulator.url)


def _live(world: World, sink: str) -> list[str]:
    """Use everything that writes rows; the ids of the tasks."""
    made = world.http.post("/v1/endpoints", json={"url": f"{sink}/all"})
    assert made.status_code == 201, made.text
    ids = []
    for number, prompt in enumerate(("rain", "[scenario:failed]", "[scenario:duplicated=3]")):
        body = build_submission(
            external_task_id=f"task-{number}",
            metadata={"order": number},
            webhook_url=f"{sink}/one",
            operation="videos/text2video",
            input={"prompt": prompt, "callback_url": f"{sink}/kling"},
        )
        answer = world.http.post("/v1/tasks", json=body, headers={"idempotency-key": f"{number}"})
        assert answer.status_code == 202, answer.text
        ids.append(str(answer.json()["id"]))
    for id_ in ids:
        world.wait_for_end(id_)
    return ids


def _columns(db: Connection) -> dict[str, list[str]]:
    there = inspect(db)
    return {
        table: sorted(column["name"] for column in there.get_columns(table)) for table in LASTING
    }


def _rows(database_url: str, columns: Mapping[str, list[str]]) -> Rows:
    engine = open_engine(database_url)
    with engine.connect() as db:
        found = {
            table: sorted(
                (tuple(row) for row in db.execute(text(f"SELECT {', '.join(names)} FROM {table}"))),
                key=repr,
            )
            for table, names in columns.items()
        }
    engine.dispose()
    return found


class _Steps:
    """Steps of one database through the revisions, whose files are read once and not for each."""

    def __init__(self, database_url: str) -> None:
        self._config = build_alembic_config(database_url)
        self._script = ScriptDirectory.from_config(self._config)

    def go_down(self, revision: str) -> None:
        self._go(revision, self._script._downgrade_revs)

    def go_up(self, revision: str) -> None:
        self._go(revision, self._script._upgrade_revs)

    def _go(self, revision: str, find: Callable[[str, Any], Any]) -> None:
        with EnvironmentContext(
            self._config,
            self._script,
            fn=lambda current, _context: find(revision, current),
            destination_rev=revision,
        ):
            self._script.run_env()


def _columns_at_first(database_url: str) -> dict[str, list[str]]:
    engine = open_engine(database_url)
    with engine.connect() as db:
        columns = _columns(db)
    engine.dispose()
    return columns


def test_rows_survive_every_revision_down_and_up(database_url: str, tmp_path: Path) -> None:
    command.downgrade(build_alembic_config(database_url), REVISIONS[-1])
    columns = _columns_at_first(database_url)
    upgrade(database_url)
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        ids = _live(_world(stack, database_url, tmp_path), sink.url)
    before = _rows(database_url, columns)
    assert all(before[table] for table in LASTING)
    steps = _Steps(database_url)
    for revision in REVISIONS[1:]:
        steps.go_down(revision)
        assert _rows(database_url, columns) == before, f"lost on the way down to {revision}"
    for revision in reversed(REVISIONS):
        steps.go_up(revision)
        assert _rows(database_url, columns) == before, f"lost on the way up to {revision}"
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        world = _world(stack, database_url, tmp_path)
        for id_ in ids:
            world.check_history(world.read_task(id_))
        found = world.http.get("/v1/tasks", params={"metadata.order": "1"}).json()["tasks"]
        assert [task["id"] for task in found] == [ids[1]]  # metadata is searchable again
        again = world.http.post(
            "/v1/tasks",
            json=build_submission(external_task_id="later", webhook_url=f"{sink.url}/one"),
        )
        assert again.status_code == 202, again.text
        assert world.wait_for_end(again.json()["id"])["state"] == "succeeded"
        for id_ in ids:
            world.check_history(world.read_task(id_))


@pytest.fixture(scope="module", params=["as it was made", "down and up again"])
def made_tables(
    request: pytest.FixtureRequest,
    sqlite_template: SqliteTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, str]:
    """The statement that made each table: {table: SQL}."""
    url = sqlite_template.copy(tmp_path_factory.mktemp("made"))
    if request.param != "as it was made":
        command.downgrade(build_alembic_config(url), REVISIONS[-1])
        upgrade(url)
    engine = open_engine(url)
    with engine.connect() as db:
        found = db.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    engine.dispose()
    return {str(name): str(statement) for name, statement in found}


@pytest.mark.parametrize("table", NUMBERED)
def test_sqlite_never_gives_a_number_twice(made_tables: Mapping[str, str], table: str) -> None:
    """A number that was given out stays taken, also when its row has gone; a rebuilt table too."""
    assert "AUTOINCREMENT" in made_tables[table]
