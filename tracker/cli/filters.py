"""The options that narrow lists of tasks and the feed."""

from collections.abc import Mapping
from typing import Any

import click

from tracker.cli.command import add_options
from tracker.cli.types import INSTANT, make_choice, split_pair
from tracker.domain.task import TaskState

STATE = make_choice(state.value for state in TaskState)
add_filters = add_options(
    [
        click.option("--state", multiple=True, type=STATE, metavar="STATE", help="Repeatable."),
        click.option("--provider", help="At this provider."),
        click.option("--account", help="Of this account."),
        click.option("--operation", help="Of this operation, e.g. videos/text2video."),
        click.option("--external-task-id", help="With your own id."),
        click.option("--provider-task-id", help="With this id at the provider."),
        click.option("--created-after", type=INSTANT, help="Submitted later, e.g. 2026-11-28."),
        click.option("--created-before", type=INSTANT, help="Submitted earlier."),
        click.option("--updated-after", type=INSTANT, help="Changed later."),
        click.option("--updated-before", type=INSTANT, help="Changed earlier."),
        click.option(
            "--metadata", multiple=True, metavar="KEY=VALUE", help="Carrying this; repeatable."
        ),
    ]
)
"""Gives a command the filters."""


def build_parameters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query parameters of what was asked for; ends the command when one is wrong."""
    found = {name: value for name, value in filters.items() if value and name != "metadata"}
    for text in filters["metadata"]:
        key, value = split_pair(text)
        found[f"metadata.{key}"] = value
    return found
