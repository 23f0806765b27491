"""`tracker runs`: actions on many tasks that the workers of a running service carry out."""

from collections.abc import Mapping
from typing import Any

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, print_fields, print_note
from tracker.cli.table import Column, print_table
from tracker.cli.types import make_choice

_COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("action"),
    Column("matching"),
    Column("done"),
    Column("refused"),
    Column("failed"),
    Column("created_at", "time"),
    Column("actor", "text"),
)
_TASKS = (
    Column("task_id", "id"),
    Column("outcome", "state"),
    Column("external_task_id"),
    Column("made_id"),
    Column("reason", "text"),
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker tasks act resubmit --state failed --since 1h --background",
        "tracker runs list",
        "tracker runs show RUN_ID --outcome refused",
        "tracker runs stop RUN_ID",
    ),
)
def runs() -> None:
    """List actions on many tasks that workers carry out, show one, stop one."""


@runs.command("list", epilog=format_examples("tracker runs list --limit 10"))
@add_connection_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--after", help="next_cursor of the page before.")
@WIDE
def list_(*, connection: ConnectionOptions, output: str, wide: bool, **given: Any) -> None:
    """List runs, newest first."""
    params = {name: value for name, value in given.items() if value is not None}
    with connection.open() as server:
        page = server.get("/v1/runs", params=params)
    emit(output, page, lambda: print_table("runs", _COLUMNS, page["runs"], wide=wide))


@runs.command(epilog=format_examples("tracker runs show RUN_ID --outcome failed"))
@add_connection_options
@click.argument("run_id")
@click.option(
    "--outcome",
    type=make_choice(("done", "refused", "failed")),
    help="Only tasks of which this became.",
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@WIDE
def show(
    *, connection: ConnectionOptions, output: str, run_id: str, wide: bool, **given: Any
) -> None:
    """Show a run, and what became of its tasks."""
    params = {name: value for name, value in given.items() if value is not None}
    with connection.open() as server:
        run = server.get(f"/v1/runs/{run_id}")
        found = server.get(f"/v1/runs/{run_id}/tasks", params=params)["tasks"]

    def render() -> None:
        print_run(run)
        print_table("tasks", _TASKS, found, wide=wide)

    emit(output, run | {"tasks": found}, render)


@runs.command(epilog=format_examples("tracker runs stop RUN_ID"))
@add_connection_options
@click.argument("run_id")
def stop(*, connection: ConnectionOptions, output: str, run_id: str) -> None:
    """Act on no further task of a run. What was done stays done."""
    with connection.open() as server:
        run = server.post(f"/v1/runs/{run_id}/stop")
    emit(output, run, lambda: print_run(run))


def print_run(run: Mapping[str, Any]) -> None:
    """Print a run, and why tasks of it were not done."""
    print_fields({name: run[name] for name in run if name != "reasons"})
    for one in run["reasons"]:
        print_note(f"{one['count']} not done: {one['reason']}")
