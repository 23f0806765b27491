"""`tracker tail`: every change as it is made."""

import json
import sys
from functools import cache
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from tracker.cli.filters import filtered, parameters
from tracker.cli.remote import HELD_S, KEY, URL, connect
from tracker.cli.shared import COLOURS, OUTPUT, say

INTERRUPTED = 130


@click.command()
@URL
@KEY
@OUTPUT
@filtered
@click.option(
    "--after",
    default="now",
    show_default=True,
    metavar="now|start|CURSOR",
    help="From where on.",
)
@click.option("--count", type=int, help="End after so many changes.")
def tail(
    *, url: str, api_key: str | None, output: str, after: str, count: int | None, **filters: Any
) -> None:
    """Follow the change feed until Ctrl-C; then say from where to go on.

    With --output json each change is an object on a line of its own.
    """
    params = parameters(filters)
    if after != "start":
        params["after"] = after
    left = count
    with connect(url, api_key) as server:
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
                page = server.patiently("/v1/changes", wait_s=HELD_S, params=asked).json()
        except KeyboardInterrupt:
            say(f"go on with: --after {params['after']}")
            sys.exit(INTERRUPTED)


def _print(change: dict[str, Any], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(change, ensure_ascii=False))
        return
    word = f"  ({change['provider_status']})" if change["provider_status"] else ""
    _print_line(
        (f"{change['at']}  ", "dim"),
        (f"{change['task_id']}  ", ""),
        (f"{change['to']:<10}", f"bold {COLOURS.get(change['to'], '')}"),
        (f"  v{change['version']}  by {change['source']}{word}  ", ""),
        (f"{change['operation']}  {change['message'] or ''}", "dim"),
    )


def _print_line(*parts: tuple[str, str]) -> None:
    """One line on stdout, at once; each part with its style, as rich has it."""
    line = Text.assemble(*parts)
    line.rstrip()
    _out().print(line, soft_wrap=True)


@cache
def _out() -> Console:
    """Made when first used: it looks at the terminal and at NO_COLOR."""
    return Console(highlight=False)
