"""`tracker assets`: the files of results that a running service keeps."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.server import Server
from tracker.cli.shared import WIDE, emit, print_fields, print_note
from tracker.cli.table import Column, print_table
from tracker.cli.types import make_choice

_STDOUT = "-"
_STATES = ("wanted", "kept", "lost", "refused", "gone")
_COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("kind"),
    Column("bytes"),
    Column("media_type"),
    Column("expires_at", "time"),
    Column("task_id"),
    Column("reason", "text"),
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker assets list --state lost",
        "tracker assets get ASSET_ID --out film.mp4",
        "tracker assets fetch ASSET_ID",
    ),
)
def assets() -> None:
    """List, download and fetch again the files of results."""


@assets.command("list")
@add_connection_options
@click.option(
    "--state", multiple=True, type=make_choice(_STATES), help="Only in this state. Repeatable."
)
@click.option("--task", help="Only of this task.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@WIDE
def list_(*, connection: ConnectionOptions, output: str, wide: bool, **given: Any) -> None:
    """List kept files and those that are to be kept, newest first."""
    params = {name: value for name, value in given.items() if value not in (None, ())}
    with connection.open() as server:
        page = server.get("/v1/assets", params=params)
    emit(output, page, lambda: print_table("assets", _COLUMNS, page["assets"], wide=wide))


@assets.command()
@add_connection_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the file here, `-` for stdout; a download into a file that was cut goes on.",
)
@click.argument("asset_id")
def get(*, connection: ConnectionOptions, output: str, asset_id: str, out: str | None) -> None:
    """Show one file, or download it."""
    with connection.open() as server:
        asset = server.get(f"/v1/assets/{asset_id}")
        if out == _STDOUT:
            _print_file(server, asset)
        elif out is not None:
            server.download(asset, Path(out))
    if out is None:
        emit(output, asset, lambda: print_fields(asset))
    elif out != _STDOUT:
        print_note(f"{asset['bytes']} bytes are in {out}")


def _print_file(server: Server, asset: dict[str, Any]) -> None:
    """Write a kept file to stdout once all of it is here and right: a pipe takes nothing back."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        server.download(asset, path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


@assets.command()
@add_connection_options
@click.argument("asset_id")
def fetch(*, connection: ConnectionOptions, output: str, asset_id: str) -> None:
    """Fetch a file once more that is not kept, or sooner than it is due."""
    with connection.open() as server:
        asset = server.post(f"/v1/assets/{asset_id}/fetch")
    emit(output, asset, lambda: print_fields(asset))
