"""`tracker open`: the running service in a browser."""

import webbrowser

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import emit, fail

PAGES = {"home": "/", "docs": "/docs"}


@click.command("open", cls=Command, epilog=format_examples("tracker open", "tracker open docs"))
@add_connection_options
@click.argument("page", type=click.Choice(list(PAGES)), default="home")
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
def open_(*, connection: ConnectionOptions, output: str, page: str, only_print: bool) -> None:
    """Open the service's page, or its API documentation, in a browser."""
    with connection.open() as server:
        url = f"{server.url}{PAGES[page]}"
        if not only_print:
            server.send("GET", PAGES[page])
    emit(output, {"url": url}, lambda: click.echo(url))
    if not only_print and not webbrowser.open(url):
        fail(f"no browser was found; open {url} yourself", code=FAILED)
