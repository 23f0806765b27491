"""The balance of a chaos run: acknowledged, found, doubled and lost."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from sqlalchemy import text

from tests.chaos.deployment import Deployment
from tests.chaos.traffic import Callers
from tests.support.chaos import Left, look, open_reading

ENDS = {"failed": "failed", "refused": "failed"}
"""How a task ends that the provider does this to; every other one succeeds."""
UNMADE = {"refused": 0}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    acknowledged: int
    found: int
    doubled: int
    lost: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table, and everything else that is not as it should be."""

    rows: list[Row]
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing wrong."""
        return not self.wrong and all(row.doubled == row.lost == 0 for row in self.rows)

    def as_text(self) -> str:
        """For people."""
        lines = [f"{'':28}{'acknowledged':>13}{'found':>8}{'doubled':>9}{'lost':>7}"]
        for row in self.rows:
            lines.append(
                f"{row.what:28}{row.acknowledged:>13}{row.found:>8}{row.doubled:>9}{row.lost:>7}"
            )
            lines += [f"    {example}" for example in row.examples]
        return "\n".join(lines + [f"wrong: {what}" for what in self.wrong])


def judge(deployment: Deployment, callers: Callers) -> Verdict:
    """Look at everything, once it is over."""
    left = look(deployment.database_url)
    rows = [
        _submits(deployment, callers),
        _creations(deployment, callers),
        _callbacks(deployment),
        _deliveries(deployment, callers, left),
    ]
    wrong = [*callers.wrong, *left.breaks, *_ends(callers, left), *_loose(deployment)]
    return Verdict(rows, wrong[:20])


def _submits(deployment: Deployment, callers: Callers) -> Row:
    with open_reading(deployment.database_url) as db:
        found = Counter(db.scalars(text("SELECT external_task_id FROM tasks")))
    return _row("submits", callers.acknowledged, found)


def _creations(deployment: Deployment, callers: Callers) -> Row:
    """Check that the provider made one of every acknowledged task, and none of any other."""
    made = httpx.get(
        f"{deployment.emulator.url}/emulator/creations", trust_env=False, timeout=60
    ).json()
    owed = [n for n in callers.acknowledged if UNMADE.get(callers.orders[n].lies, 1)]
    return _row("creations at the provider", owed, Counter(made))


def _row(what: str, owed: Iterable[str], found: Mapping[str, int]) -> Row:
    names = set(owed)
    doubled = sorted(name for name, count in found.items() if count > 1 or name not in names)
    lost = sorted(names - found.keys())
    return Row(
        what, len(names), len(names & found.keys()), len(doubled), len(lost), _few(doubled, lost)
    )


def _callbacks(deployment: Deployment) -> Row:
    """Every callback that was answered 200 is on record, byte for byte."""
    answer = httpx.get(
        f"{deployment.emulator.url}/emulator/callbacks?limit=200000", trust_env=False, timeout=60
    ).json()
    sent = answer["callbacks"] if isinstance(answer, dict) else answer
    taken = [one["body"].encode() for one in sent if one["answer"] == 200]
    with open_reading(deployment.database_url) as db:
        kept = {
            bytes(body)
            for body in db.scalars(text("SELECT body FROM receipts WHERE body IS NOT NULL"))
        }
        moved = Counter(
            db.scalars(text("SELECT receipt_key FROM transitions WHERE receipt_key IS NOT NULL"))
        )
    lost = [body.decode()[:100] for body in taken if body not in kept]
    doubled = [f"receipt {key}" for key, count in moved.items() if count > 1]
    return Row(
        "callbacks",
        len(taken),
        len(taken) - len(lost),
        len(doubled),
        len(lost),
        _few(doubled, lost),
    )


def _deliveries(deployment: Deployment, callers: Callers, left: Left) -> Row:
    """Check that each notice was delivered, with the same bytes under one id."""
    owed = {name for name in callers.acknowledged if callers.orders[name].is_told}
    told: dict[str, set[str]] = {name: set() for name in owed}
    bodies: dict[str, set[bytes]] = {}
    for request in list(deployment.sink.received):
        name, id_ = request.path.removeprefix("/"), request.headers["webhook-id"]
        told.setdefault(name, set()).add(id_)
        bodies.setdefault(id_, set()).add(request.body)
    doubled = [name for name, ids in told.items() if len(ids) > 1 or name not in owed]
    doubled += [id_ for id_, said in bodies.items() if len(said) > 1]
    lost = [name for name in owed if not told[name] or left.owed[name] != ["delivered"]]
    found = len(owed) - len(lost)
    return Row("deliveries", len(owed), found, len(doubled), len(lost), _few(doubled, lost))


def _ends(callers: Callers, left: Left) -> list[str]:
    return [
        f"{name} ({callers.orders[name].lies or 'ok'}): is {left.states[name]}"
        for name in callers.acknowledged
        if left.states.get(name) != ENDS.get(callers.orders[name].lies, "succeeded")
    ]


def _loose(deployment: Deployment) -> list[str]:
    """List leftovers that nothing would end: slots, open attempts, jobs of finished tasks."""
    queries = {
        "tasks hold slots": "SELECT count(*) FROM tasks WHERE slots_held > 0",
        "attempts are open": "SELECT count(*) FROM attempts WHERE ended_at IS NULL",
        "jobs are left": "SELECT count(*) FROM jobs",
        "advanced receipts moved nothing": (
            "SELECT count(*) FROM receipts WHERE verdict = 'advanced' AND key NOT IN"
            " (SELECT receipt_key FROM transitions WHERE receipt_key IS NOT NULL)"
        ),
    }
    with open_reading(deployment.database_url) as db:
        counted = {what: db.scalar(text(query)) for what, query in queries.items()}
    return [f"{count} {what}" for what, count in counted.items() if count]


def is_settled(deployment: Deployment) -> bool:
    """Return true when nothing is left to be done."""
    queries = (
        "SELECT count(*) FROM tasks WHERE state IN ('queued', 'uncertain', 'submitted', 'running')",
        "SELECT count(*) FROM jobs",
        "SELECT count(*) FROM deliveries WHERE state = 'pending'",
    )
    with open_reading(deployment.database_url) as db:
        return not any(db.scalar(text(query)) for query in queries)


def _few(*lists: list[str]) -> tuple[str, ...]:
    return tuple(json.dumps(one) for many in lists for one in many[:3])
