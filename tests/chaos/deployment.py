"""Everything that runs in a chaos run: the provider, a receiver, and the processes that die.

Two web and two worker processes share one database. Only what is ours dies; the provider lies.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.pgbouncer import run_pgbouncer
from tests.support.postgres import PostgresServer
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.migrate import upgrade

LEASE_S = 1
PROCESSES = 2
"""Of each kind."""
SETTINGS = {
    "TRACKER_LEASE_S": f"{LEASE_S}",
    "TRACKER_SUBMIT_TIMEOUT_S": "2",
    "TRACKER_DELIVER_TIMEOUT_S": "2",
    "TRACKER_POLL_QUIET_S": "0.5",
    "TRACKER_POLL_MAX_S": "2",
    "TRACKER_LOG_LEVEL": "error",
}


@dataclass
class Deployment:
    """The processes of a run: those that can be killed, and those that cannot.

    database_url: of the database itself, whatever the processes have before it.
    database: the PostgreSQL server; None on SQLite.
    """

    database_url: str
    emulator: Emulator
    sink: Sink
    webs: list[Process]
    workers: list[Process]
    urls: list[str]
    database: PostgresServer | None

    @property
    def processes(self) -> list[Process]:
        """All of ours."""
        return self.webs + self.workers

    def strike(self, chance: Random) -> str:
        """Kill or freeze one thing; says which. What was dead before is started again."""
        self.revive()
        number = chance.randrange(len(self.processes))
        name = f"{'web' if number < PROCESSES else 'worker'} {number % PROCESSES}"
        if self.database is not None and chance.random() < 0.25:
            self.database.kill()
            return "kill -9 database"
        if chance.random() < 0.25:
            self.processes[number].signal(signal.SIGSTOP)
            return f"freeze {name}"
        self.processes[number].kill()
        return f"kill -9 {name}"

    def revive(self) -> None:
        """Start what is dead, thaw what is frozen."""
        if self.database is not None and not self.database.is_running:
            self.database.start()
        for process in self.processes:
            if process.is_alive:
                process.signal(signal.SIGCONT)
            else:
                process.start()

    def heal(self) -> None:
        """Everything runs and answers, and the provider behaves from now on."""
        self.revive()
        for url, process in zip(self.urls, self.webs, strict=True):
            wait_until_ready(url, process)

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for process in self.processes:
            if process.is_alive:
                process.kill()


@contextmanager
def built(kind: str, folder: Path, seed: int) -> Iterator[Deployment]:
    """Yield a running deployment on `sqlite`, `postgres`, or `pgbouncer` with three connections."""
    with ExitStack() as stack:
        database_url, database = f"sqlite:///{folder}/tracker.db", None
        if kind != "sqlite":
            database = PostgresServer(durable=True)
            stack.callback(database.close)
            database_url = database.start().build_url()
        upgrade(database_url)
        used_url = database_url
        if kind == "pgbouncer":
            used_url = stack.enter_context(run_pgbouncer(database_url, mode="transaction"))
        config = EmulatorConfig(
            step_seconds=0.15,
            callback_backoff_seconds=0.2,
            callback_tries=12,
            max_slots=100_000,
            max_log_entries=200_000,
            seed=seed,
        )
        emulator, sink = stack.enter_context(Emulator(config)), stack.enter_context(Sink())
        ports = [free_port() for _ in range(PROCESSES)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        # Each worker gives out the address of another web process.
        envs = [
            build_environment(
                used_url,
                folder,
                provider_url=emulator.url,
                public_url=url,
                PORT=str(port),
                **SETTINGS,
            )
            for url, port in zip(urls, ports, strict=True)
        ]
        webs = [
            Process(("serve", "--no-worker"), env, folder / f"web-{n}.log")
            for n, env in enumerate(envs)
        ]
        workers = [
            Process(("worker",), env, folder / f"worker-{n}.log") for n, env in enumerate(envs)
        ]
        deployment = Deployment(database_url, emulator, sink, webs, workers, urls, database)
        stack.callback(deployment.stop)
        deployment.heal()
        wait_until(lambda: all(process.is_alive for process in deployment.processes))
        yield deployment
