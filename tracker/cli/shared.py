"""What several commands share: settings with a clear end, output as a table or as JSON."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import click

from tracker.settings import Settings, SettingsError

OUTPUT = click.option(
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How results are printed.",
)


def load_settings() -> Settings:
    """Read the environment's settings; end the command with a line for each that is wrong."""
    try:
        return Settings.from_env()
    except SettingsError as error:
        for problem in error.problems[:-1]:
            say(f"tracker: {problem}")
        fail(error.problems[-1])


def fail(reason: str, *, code: int = 2) -> NoReturn:
    """End the command: one line on stderr and an exit code."""
    click.echo(f"tracker: {reason}", err=True)
    sys.exit(code)


def say(text: str) -> None:
    """Talk goes to stderr; stdout is for results."""
    click.echo(text, err=True)


def emit(output: str, data: Any, render: Callable[[], None]) -> None:
    """Print a result. render: prints the table form."""
    if output == "json":
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        render()


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table on stdout; as wide as it must be when stdout is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - only where a table is shown
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)
    console.print(table)


COLOURS = {
    "queued": "yellow",
    "uncertain": "magenta",
    "submitted": "blue",
    "running": "cyan",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "bright_black",
    "expired": "red",
}
"""Of states, where colours are shown: on a terminal, unless NO_COLOR is set."""


def print_fields(fields: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {'' if value is None else value}")
