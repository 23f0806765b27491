"""Commands that talk to a running server: where it is, and who asks."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tracker import environment
from tracker.cli.command import SharedOption, add_options
from tracker.cli.shared import OUTPUT

if TYPE_CHECKING:
    from tracker.cli.server import Server

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
HELD_S = 30
"""How long the service is asked to hold a request until there is news, in seconds."""
ANSWER_S = 30
"""How long it may take beyond that."""
DEFAULT_URL = "http://127.0.0.1:8000"
ONE_TENANT = "--tenant: on a service everything is of the tenant whose key asks"

_CONNECTION = (
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
)
_REMOTE = click.option(
    "--remote",
    "is_remote",
    cls=SharedOption,
    is_flag=True,
    help="Ask the service at --url, with your key, and not the database.",
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
        from tracker.cli.network import make_client  # noqa: PLC0415
        from tracker.cli.server import Server  # noqa: PLC0415

        known = environment.read()
        with make_client(
            self.url or known.get("TRACKER_URL") or DEFAULT_URL,
            known.get("TRACKER_API_KEY") if self.api_key is None else self.api_key,
            self.cacert or known.get("SSL_CERT_FILE"),
            known,
            timeout_s=ANSWER_S,
        ) as http:
            yield Server(http)


def add_connection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a connection; it is called with a `ConnectionOptions`."""

    @functools.wraps(command)
    def run_connected(
        *, url: str | None, api_key: str | None, cacert: str | None, **options: Any
    ) -> None:
        command(connection=ConnectionOptions(url, api_key, cacert), **options)

    wrapped: Callable[..., None] = add_options((*_CONNECTION, OUTPUT))(run_connected)
    return wrapped


def allow_remote(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command that works on the database work on a running service instead.

    It is called with a `ConnectionOptions` where `--remote` is given, or an option of a connection;
    with None where the database is meant. The environment alone chooses no service: TRACKER_URL may
    stand there for other commands.
    """

    @functools.wraps(command)
    def run_connected(
        *,
        is_remote: bool,
        url: str | None,
        api_key: str | None,
        cacert: str | None,
        **options: Any,
    ) -> None:
        context = click.get_current_context()
        is_named = any(
            context.get_parameter_source(name) is ParameterSource.COMMANDLINE
            for name in ("url", "api_key", "cacert")
        )
        found = ConnectionOptions(url, api_key, cacert) if is_remote or is_named else None
        command(connection=found, **options)

    wrapped: Callable[..., None] = add_options((_REMOTE, *_CONNECTION))(run_connected)
    return wrapped
