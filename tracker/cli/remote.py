"""Commands that talk to a running server: where it is, and who asks."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tracker import environment
from tracker.cli.command import SharedOption
from tracker.cli.shared import OUTPUT

if TYPE_CHECKING:
    from tracker.cli.server import Server

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
HELD_S = 30
"""How long the service is asked to hold a request until there is news, in seconds."""
ANSWER_S = 30
"""How long it may take beyond that."""
DEFAULT_URL = "http://127.0.0.1:8000"

_OPTIONS = (
    click.option(
        "--url",
        cls=SharedOption,
        envvar="TRACKER_URL",
        show_default=DEFAULT_URL,
        show_envvar=True,
        help="Where the service is.",
    ),
    click.option(
        "--api-key",
        cls=SharedOption,
        envvar="TRACKER_API_KEY",
        show_envvar=True,
        help="Your key.",
    ),
    click.option(
        "--cacert",
        cls=SharedOption,
        metavar="FILE",
        envvar="SSL_CERT_FILE",
        show_envvar=True,
        help="Certificate authorities to trust, as PEM.",
    ),
    OUTPUT,
)


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Where the service is and who asks it. What is None is looked up in the environment."""

    url: str | None = None
    api_key: str | None = None
    cacert: str | None = None

    @contextmanager
    def open(self) -> "Iterator[Server]":
        """Open a client of the service; ends the command when a value cannot be right."""
        # Here: help and completion need no HTTP.
        from tracker.cli.network import client_for  # noqa: PLC0415
        from tracker.cli.server import Server  # noqa: PLC0415

        known = environment.read()
        with client_for(
            self.url or known.get("TRACKER_URL") or DEFAULT_URL,
            known.get("TRACKER_API_KEY") if self.api_key is None else self.api_key,
            self.cacert or known.get("SSL_CERT_FILE"),
            known,
            timeout_s=ANSWER_S,
        ) as http:
            yield Server(http)


def remote(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a connection; it is called with a `ConnectionOptions`."""

    @functools.wraps(command)
    def connected(
        *, url: str | None, api_key: str | None, cacert: str | None, **options: Any
    ) -> None:
        command(connection=ConnectionOptions(url, api_key, cacert), **options)

    wrapped: Callable[..., None] = connected
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
