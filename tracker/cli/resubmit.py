"""`tracker tasks resubmit`: one task's input again, or that of all that filters match."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Command, add_options, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import emit, fail, print_fields, print_note
from tracker.cli.submit import TIMEOUT, WAIT, finish
from tracker.cli.types import DURATION, INSTANT, make_choice, split_pair

if TYPE_CHECKING:
    from tracker.cli.server import Server

_Command = Callable[..., None]
add_selection = add_options(
    [
        click.option("--provider", help="At this provider."),
        click.option("--operation", help="Of this operation, e.g. videos/text2video."),
        click.option("--account", help="Of this account."),
        click.option("--error-code", help="That ended with this code of an error."),
        click.option(
            "--since", type=DURATION, help="Submitted within this time, e.g. 30m, 1h or 2d."
        ),
        click.option("--created-after", type=INSTANT, help="Submitted later, e.g. 2026-11-28."),
        click.option("--created-before", type=INSTANT, help="Submitted earlier."),
        click.option(
            "--metadata", multiple=True, metavar="KEY=VALUE", help="Carrying this; repeatable."
        ),
    ]
)
"""Gives a command the options that select many tasks; see `build_body`."""


def make_state_option(words: Sequence[str]) -> Callable[[_Command], _Command]:
    """Return the option that names the states of the tasks that are meant."""
    return click.option(
        "--state", multiple=True, type=make_choice(words), help="Only in this state. Repeatable."
    )


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker tasks resubmit TASK_ID --wait",
        "tracker tasks resubmit --state failed --since 1h               # a dry run",
        "tracker tasks resubmit --state failed --since 1h --yes",
    ),
)
@add_connection_options
@click.argument("task_id", required=False)
@make_state_option(["failed", "cancelled", "expired"])
@add_selection
@click.option(
    "--include-resubmitted", is_flag=True, help="Also those that were resubmitted before."
)
@click.option("--yes", is_flag=True, help="Do it; without this, many are only counted (a dry run).")
@click.option("--dry-run", is_flag=True, help="Only count, which is the default.")
@click.option("--idempotency-key", help="The same key is the same new task.")
@WAIT
@TIMEOUT
def resubmit(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    task_id: str | None,
    yes: bool,
    dry_run: bool,
    idempotency_key: str | None,
    wait: bool,
    timeout: float,
    **given: Any,
) -> None:
    """Submit the input of an ended task again, or of all that the filters match.

    Such tasks have failed, were cancelled or expired. Of many, each is submitted again once.
    """
    body = build_body(given)
    if (task_id is None) == (not body and not yes and not dry_run):
        fail("give either a task or filters")
    with connection.open() as server:
        if task_id is not None:
            headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
            task = server.post(f"/v1/tasks/{task_id}/resubmit", headers=headers)
            finish(server, task, wait=wait, timeout_s=timeout, output=output)
            return
        if wait or idempotency_key is not None or (yes and dry_run):
            fail("--wait and --idempotency-key are for one task; --yes excludes --dry-run")
        told = _resubmit_all(server, body | {"dry_run": not yes})
    emit(output, told, lambda: _show(told))
    if told["dry_run"] and told["matching"]:
        print_note("nothing was submitted; add --yes to submit them again")


def _show(told: Mapping[str, Any]) -> None:
    print_fields({name: told[name] for name in told if name not in ("tasks", "refused")})
    for one in told.get("refused", ()):
        print_note(f"{one['count']} refused: {one['reason']}")


def build_body(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters that are set, as the API takes them."""
    body = {name: value for name, value in given.items() if value not in (None, (), False)}
    since: timedelta | None = body.pop("since", None)
    if since is not None:
        if "created_after" in body:
            fail("give either --since or --created-after")
        from tracker.clock import SystemClock  # noqa: PLC0415 - only where it is needed

        body["created_after"] = (SystemClock().now() - since).isoformat()
    if "state" in body:
        body["state"] = list(body["state"])
    if "metadata" in body:
        body["metadata"] = dict(split_pair(text) for text in body["metadata"])
    return body


def _add_up(refusals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each reason once."""
    sums: Counter[str] = Counter()
    for one in refusals:
        sums[one["reason"]] += one["count"]
    return [{"reason": reason, "count": count} for reason, count in sums.most_common()]


def _resubmit_all(server: "Server", body: Mapping[str, Any]) -> dict[str, Any]:
    """Call until nothing is left; return the sums."""
    told: dict[str, Any] = server.post("/v1/tasks/resubmit", json=body)
    while told["next_cursor"]:
        more = server.post("/v1/tasks/resubmit", json={**body, "cursor": told["next_cursor"]})
        told = {
            **more,
            "matching": told["matching"] + more["matching"],
            "by_state": dict(Counter(told["by_state"]) + Counter(more["by_state"])),
            "by_code": dict(Counter(told["by_code"]) + Counter(more["by_code"])),
            "sample": told["sample"] or more["sample"],
            "resubmitted": told["resubmitted"] + more["resubmitted"],
            "tasks": told["tasks"] + more["tasks"],
            "refused": _add_up([*told.get("refused", ()), *more.get("refused", ())]),
        }
    return told
