"""Settings with a clear end, and output as a table or as JSON."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tracker.cli.command import SharedOption
from tracker.cli.exits import FAILED, WRONG_USAGE
from tracker.cli.language import translate_text
from tracker.cli.visible import escape_hidden, escape_hidden_json, find_room, fold
from tracker.cli.words import format_value

if TYPE_CHECKING:
    from tracker.settings import Settings

OUTPUT = click.option(
    "--output",
    cls=SharedOption,
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How results are printed.",
)
WIDE = click.option("--wide", is_flag=True, help="Show every column, however narrow it is here.")


def load_settings() -> "Settings":
    """Read the environment's settings; end the command with a line for each that is wrong."""
    from tracker.settings import Settings, SettingsError  # noqa: PLC0415 - remote commands need none

    try:
        return Settings.read_environment()
    except SettingsError as error:
        for problem in error.problems[:-1]:
            print_note(f"tracker: {problem}")
        fail(error.problems[-1])


def fail(reason: str, *, code: int = WRONG_USAGE) -> NoReturn:
    """End the command: one line on stderr and an exit code."""
    _print_aside(f"tracker: {escape_hidden(translate_text(reason))}")
    sys.exit(code)


def fail_by_file(error: OSError, place: Path) -> NoReturn:
    """End the command, as a file cannot be read or written.

    place: what was being written; it is named where the error names no file. Of a copy the error
        names both files: the second is where no room was left.
    """
    named = error.filename2 or error.filename or place
    fail(f"{named}: {error.strerror}", code=FAILED)


def fail_by_database(settings: "Settings", problem: str) -> NoReturn:
    """End the command, as the database cannot be used.

    problem: as `tracker.store.probe` words it. The line shows no password.
    """
    fail(name_database(settings, settings.log_redactor().redact(problem)), code=FAILED)


def name_database(settings: "Settings", text: str) -> str:
    """Return a line about DATABASE_URL under the setting that names the database."""
    if settings.database_url:
        return text
    return re.sub(r"^DATABASE_URL(?=[:：])", find_database_setting(settings), translate_text(text))


def find_database_setting(settings: "Settings") -> str:
    """Return the name of the setting that leads to the database."""
    return "DATABASE_URL" if settings.database_url else "TRACKER_DATA_DIR"


def print_note(text: str) -> None:
    """Print one line on stderr; stdout is for results."""
    _print_aside(escape_hidden(translate_text(text)))


def _print_aside(line: str) -> None:
    with contextlib.suppress(OSError):  # a log on a full disk stops no service
        click.echo(fold(line, find_room(sys.stderr)), err=True)


def emit(output: str, data: Any, render: Callable[[], None]) -> None:
    """Print a result. render: prints the table form."""
    if output == "json":
        emit_json(data)
    else:
        render()


def emit_json(data: Any, *, indent: int | None = None) -> None:
    """Print JSON that steers no terminal. indent: None for one line."""
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    click.echo("\n".join(escape_hidden_json(line) for line in text.split("\n")))


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {format_value(value)}".rstrip())
