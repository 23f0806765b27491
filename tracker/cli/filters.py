"""What lists of tasks and the feed can be narrowed by, as options."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from tracker.cli.shared import COLOURS, fail

Command = TypeVar("Command", bound=Callable[..., None])

_OPTIONS = (
    click.option("--provider", help="At this provider."),
    click.option("--operation", help="Of this operation, e.g. videos/text2video."),
    click.option("--state", multiple=True, type=click.Choice(list(COLOURS)), help="Repeatable."),
    click.option("--external-task-id", help="With your own id."),
    click.option("--provider-task-id", help="With this id at the provider."),
    click.option("--created-after", metavar="TIME", help="Submitted later, as RFC 3339."),
    click.option("--created-before", metavar="TIME", help="Submitted earlier."),
    click.option("--updated-after", metavar="TIME", help="Changed later."),
    click.option("--updated-before", metavar="TIME", help="Changed earlier."),
    click.option(
        "--metadata", multiple=True, metavar="KEY=VALUE", help="Carrying this; repeatable."
    ),
)


def filtered(command: Command) -> Command:
    """Give a command the filters."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def parameters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The query parameters of what was asked for; ends the command when that cannot be."""
    found = {name: value for name, value in filters.items() if value and name != "metadata"}
    for text in filters["metadata"]:
        key, sign, value = text.partition("=")
        if not (key and sign):
            fail(f"--metadata: {text!r} is not KEY=VALUE")
        found[f"metadata.{key}"] = value
    return found
