"""`tracker tasks act`: one action on all tasks that filters match, or that are named."""

from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.resubmit import add_selection, build_body, make_state_option
from tracker.cli.runs import print_run
from tracker.cli.shared import emit, fail, print_fields, print_note
from tracker.cli.types import make_choice

_STATES = (
    *("queued", "uncertain", "submitted", "running"),
    *("succeeded", "failed", "cancelled", "expired"),
)


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker tasks act cancel --state queued --since 1h      # a dry run",
        "tracker tasks act cancel --state queued --since 1h --yes",
        "tracker tasks act refresh TASK_ID TASK_ID --yes",
        "tracker tasks act resubmit --state failed --since 1h --background",
    ),
)
@add_connection_options
@click.argument("action", type=make_choice(["refresh", "cancel", "resubmit"]))
@click.argument("task_id", nargs=-1)
@make_state_option(_STATES)
@add_selection
@click.option("--yes", is_flag=True, help="Do it; without this, many are only counted (a dry run).")
@click.option(
    "--background", is_flag=True, help="Do it; the workers do, and `tracker runs` shows how far."
)
def act(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    action: str,
    task_id: tuple[str, ...],
    yes: bool,
    background: bool,
    **given: Any,
) -> None:
    """Refresh, cancel or resubmit all tasks that the filters match, or that are named.

    At most 1,000, the oldest first.
    """
    body = build_body(given) | ({"ids": list(task_id)} if task_id else {})
    if (yes or background) and not body:
        fail("give tasks or filters")
    with connection.open() as server:
        if background:
            wanted = server.post("/v1/tasks/actions", json=body | {"action": action})
            run = server.post("/v1/runs", json={"token": wanted["token"]})
            emit(output, run, lambda: print_run(run))
            return
        told = server.post("/v1/tasks/actions", json=body | {"action": action, "dry_run": not yes})
    left_out = ("tasks", "refused", "confirm_cursor", "next_cursor", "token")

    def show() -> None:
        print_fields({name: told[name] for name in told if name not in left_out})
        for one in told["refused"]:
            print_note(f"{one['count']} refused: {one['reason']}")

    emit(output, told, show)
    if told["next_cursor"]:
        print_note("there are more: narrow the filters")
    if told["dry_run"] and told["done"]:
        print_note("nothing was changed; do it with --yes")
