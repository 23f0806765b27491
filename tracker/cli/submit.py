"""`tracker submit`: hand one task in, and wait for it if asked to."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED, INTERRUPTED, TIMED_OUT
from tracker.cli.history import print_task
from tracker.cli.remote import TERMINAL, ConnectionOptions, add_connection_options
from tracker.cli.shared import emit, fail, print_note
from tracker.cli.types import split_pair

if TYPE_CHECKING:
    from tracker.cli.server import Server

WAIT = click.option(
    "--wait",
    is_flag=True,
    help="Wait for the end: exit 0 succeeded, 1 ended otherwise, 3 time over.",
)
TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    help="Seconds to wait.",
)


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker submit --wait --input @request.json",
        """tracker submit --operation videos/text2video --input '{"prompt": "a cat"}'""",
        "cat request.json | tracker submit --input - --metadata order=1001",
    ),
)
@add_connection_options
@click.option("--provider", help="Needed where several have accounts.")
@click.option("--operation", default="videos/multi-image2video", show_default=True)
@click.option(
    "--input", "input_", required=True, metavar="JSON|@FILE|-", help="The provider's request body."
)
@click.option("--external-task-id", help="Your own id; the task's id when absent.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option("--idempotency-key", help="The same key with the same request is the same task.")
@WAIT
@TIMEOUT
def submit(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    provider: str | None,
    operation: str,
    input_: str,
    external_task_id: str | None,
    metadata: tuple[str, ...],
    idempotency_key: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Submit a task."""
    body: dict[str, Any] = {"operation": operation, "input": _parse_input(input_)}
    if provider:
        body["provider"] = provider
    if external_task_id:
        body["external_task_id"] = external_task_id
    if metadata:
        body["metadata"] = dict(map(split_pair, metadata))
    headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
    with connection.open() as server:
        task = server.post("/v1/tasks", json=body, headers=headers)
        finish(server, task, wait=wait, timeout_s=timeout, output=output)


def finish(
    server: "Server", task: dict[str, Any], *, wait: bool, timeout_s: float, output: str
) -> None:
    """Print a task that was handed in, or wait for it and exit by how it ended."""
    for warning in task.get("warnings", ()):
        print_note(f"warning: {warning['path']}: {warning['reason']}")
    if not wait:
        emit(output, task, lambda: print_task(task))
        return
    print_note(f"{task['id']}  accepted")
    sys.exit(wait_for(server, task["id"], timeout_s=timeout_s, output=output))


def wait_for(server: "Server", task_id: str, *, timeout_s: float | None, output: str) -> int:
    """Show a task moving on stderr, then print it; returns the exit code."""
    last: dict[str, Any] = {}
    try:
        for task in server.watch(task_id, timeout_s=timeout_s):
            progress = "" if task["progress"] is None else f"  {task['progress']:g} %"
            line = f"{task['updated_at']}  {task['state']:<10}{progress}  {task['message'] or ''}"
            print_note(line.rstrip())
            last = task
    except KeyboardInterrupt:
        print_note(f"the task goes on; wait for it again with: tracker tasks wait {task_id}")
        return INTERRUPTED
    emit(output, last, lambda: print_task(last))
    if last["state"] not in TERMINAL:
        print_note(
            f"still {last['state']} after {timeout_s:g} s; wait on with: "
            f"tracker tasks wait {task_id}"
        )
        return TIMED_OUT
    return 0 if last["state"] == "succeeded" else FAILED


def _parse_input(text: str) -> Any:
    try:
        if text == "-":
            text = "" if sys.stdin is None else sys.stdin.buffer.read().decode("utf-8-sig")
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
    except OSError as error:
        fail(f"--input: {error.filename}: {error.strerror}")
    except ValueError:  # also of a path with NUL
        fail("--input: the file is not UTF-8 text")
    try:
        return json.loads(text)
    except ValueError as error:
        fail(f"--input: not JSON: {error}")
    except RecursionError:
        fail("--input: not JSON: nested too deep")
