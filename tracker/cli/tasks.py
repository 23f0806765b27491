"""`tracker tasks`: list, show, wait."""

import sys
from typing import Any

import click

from tracker.cli.remote import KEY, URL, Server, connect
from tracker.cli.shared import OUTPUT, emit, print_table
from tracker.cli.submit import print_task, wait_for


@click.group()
def tasks() -> None:
    """Look at tasks on a running service."""


@tasks.command("list")
@URL
@KEY
@OUTPUT
@click.option("--provider")
@click.option("--operation")
@click.option("--state", multiple=True, help="Repeatable.")
@click.option("--external-task-id")
@click.option("--limit", type=int, default=50, show_default=True)
def list_(*, url: str, api_key: str | None, output: str, limit: int, **filters: Any) -> None:
    """Newest first."""
    params = {name: value for name, value in filters.items() if value} | {"limit": limit}
    with connect(url, api_key) as server:
        page = server.get("/v1/tasks", params=params)
    columns = ("id", "operation", "state", "external_task_id", "updated_at")
    rows = [[task[column] for column in columns] for task in page["tasks"]]
    emit(output, page, lambda: print_table("tasks", columns, rows))


@tasks.command()
@URL
@KEY
@OUTPUT
@click.argument("task_id")
def show(*, url: str, api_key: str | None, output: str, task_id: str) -> None:
    """A task with its history and the evidence for it."""
    with connect(url, api_key) as server:
        task = server.get(f"/v1/tasks/{task_id}")
        whole = {"task": task} | history(server, task_id)
    emit(output, whole, lambda: _print_whole(whole))


@tasks.command()
@URL
@KEY
@OUTPUT
@click.argument("task_id")
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Seconds.")
def wait(*, url: str, api_key: str | None, output: str, task_id: str, timeout: float) -> None:
    """Wait for the verdict: exit 0 succeeded, 1 failed, 2 timed out."""
    with connect(url, api_key) as server:
        sys.exit(wait_for(server, task_id, timeout_s=timeout, output=output))


def history(server: Server, task_id: str) -> dict[str, Any]:
    """A task's transitions, attempts, receipts and deliveries."""
    parts: dict[str, Any] = {}
    for part in ("transitions", "attempts", "receipts", "deliveries"):
        parts[part] = server.get(f"/v1/tasks/{task_id}/{part}")[part]
    return parts


def print_history(parts: dict[str, Any]) -> None:
    """The history of one task for people."""
    rows = [
        (t["version"], t["at"], t["from"] or "", t["to"], t["source"], _evidence(t), t["message"])
        for t in parts["transitions"]
    ]
    print_table("history", ("v", "at", "from", "to", "source", "evidence", "message"), rows)
    for part, columns in _PARTS.items():
        if parts[part]:
            click.echo()
            print_table(part, columns, [[row[name] for name in columns] for row in parts[part]])


_PARTS = {
    "attempts": (
        *("number", "started_at", "outcome", "certainty"),
        *("http_status", "code", "latency_ms", "message"),
    ),
    "receipts": ("id", "received_at", "source", "verdict", "size_bytes", "reason"),
    "deliveries": ("id", "url", "state", "attempts", "last_status", "last_error"),
}
"""What is shown of each part of a history."""


def _print_whole(whole: dict[str, Any]) -> None:
    print_task(whole["task"])
    click.echo()
    print_history(whole)


def _evidence(transition: dict[str, Any]) -> str:
    found = transition["evidence"]
    return f"{found['type']} {found['id']}" if found else ""
