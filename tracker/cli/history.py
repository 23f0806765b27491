"""The history of one task, and the evidence for it, for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.shared import print_fields
from tracker.cli.table import Column, print_table
from tracker.cli.words import format_value

if TYPE_CHECKING:
    from tracker.cli.server import Server

_TRANSITIONS = (
    Column("v", "id"),
    Column("to", "state"),
    Column("source"),
    Column("at", "time"),
    Column("evidence"),
    Column("actor"),
    Column("from"),
    Column("message", "text"),
)
_PARTS = {
    "attempts": (
        Column("id", "id"),
        Column("outcome", "state"),
        Column("started_at", "time"),
        Column("certainty"),
        Column("http_status"),
        Column("code"),
        Column("latency_ms"),
        Column("message", "text"),
    ),
    "receipts": (
        Column("id", "id"),
        Column("verdict", "state"),
        Column("source"),
        Column("received_at", "time"),
        Column("size_bytes"),
        Column("reason", "text"),
    ),
    "deliveries": (
        Column("id", "id"),
        Column("event"),
        Column("state", "state"),
        Column("attempts"),
        Column("last_status"),
        Column("next_attempt_at", "time"),
        Column("url", "text"),
        Column("last_error", "text"),
    ),
}
"""The columns shown of each part of a history, the most important first."""


def fetch_history(server: "Server", task_id: str) -> dict[str, Any]:
    """Fetch a task's transitions, attempts, receipts and deliveries."""
    parts = ("transitions", "attempts", "receipts", "deliveries")
    return {part: server.get(f"/v1/tasks/{task_id}/{part}")[part] for part in parts}


def print_history(parts: dict[str, Any], *, wide: bool = False) -> None:
    """Print the history of one task."""
    names = {("attempt", one["id"]): f"a{one['number']}" for one in parts["attempts"]}
    names |= {("receipt", one["id"]): f"r{one['id']}" for one in parts["receipts"]}
    rows = [_step(one, names) for one in parts["transitions"]]
    print_table("history", _TRANSITIONS, rows, wide=wide)
    for part, columns in _PARTS.items():
        if parts[part]:
            click.echo()
            kind = part.removesuffix("s")
            named = [one | {"id": names.get((kind, one["id"]), one["id"])} for one in parts[part]]
            print_table(part, columns, named, wide=wide)


def print_task(task: dict[str, Any]) -> None:
    """Print one task: what it has, and nothing that it has not."""
    fields = {name: value for name, value in task.items() if value not in (None, {}, [], False)}
    if fields.get("external_task_id") == task["id"]:
        del fields["external_task_id"]  # then it has none of its own
    result = fields.pop("result", None) or {"artifacts": []}
    error = fields.pop("error", None)
    if error:
        fields["error"] = " ".join(filter(None, (error["type"], error["code"], error["message"])))
    for number, piece in enumerate(result["artifacts"]):
        fields[f"result[{number}]"] = f"{format_value(piece['kind'])} {format_value(piece['url'])}"
        if asset := piece.get("asset"):
            told = (asset["state"], asset["bytes"], asset["url"] or asset["reason"])
            fields[f"kept[{number}]"] = " ".join(
                format_value(one) for one in told if one is not None
            )
    print_fields(fields)


def _step(transition: dict[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return the row of a step. names: of attempts and receipts, as the dashboard has them."""
    found = transition["evidence"]
    key = (found["type"], found["id"]) if found else None
    return transition | {
        "v": transition["version"],
        "evidence": names.get(key, " ".join(key)) if key else None,
    }
