"""`tracker doctor` on the processes of a database: work that nobody does, clocks, secrets."""

from pathlib import Path

import pytest

from tests.support import history
from tests.support.service import build_environment
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.processes import examine_processes
from tracker.clock import SystemClock, make_id
from tracker.domain import presence
from tracker.domain.task import TaskState
from tracker.settings import Settings
from tracker.store import processes, secret_marks, tasks
from tracker.store.driver.engine import open_engine
from tracker.store.processes import Process

SECRET = "a secret for tests only"
OURS = [presence.mark(SECRET.encode())]
THEIRS = [presence.mark(b"another secret, of somebody else")]


def _found(database_url: str, folder: Path, *running: Process) -> dict[str, Finding]:
    """Return what doctor finds where these processes run, by what it is about."""
    engine = open_engine(database_url)
    with engine.begin() as db:
        for process in running:
            processes.record(db, process)
    engine.dispose()
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_CALLBACK_SECRETS=SECRET,
    )
    return {one.about: one for one in examine_processes(Settings.read_environment(env))}


def _process(
    *, is_worker: bool = True, ahead_ms: int = 0, marks: list[str] | None = None
) -> Process:
    return Process(
        make_id(), is_worker, SystemClock().now(), ahead_ms, OURS if marks is None else marks
    )


def test_processes_that_fit_together_are_fine(database_url: str, tmp_path: Path) -> None:
    found = _found(database_url, tmp_path, _process(), _process(is_worker=False))
    assert {about: one.level for about, one in found.items()} == {"processes": "ok"}
    assert "2 run" in found["processes"].text


def test_that_nothing_runs_is_a_note(database_url: str, tmp_path: Path) -> None:
    found = _found(database_url, tmp_path)["processes"]
    assert found.level == "note"
    assert "`tracker serve`" in found.text


def test_that_no_process_works_is_an_error(database_url: str, tmp_path: Path) -> None:
    found = _found(database_url, tmp_path, _process(is_worker=False))["processes"]
    assert (found.level, found.text) == ("error", presence.NO_WORKER)


@pytest.mark.parametrize(
    ("ahead_ms", "way"), [(20_000, "20.0 s ahead of"), (-3_500, "3.5 s behind")]
)
def test_a_clock_that_is_off_is_an_error(
    database_url: str, tmp_path: Path, ahead_ms: int, way: str
) -> None:
    found = _found(database_url, tmp_path, _process(ahead_ms=ahead_ms))["clock"]
    assert found.level == "error"
    assert way in found.text


def test_different_secrets_are_an_error(database_url: str, tmp_path: Path) -> None:
    found = _found(database_url, tmp_path, _process(), _process(marks=THEIRS))
    told = found["TRACKER_CALLBACK_SECRETS"]
    assert (told.level, told.text) == ("error", presence.SECRETS_DIFFER)


def test_a_secret_that_is_being_replaced_is_fine(database_url: str, tmp_path: Path) -> None:
    found = _found(database_url, tmp_path, _process(marks=[*OURS, *THEIRS]))
    assert "TRACKER_CALLBACK_SECRETS" not in found


def test_a_secret_that_open_tasks_need_and_nobody_has_is_an_error(
    database_url: str, tmp_path: Path
) -> None:
    now, engine = SystemClock().now(), open_engine(database_url)
    sent = history.make_task(state=TaskState.SUBMITTED, give_up_at=now, created_at=now)
    with engine.begin() as db:
        secret_marks.sign(db, THEIRS[0], now=now)
    assert "TRACKER_CALLBACK_SECRETS" not in _found(database_url, tmp_path, _process())
    with engine.begin() as db:
        tasks.insert_many(db, [sent])
    engine.dispose()
    told = _found(database_url, tmp_path)["TRACKER_CALLBACK_SECRETS"]
    assert (told.level, told.text) == ("error", presence.RING_LACKS)
