"""`tracker tasks`: list, show, wait, cancel, refresh, resubmit."""

import sys
from typing import Any

import click
import httpx

from tracker.cli.filters import filtered, parameters
from tracker.cli.remote import ANSWER_S, KEY, URL, Server, connect
from tracker.cli.shared import OUTPUT, emit, print_table, say
from tracker.cli.submit import print_task, wait_for


@click.group()
def tasks() -> None:
    """Look at tasks on a running service, and act on them."""


@tasks.command("list")
@URL
@KEY
@OUTPUT
@filtered
@click.option("--overdue", is_flag=True, help="Only those past their deadline.")
@click.option("--order", type=click.Choice(["desc", "asc"]), help="Newest or oldest first.")
@click.option("--limit", type=int, default=50, show_default=True, help="Of a page.")
@click.option("--cursor", help="next_cursor of the page before.")
@click.option("--all", "everything", is_flag=True, help="All pages.")
def list_(  # noqa: PLR0913 - one parameter per option
    *,
    url: str,
    api_key: str | None,
    output: str,
    limit: int,
    order: str | None,
    cursor: str | None,
    overdue: bool,
    everything: bool,
    **filters: Any,
) -> None:
    """Newest first."""
    params = parameters(filters) | {"limit": limit}
    params |= {"order": order} if order else {}
    params |= {"overdue": "true"} if overdue else {}
    with connect(url, api_key) as server:
        page = server.get("/v1/tasks", params=params | ({"cursor": cursor} if cursor else {}))
        while everything and page["next_cursor"]:
            more = server.get("/v1/tasks", params=params | {"cursor": page["next_cursor"]})
            page = more | {"tasks": page["tasks"] + more["tasks"]}
    columns = ("id", "operation", "state", "external_task_id", "updated_at")
    rows = [[task[column] for column in columns] for task in page["tasks"]]
    emit(output, page, lambda: print_table("tasks", columns, rows))
    if page["next_cursor"]:
        say(f"more: --cursor {page['next_cursor']}")


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


@tasks.command()
@URL
@KEY
@OUTPUT
@click.argument("task_id")
def cancel(*, url: str, api_key: str | None, output: str, task_id: str) -> None:
    """Cancel a task that has not been sent; exit 1 when it may have been."""
    with connect(url, api_key) as server:
        task = server.send("POST", f"/v1/tasks/{task_id}/cancel").json()
    emit(output, task, lambda: print_task(task))


@tasks.command()
@URL
@KEY
@OUTPUT
@click.argument("task_id")
@click.option("--wait", type=click.IntRange(0, 60), default=10, show_default=True, help="Seconds.")
def refresh(*, url: str, api_key: str | None, output: str, task_id: str, wait: int) -> None:
    """Have the provider asked now, and show what its answer made of the task."""
    with connect(url, api_key) as server:
        answer = server.send(
            "POST",
            f"/v1/tasks/{task_id}/refresh",
            headers={"prefer": f"wait={wait}"},
            timeout=wait + ANSWER_S,
        )
    task = answer.json()
    emit(output, task, lambda: print_task(task))
    if answer.status_code == httpx.codes.ACCEPTED:
        say(f"nothing new within {wait} s")


@tasks.command()
@URL
@KEY
@OUTPUT
@click.argument("task_id")
@click.option("--idempotency-key", help="The same key is the same new task.")
@click.option(
    "--wait", is_flag=True, help="Wait for the verdict: exit 0 succeeded, 1 failed, 2 timed out."
)
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Seconds to wait.")
def resubmit(  # noqa: PLR0913 - one parameter per option
    *,
    url: str,
    api_key: str | None,
    output: str,
    task_id: str,
    idempotency_key: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Submit the input of a failed, cancelled or expired task again, as a new task."""
    headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
    with connect(url, api_key) as server:
        task = server.send("POST", f"/v1/tasks/{task_id}/resubmit", headers=headers).json()
        if not wait:
            emit(output, task, lambda: print_task(task))
            return
        say(f"{task['id']}  accepted")
        sys.exit(wait_for(server, task["id"], timeout_s=timeout, output=output))


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
        *("id", "started_at", "outcome", "certainty"),
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
