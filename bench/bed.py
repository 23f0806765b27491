"""Where everything is measured: databases, the service on them, the references beside it."""

import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import text

from bench import fill
from bench.load import request
from bench.processes import SERVER_CORE, Server, server
from tests.support.postgres import PostgresServer
from tests.support.s3 import BUCKET, serve_emulated_s3
from tracker.domain import token
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import upgrade

SECRET = "a secret for measuring only"
BOTH = ("sqlite", "postgresql")
_LOG_FILES = 32
"""Of 16 MB: more than any load here writes between two checkpoints."""
STATUSES = ("submitted", "processing", "succeed")


@dataclass
class Bed:
    """One run of the bench.

    seconds, rounds: how long one load is, and how many of each are taken.
    kinds:           databases of the rows that take long.
    """

    folder: Path
    quick: bool
    stack: ExitStack
    seconds: float
    rounds: int
    kinds: Sequence[str] = BOTH
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _postgres: PostgresServer | None = None

    def postgres_url(self, database: str = "postgres") -> str:
        """A database on the one server, which syncs to the disk. Started when first asked for."""
        if self._postgres is None:
            self._postgres = PostgresServer(durable=True)
            self.stack.callback(self._postgres.close)
            self._postgres.start()
            _age(self._postgres.build_url())
        return self._postgres.build_url(database)

    def empty(self, kind: str) -> str:
        """The address of a database with nothing in it."""
        name = f"bench{next(self._numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        with psycopg.connect(self.postgres_url(), autocommit=True) as db:
            db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.postgres_url(name)

    def migrated(self, kind: str) -> str:
        """The address of a database with our tables in it."""
        url = self.empty(kind)
        upgrade(url)
        return url

    @contextmanager
    def service(
        self,
        url: str,
        *options: str,
        cores: set[int] = SERVER_CORE,
        **more: str,
    ) -> Iterator[Server]:
        """`tracker serve` on a database, with the settings that it is shipped with."""
        env = {
            "DATABASE_URL": url,
            "TRACKER_DATA_DIR": str(self.folder),
            "TRACKER_PUBLIC_URL": "http://127.0.0.1:1",
            "TRACKER_CALLBACK_SECRETS": SECRET,
            "TRACKER_KLING_API_KEY": "a-key-for-measuring-only",
            "TRACKER_KLING_BASE_URL": "http://127.0.0.1:9",
            "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
        }
        arguments = ["tracker", "serve", *options]
        with server(
            arguments, self.folder, env=env | more, ready="/readyz", cores=cores
        ) as running:
            yield running

    @contextmanager
    def plain(self, app: str, *, url: str = "") -> Iterator[Server]:
        """A reference from this folder, under uvicorn with our own options."""
        words = ["uvicorn", f"bench.{app}:app", "--port", "{port}", "--no-access-log"]
        with server(
            [*words, "--log-level", "warning", "--no-server-header"],
            self.folder,
            env={"DATABASE_URL": url},
            ready="/ready",
        ) as running:
            yield running


@contextmanager
def in_s3() -> Iterator[str]:
    """A bucket for whatever is started meanwhile; yields the address of its store."""
    with serve_emulated_s3() as given:
        os.environ.update(given)
        yield f"s3://{BUCKET}/kept"
        for name in given:
            del os.environ[name]


def _age(url: str) -> None:
    """Give a new PostgreSQL server the log files that one has which has run for a while.

    It goes on writing into old ones; a new server makes and syncs 16 MB every half second instead,
    and everybody waits 45 ms for it.
    """
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("ALTER SYSTEM SET min_wal_size = '1GB'")
        db.execute("SELECT pg_reload_conf()")
        for _ in range(_LOG_FILES):
            db.execute("SELECT pg_logical_emit_message(false, 'bench', '')")
            db.execute("SELECT pg_switch_wal()")
        db.execute("CHECKPOINT")


def counts(url: str, *tables: str) -> list[int]:
    """Return how many rows each table has."""
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    with engine.connect() as db:
        found = [db.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables]
    engine.dispose()
    return found


MEDIA = "https://media.example"
"""Begins the URLs of results. It is out of reach here."""


def callback_body(number: int, status: str, media: str = MEDIA) -> bytes:
    """Build Kling's callback about task `number`: 1,024 bytes. media: begins its result's URL."""
    said = {
        "task_id": f"88{number:016d}",
        "task_status": status,
        "task_status_msg": "",
        "task_info": {"external_task_id": f"b-{number}"},
        "created_at": 1795500001250,
        "updated_at": 1795500093480,
        "prompt": "",
    }
    if status == "succeed":
        url = f"{media}/".ljust(322, "x") + ".mp4"
        said["task_result"] = {"videos": [{"id": "9", "url": url, "duration": "5.041"}]}
    said["prompt"] = "x" * (1024 - len(json.dumps(said)))
    return json.dumps(said).encode()


def callback(number: int, status: str, media: str = MEDIA) -> bytes:
    """A whole request to the task's own callback URL."""
    subject = str(fill.task_id(number))
    secret = token.sign(SECRET.encode(), "kling", subject)
    return request(
        "POST", f"/callbacks/kling/{subject}/{secret}", callback_body(number, status, media)
    )


def lanes(requests: Sequence[Sequence[bytes]], connections: int) -> list[Iterator[bytes]]:
    """Groups of requests dealt out to connections; one group stays on one connection, in order."""
    return [
        itertools.chain.from_iterable(requests[place::connections]) for place in range(connections)
    ]
