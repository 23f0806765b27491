"""`tracker tasks`: list, show, wait, cancel, resolve, refresh; the rest is in `resubmit`."""

import sys
from http import HTTPStatus
from typing import Any

import click

from tracker.cli.bulk import act
from tracker.cli.command import Group, format_examples
from tracker.cli.filters import add_filters, build_parameters
from tracker.cli.history import fetch_history, print_history, print_task
from tracker.cli.remote import ANSWER_S, ConnectionOptions, add_connection_options
from tracker.cli.resubmit import resubmit
from tracker.cli.shared import WIDE, emit, emit_json, fail, print_note
from tracker.cli.submit import TIMEOUT, wait_for
from tracker.cli.table import Column, print_table
from tracker.cli.types import make_choice

_COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("operation"),
    Column("updated_at", "time"),
    Column("external_task_id"),
    Column("provider"),
    Column("message", "text"),
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker tasks list --state failed --created-after 2026-11-28",
        "tracker tasks show TASK_ID",
    ),
)
def tasks() -> None:
    """List tasks, show one with its history, and act on them."""


tasks.add_command(act)
tasks.add_command(resubmit)


@tasks.command(
    "list",
    epilog=format_examples(
        "tracker tasks list --state failed --state expired",
        "tracker tasks list --metadata order=1001 --output json",
    ),
)
@add_connection_options
@add_filters
@click.option("--overdue", is_flag=True, help="Only those past their deadline.")
@click.option("--order", type=click.Choice(["desc", "asc"]), help="Newest or oldest first.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Of a page.")
@click.option("--cursor", help="next_cursor of the page before.")
@click.option("--all", "everything", is_flag=True, help="All pages.")
@WIDE
def list_(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    limit: int,
    order: str | None,
    cursor: str | None,
    overdue: bool,
    everything: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """List tasks, newest first."""
    params = build_parameters(filters) | {"limit": limit}
    params |= {"order": order} if order else {}
    params |= {"overdue": "true"} if overdue else {}
    with connection.open() as server:
        page = server.get("/v1/tasks", params=params | ({"cursor": cursor} if cursor else {}))
        while everything and page["next_cursor"]:
            more = server.get("/v1/tasks", params=params | {"cursor": page["next_cursor"]})
            page = more | {"tasks": page["tasks"] + more["tasks"]}
    emit(output, page, lambda: _print_list(page["tasks"], wide=wide))
    if page["next_cursor"]:
        print_note(f"more: --cursor {page['next_cursor']}")


@tasks.command()
@add_connection_options
@WIDE
@click.argument("task_id")
def show(*, connection: ConnectionOptions, output: str, wide: bool, task_id: str) -> None:
    """Show a task with its history and the evidence for it."""
    with connection.open() as server:
        task = server.get(f"/v1/tasks/{task_id}")
        whole = {"task": task} | fetch_history(server, task_id)
    emit(output, whole, lambda: _print_whole(whole, wide=wide))


@tasks.command("input", epilog=format_examples("tracker tasks input TASK_ID > request.json"))
@add_connection_options
@click.argument("task_id")
def show_input(*, connection: ConnectionOptions, output: str, task_id: str) -> None:
    """Print the request body of a task, as it is kept."""
    with connection.open() as server:
        body = server.get(f"/v1/tasks/{task_id}/input")
    emit(output, body, lambda: emit_json(body, indent=2))


@tasks.command()
@add_connection_options
@click.argument("task_id")
@TIMEOUT
def wait(*, connection: ConnectionOptions, output: str, task_id: str, timeout: float) -> None:
    """Wait for the end of a task.

    Exit 0 when it succeeded, 1 when it ended otherwise, 3 when the time was over, 130 at Ctrl-C.
    """
    with connection.open() as server:
        sys.exit(wait_for(server, task_id, timeout_s=timeout, output=output))


@tasks.command()
@add_connection_options
@click.argument("task_id")
def cancel(*, connection: ConnectionOptions, output: str, task_id: str) -> None:
    """Cancel a task, or have its provider asked to where it has the task already.

    Exit 1 when neither can be done.
    """
    with connection.open() as server:
        answer = server.send("POST", f"/v1/tasks/{task_id}/cancel")
        task = server.read_json(answer)
    emit(output, task, lambda: print_task(task))
    if answer.status_code == HTTPStatus.ACCEPTED:
        print_note("asked; the provider's word ends it")
        print_note(f"wait for it: tracker tasks wait {task['id']}")


@tasks.command(
    epilog=format_examples(
        "tracker tasks resolve TASK_ID exists --provider-task-id 881234",
        "tracker tasks resolve TASK_ID never-made",
    )
)
@add_connection_options
@click.argument("task_id")
@click.argument("verb", type=make_choice(["exists", "never-made", "give-up"]))
@click.option("--provider-task-id", help="Where it exists: its id at the provider.")
def resolve(
    *,
    connection: ConnectionOptions,
    output: str,
    task_id: str,
    verb: str,
    provider_task_id: str | None,
) -> None:
    """Settle an uncertain task by what you know of it.

    exists: it was made. never-made: it is sent again. give-up: it expires.
    """
    if (verb == "exists") != (provider_task_id is not None):
        fail("--provider-task-id goes with exists, and is needed there")
    body = {"verb": verb.replace("-", "_")}
    body |= {"provider_task_id": provider_task_id} if provider_task_id else {}
    with connection.open() as server:
        task = server.post(f"/v1/tasks/{task_id}/resolve", json=body)
    emit(output, task, lambda: print_task(task))


@tasks.command()
@add_connection_options
@click.argument("task_id")
@click.option("--wait", type=click.IntRange(0, 60), default=10, show_default=True, help="Seconds.")
def refresh(*, connection: ConnectionOptions, output: str, task_id: str, wait: int) -> None:
    """Ask the provider now, and show the task after its answer."""
    with connection.open() as server:
        answer = server.send(
            "POST",
            f"/v1/tasks/{task_id}/refresh",
            headers={"prefer": f"wait={wait}"},
            timeout=wait + ANSWER_S,
        )
        task = server.read_json(answer)
    emit(output, task, lambda: print_task(task))
    if answer.status_code == HTTPStatus.ACCEPTED:
        print_note(f"nothing new within {wait} s")


def _print_list(found: list[dict[str, Any]], *, wide: bool) -> None:
    own = any(task["external_task_id"] != task["id"] for task in found)
    columns = [one for one in _COLUMNS if own or one.name != "external_task_id"]
    rows = [
        task | {"external_task_id": None} if task["external_task_id"] == task["id"] else task
        for task in found
    ]
    print_table("tasks", columns, rows, wide=wide)


def _print_whole(whole: dict[str, Any], *, wide: bool) -> None:
    print_task(whole["task"])
    click.echo()
    print_history(whole, wide=wide)
