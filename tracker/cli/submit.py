"""`tracker submit`: hand one task in, and wait for it if asked to."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from tracker.cli.remote import (
    EXIT_CODES,
    EXIT_FAILED,
    EXIT_TIMED_OUT,
    KEY,
    TERMINAL,
    URL,
    Server,
    connect,
)
from tracker.cli.shared import OUTPUT, emit, fail, print_fields, say


@click.command()
@URL
@KEY
@OUTPUT
@click.option("--provider", default="kling", show_default=True)
@click.option("--operation", default="videos/multi-image2video", show_default=True)
@click.option(
    "--input", "input_", required=True, metavar="JSON|@FILE|-", help="The provider's request body."
)
@click.option("--external-task-id", help="Your own id; the task's id when absent.")
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option("--idempotency-key", help="The same key with the same request is the same task.")
@click.option(
    "--wait", is_flag=True, help="Wait for the verdict: exit 0 succeeded, 1 failed, 2 timed out."
)
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Seconds to wait.")
def submit(  # noqa: PLR0913 - one parameter per option
    *,
    url: str,
    api_key: str | None,
    output: str,
    provider: str,
    operation: str,
    input_: str,
    external_task_id: str | None,
    metadata: tuple[str, ...],
    idempotency_key: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Submit a task."""
    body: dict[str, Any] = {"provider": provider, "operation": operation, "input": _input(input_)}
    if external_task_id:
        body["external_task_id"] = external_task_id
    if metadata:
        body["metadata"] = dict(_pair(text) for text in metadata)
    headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
    with connect(url, api_key) as server:
        task = server.send("POST", "/v1/tasks", json=body, headers=headers).json()
        if not wait:
            emit(output, task, lambda: print_task(task))
            return
        say(f"{task['id']}  accepted")
        sys.exit(wait_for(server, task["id"], timeout_s=timeout, output=output))


def wait_for(server: Server, task_id: str, *, timeout_s: float | None, output: str) -> int:
    """Show a task moving on stderr, then print it; returns the exit code."""
    last: dict[str, Any] = {}
    for task in server.watch(task_id, timeout_s=timeout_s):
        progress = "" if task["progress"] is None else f"  {task['progress']:g} %"
        say(
            f"{task['updated_at']}  {task['state']:<10}{progress}  {task['message'] or ''}".rstrip()
        )
        last = task
    emit(output, last, lambda: print_task(last))
    if last["state"] not in TERMINAL:
        say(f"still {last['state']} after {timeout_s:g} s")
        return EXIT_TIMED_OUT
    return EXIT_CODES.get(last["state"], EXIT_FAILED)


def print_task(task: dict[str, Any]) -> None:
    """One task for people."""
    fields = {name: value for name, value in task.items() if value not in (None, {}, [], False)}
    result = fields.pop("result", None) or {"artifacts": []}
    error = fields.pop("error", None)
    if error:
        fields["error"] = f"{error['type']} {error['code'] or ''} {error['message']}"
    for number, piece in enumerate(result["artifacts"]):
        fields[f"result[{number}]"] = f"{piece['kind']} {piece['url']}"
    print_fields(fields)


def _input(text: str) -> Any:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text()
        except OSError as error:
            fail(f"--input: {error.filename}: {error.strerror}")
    try:
        return json.loads(text)
    except ValueError as error:
        fail(f"--input: not JSON: {error}")


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not (key and sign):
        fail(f"--metadata: {text!r} is not KEY=VALUE")
    return key, value
