"""The table: what is asked for, what was measured, how it stands."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
PAGE = RESULTS.parents[1] / "docs" / "explanation" / "performance.md"
_BEGIN, _END = "<!-- table: written by make bench -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Asked:
    """The target of one row. is_limit: smaller is better."""

    name: str
    must: float
    aim: float
    unit: str = ""
    is_limit: bool = False

    def standing(self, value: float) -> str:
        """Return how a value stands."""
        return (
            "aim"
            if self._reached(value, self.aim)
            else ("must" if self._reached(value, self.must) else "**miss**")
        )

    def _reached(self, value: float, mark: float) -> bool:
        return value <= mark if self.is_limit else value >= mark


ASKED: Mapping[str, Asked] = {
    "1": Asked("callbacks/s on SQLite ÷ echo, 64 connections", 0.40, 0.60),
    "2": Asked("callbacks/s on PostgreSQL ÷ the same echo", 0.35, 0.60),
    "3": Asked("callbacks/s ÷ textbook service, SQLite", 12, 20),
    "4": Asked("callbacks/s ÷ textbook service, PostgreSQL", 10, 20),
    "5": Asked("textbook p99 ÷ ours, same load", 8, 15),
    "6": Asked("one connection: p50 ÷ a single-row commit", 3, 2, is_limit=True),
    "7": Asked("submits/s ÷ echo, SQLite", 0.15, 0.30),
    "8": Asked("GET one task ÷ bare GET of the same size", 0.40, 0.65),
    "9": Asked("memory of an idle waiter", 20, 12, " KB", is_limit=True),
    "10": Asked("commit to woken waiter, same process, p95", 20, 5, " ms", is_limit=True),
    "10x": Asked("commit to woken waiter, other process, p95", 300, 50, " ms", is_limit=True),
    "11": Asked("read at 10⁶ tasks ÷ at 10⁴, p50", 2, 1.3, is_limit=True),
    "12": Asked("callbacks/s with 10⁶ tasks of history ÷ with 10⁴", 0.7, 0.9),
    "13": Asked("two web processes ÷ one, PostgreSQL, 256 connections", 1.1, 1.4),
    "14": Asked("web process: resident memory idle", 90, 60, " MB", is_limit=True),
    "14x": Asked("web process: start to first answer", 1.5, 0.8, " s", is_limit=True),
    "15": Asked("deliveries/s of one worker, all committed ÷ a bare httpx loop", 0.5, 0.8),
    "15x": Asked("deliveries/s with one dead endpoint among ten ÷ without it", 0.7, 0.9),
    "16": Asked("create at a front ÷ POST /v1/tasks, p50, 64 callers", 1.3, 1.1, is_limit=True),
    "17": Asked("10,000 open tasks: age of the last look ÷ planned, p95", 1.5, 1.2, is_limit=True),
    "17x": Asked("10,000 open tasks: one worker's share of a core", 40, 20, " %", is_limit=True),
    "20": Asked("files lost or not whole, workers killed at random", 0, 0, is_limit=True),
    "21": Asked("16 fetches at once ÷ a bare download loop", 0.6, 0.8),
    "21x": Asked("16 fetches at once: more memory", 100, 60, " MB", is_limit=True),
    "22": Asked("callbacks/s with fetching beside ÷ without", 0.9, 0.95),
    "23": Asked("an answer with a file of 100 MB: more memory", 32, 16, " MB", is_limit=True),
    "24": Asked(
        "first byte of a kept file, by a link ÷ a bare static server", 2, 1.3, is_limit=True
    ),
    "25": Asked(
        "heap of `tasks` after 3 callbacks each ÷ its rows written anew", 1.5, 1.2, is_limit=True
    ),
    "25x": Asked("heap-only updates of `tasks` ÷ all, 3 callbacks each", 0.6, 0.8),
    "26": Asked("receipts/s of a dry run that reads them again", 5_000, 10_000),
    "27": Asked("200 synchronous calls at once ÷ without them, p99", 1.5, 1.2, is_limit=True),
    "27x": Asked("200 synchronous calls at once: more memory", 150, 100, " MB", is_limit=True),
    "28": Asked("callbacks/s with metrics ÷ without", 0.99, 1.0),
    "28x": Asked("callbacks/s with traces, 1 % of callbacks ÷ without", 0.97, 0.99),
    "29": Asked("callbacks' p99 beside a backup every 10 s ÷ without", 2, 1.5, is_limit=True),
    "30": Asked("processor time of a command", 0.25, 0.2, " s", is_limit=True),
    "30x": Asked("processor time of a completion", 0.2, 0.15, " s", is_limit=True),
    "31": Asked(
        "a page of tasks at 10⁶, with and without a filter, p95", 60, 30, " ms", is_limit=True
    ),
    "31x": Asked("a page of tasks ÷ `GET /v1/tasks?limit=50`, p95", 4, 3, is_limit=True),
    "32": Asked("the page of a task with a long history, p95", 60, 40, " ms", is_limit=True),
    "33": Asked("a page of 50 tasks, on the wire", 12, 10, " KB", is_limit=True),
    "33x": Asked("a first visit in all", 60, 50, " KB", is_limit=True),
    "34": Asked("first paint of a first visit, Chromium", 700, 400, " ms", is_limit=True),
    "34x": Asked("first paint of a later one", 400, 250, " ms", is_limit=True),
    "35": Asked("sent to one watcher a second, whatever moves", 60, 50, " KB", is_limit=True),
    "35x": Asked("memory of an idle watcher of a page", 15, 12, " KB", is_limit=True),
    "36": Asked("elements of a page of 50 tasks", 1_500, 1_200, is_limit=True),
    "37": Asked("tasks/s that retention drops whole, PostgreSQL", 5_000, 8_000),
    "37x": Asked("tasks/s that retention drops whole, SQLite", 3_000, 5_000),
    "38": Asked("callbacks' p99 with retention beside ÷ without", 1.5, 1.2, is_limit=True),
    "39": Asked(
        "acknowledged and lost, or missed in the feed, in ten failovers", 0, 0, is_limit=True
    ),
    "39x": Asked("first acknowledgement after a promotion, slowest", 1, 0.5, " s", is_limit=True),
    "40": Asked(
        "size of the database in thirty days ÷ after the first window", 1.2, 1.1, is_limit=True
    ),
    "40x": Asked("lost, missed in the feed, or wrong alerts in thirty days", 0, 0, is_limit=True),
}
"""By row. An `x` marks the second figure of a row."""


@dataclass(frozen=True)
class Figure:
    """One figure. of: which of a row's several it is; raw: what was measured, with units."""

    row: str
    value: float
    raw: str
    of: str = ""


def keep(figures: Sequence[Figure], *, command: str, is_quick: bool) -> None:
    """Put figures into the results file in the place of older ones; quick ones are not kept."""
    if is_quick:
        return
    known: list[dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    fresh = {(figure.row, figure.of.partition(",")[0]) for figure in figures}
    about = {"command": command, "at": datetime.now(UTC).strftime("%Y-%m-%d")}
    kept = [one for one in known if (one["row"], one["of"].partition(",")[0]) not in fresh]
    kept += [asdict(figure) | about for figure in figures]
    kept.sort(key=lambda one: list(ASKED).index(one["row"]))
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    _write_page(kept)


def render(figures: Sequence[Mapping[str, Any]]) -> str:
    """The table in Markdown."""
    lines = [
        "| # | figure | must | aim | measured | stands | raw figures |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in figures:
        asked = ASKED[figure["row"]]
        sign = "≤ " if asked.is_limit else ""
        name = f"{asked.name}: {figure['of']}" if figure["of"] else asked.name
        lines.append(
            f"| {figure['row'].rstrip('x')} | {name} | {sign}{asked.must:g}{asked.unit} "
            f"| {sign}{asked.aim:g}{asked.unit} | {figure['value']:.3g}{asked.unit} "
            f"| {asked.standing(figure['value'])} | {figure['raw']} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """Describe the machine that the measurement ran on."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    system = f"{platform.system()} {platform.release()}, CPython {platform.python_version()}"
    return f"{len(models)} × {models[0] if models else platform.machine()}, {system}"


def _write_page(kept: Sequence[Mapping[str, Any]]) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = f"{render(kept)}\n\nMachine: {machine()}."
    PAGE.write_text(f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}")
