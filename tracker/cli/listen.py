"""`tracker listen`: print what happens, or relay it to a developer's machine as a delivery."""

from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.filters import add_filters, build_parameters
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.types import EVENT_TYPE


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker listen                                       # print events",
        "tracker listen --forward-to localhost:3000/webhooks  # or 3000, or a URL",
        "tracker listen --event task.succeeded --output json",
    ),
)
@add_connection_options
@add_filters
@click.option(
    "--forward-to",
    metavar="URL|PORT",
    help="Where to POST each event; without it they are printed.",
)
@click.option(
    "--event",
    "types",
    multiple=True,
    type=EVENT_TYPE,
    metavar="TYPE",
    help="Only this type, e.g. task.succeeded. Repeatable.",
)
@click.option(
    "--secret",
    help="whsec_… to sign with; without it one is made, and kept for the next start.",
)
@click.option("--after", default="now", show_default=True, metavar="now|CURSOR", help="From where.")
def listen(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    forward_to: str | None,
    types: tuple[str, ...],
    secret: str | None,
    after: str,
    **filters: Any,
) -> None:
    """Print live events until Ctrl-C, or forward them to your machine: signed, each once.

    With --output json each event is printed as the body that a webhook has.
    """
    from tracker.cli.relaying import Relay  # noqa: PLC0415 - the help needs no HTTP

    params = build_parameters(filters) | {"after": after}
    relay = Relay(forward_to, frozenset(types), secret, output)
    with connection.open() as server:
        relay.run(server, params)
