"""Run the tests in several processes, each forked from the one that has collected them.

`--processes 6`. Thirteen thousand tests are imported, parametrised and ordered once, which takes
as much processor time as a thousand of them; with pytest-xdist every process did it for itself, and
told a controller of each name.
"""

import contextlib
import warnings
from collections import deque
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import CaptureManager  # not exported; `-p` names it "capturemanager"

from tests.support.ordering import Dealing, sort_files_long_first

_AHEAD = 2
_TOLD_S = 0.2
"""How long a test's setup or end must take to be told of: the longest are listed."""
_END_S = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run the tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all tests in processes of their own, where several are asked for."""
    processes = min(session.config.option.processes, len(session.items))
    if processes < 2 or session.config.option.collectonly or session.testsfailed:
        return None
    Run(session).run(processes)
    return True


@dataclass
class Worker:
    """A forked process. given: the numbers of tests that it was sent and has not reported."""

    number: int
    pipe: Connection
    process: BaseProcess
    given: deque[int] = field(default_factory=deque)


class Run:
    """Deals the tests out and reports what became of them; forks a worker anew when one dies."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        items = session.items
        numbers = range(len(items))
        self._dealing = Dealing(
            sort_files_long_first(numbers, lambda number: items[number].nodeid.partition("::")[0])
        )
        self._workers: dict[Connection, Worker] = {}
        self._folder = _make_folder(session.config)

    def run(self, processes: int) -> None:
        try:
            for number in range(processes):
                self._start(number)
            while self._workers:
                for pipe in wait(list(self._workers)):
                    assert isinstance(pipe, Connection)
                    self._hear(self._workers[pipe])
        finally:
            self._end()
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _start(self, number: int) -> None:
        ours, theirs = get_context("fork").Pipe()
        others = [ours, *self._workers]
        process = get_context("fork").Process(
            target=_work, args=(self._session, number, theirs, others, self._folder)
        )
        process.start()
        theirs.close()
        self._workers[ours] = worker = Worker(number, ours, process)
        for _ in range(_AHEAD):
            self._give(worker)

    def _give(self, worker: Worker) -> None:
        test = self._dealing.choose_next(worker.number)
        with contextlib.suppress(BrokenPipeError):  # it died, which is heard next
            worker.pipe.send(test)
        if test is not None:
            worker.given.append(test)

    def _hear(self, worker: Worker) -> None:
        try:
            events = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker)
            return
        item = self._session.items[worker.given.popleft()]
        self._log(item, events)
        self._give(worker)

    def _log(self, item: pytest.Item, events: list[tuple[str, dict[str, Any]]]) -> None:
        hook = self._session.config.hook
        reports = [arguments for name, arguments in events if name == "report"]
        location = reports[0]["location"]  # to ask the item took a third of our time
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
        for name, arguments in events:
            if name == "report":
                report = hook.pytest_report_from_serializable(
                    config=self._session.config, data=arguments
                )
                hook.pytest_runtest_logreport(report=report)
            else:
                hook.pytest_warning_recorded.call_historic(kwargs=arguments)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)
        if self._session.shouldfail or self._session.shouldstop:
            self._dealing.drop()

    def _bury(self, worker: Worker) -> None:
        """Let the test that a worker died in fail, and another worker run the others."""
        del self._workers[worker.pipe]
        worker.pipe.close()
        worker.process.join()
        if not worker.given:
            assert worker.process.exitcode == 0, "a process failed after its last test"
            return
        item = self._session.items[worker.given.popleft()]
        died = pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="failed",
            longrepr=f"the process that ran it ended with {worker.process.exitcode}",
            when="call",
        )
        self._dealing.take_back(worker.number, worker.given)
        data = self._session.config.hook.pytest_report_to_serializable(
            config=self._session.config, report=died
        )
        self._log(item, [("report", data)])
        self._start(worker.number)

    def _end(self) -> None:
        """Let processes that still run, as we were interrupted, close what they opened."""
        for worker in self._workers.values():
            worker.pipe.close()
        for worker in self._workers.values():
            worker.process.join(_END_S)
            worker.process.kill()


class Events:
    """Keeps what a test's hooks are told in a worker, until it is sent."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kept: list[tuple[str, dict[str, Any]]] = []

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        kept, self._kept = self._kept, []
        return kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Two of the three reports of most tests say nothing: to pack and read them took half a
        # millisecond of each test.
        if report.when != "call" and report.passed and report.duration < _TOLD_S:
            return
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._kept.append(("report", data))

    def pytest_warning_recorded(
        self,
        warning_message: warnings.WarningMessage,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        told = {"warning_message": warning_message, "when": when}
        self._kept.append(("warning", told | {"nodeid": nodeid, "location": location}))


def _work(
    session: pytest.Session, number: int, pipe: Connection, others: list[Connection], folder: Path
) -> None:
    """Be a worker: run the tests whose numbers come through the pipe, until None does."""
    for other in others:
        other.close()
    events = _silence_reporting(session.config)
    _use_folder(session.config, folder / f"process{number}")
    try:
        current = pipe.recv()
        while current is not None:
            following = pipe.recv()
            session.config.hook.pytest_runtest_protocol(
                item=session.items[current],
                nextitem=None if following is None else session.items[following],
            )
            pipe.send(events.take())
            current = following
    except (EOFError, BrokenPipeError, KeyboardInterrupt):  # the run was interrupted
        session._setupstate.teardown_exact(None)


def _silence_reporting(config: pytest.Config) -> Events:
    """Leave the terminal, and the files for captured output, to the process that forked us."""
    config.pluginmanager.unregister(name="terminalreporter")
    events = Events(config)
    config.pluginmanager.register(events)
    capture = config.pluginmanager.getplugin("capturemanager")
    assert isinstance(capture, CaptureManager)
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    return events


def _make_folder(config: pytest.Config) -> Path:
    """The folder of this run, which is removed when all tests have passed."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.getbasetemp()


def _use_folder(config: pytest.Config, folder: Path) -> None:
    """Make temporary folders here, where no other process does."""
    folder.mkdir(exist_ok=True)
    config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
