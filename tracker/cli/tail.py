"""`tracker tail`: every change as it is made."""

import sys
from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import INTERRUPTED
from tracker.cli.filters import add_filters, build_parameters
from tracker.cli.remote import HELD_S, ConnectionOptions, add_connection_options
from tracker.cli.shared import emit_json, print_note
from tracker.cli.table import COLOURS
from tracker.cli.visible import escape_hidden
from tracker.cli.words import format_value


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker tail",
        "tracker tail --state failed --state expired",
        "tracker tail --after start --output json > changes.jsonl",
    ),
)
@add_connection_options
@add_filters
@click.option(
    "--after",
    default="now",
    show_default=True,
    metavar="now|start|CURSOR",
    help="From where on.",
)
@click.option("--count", type=click.IntRange(1), help="End after so many changes.")
def tail(
    *, connection: ConnectionOptions, output: str, after: str, count: int | None, **filters: Any
) -> None:
    """Follow the change feed until Ctrl-C; then say from where to go on.

    With --output json each change is an object on a line of its own.
    """
    params = build_parameters(filters)
    if after != "start":
        params["after"] = after
    left = count
    with connection.open() as server:
        # What is wrong is said at once; once it runs it outlives a restart of the service.
        page = server.get("/v1/changes", params=params)
        try:
            while True:
                for change in page["changes"][:left]:
                    _print(change, output)
                params["after"] = page["next_cursor"]
                if left is not None:
                    left -= min(left, len(page["changes"]))
                    if not left:
                        return
                asked = params | {"wait": HELD_S}
                page = server.get_held("/v1/changes", wait_s=HELD_S, params=asked).json()
        except KeyboardInterrupt:
            print_note(f"go on with: --after {params['after']}")
            sys.exit(INTERRUPTED)


def _print(change: dict[str, Any], output: str) -> None:
    if output == "json":
        emit_json(change)
        return
    word = f"  ({format_value(change['provider_status'])})" if change["provider_status"] else ""
    state = click.style(
        f"{escape_hidden(change['to']):<10}", fg=COLOURS.get(change["to"]), bold=True
    )
    about = f"  v{change['version']}  by {change['source']}{word}  {change['operation']}"
    line = f"{change['at']}  {change['task_id']}  "
    click.echo(f"{line}{state}{about}  {format_value(change['message'])}".rstrip())
