"""The main job on one machine, shown live, from submit to result."""

import json
import shlex
import socket
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import httpx
import uvicorn

from tracker import environment
from tracker.app import build_server_options, make_app
from tracker.bounded_http import BoundedTransport, limit_requests
from tracker.cli.exits import FAILED
from tracker.cli.history import fetch_history, print_history
from tracker.cli.language import translate_text
from tracker.cli.main_jobs import (
    JobCreate,
    build_account_settings,
    choose_default,
    create_of,
    main_jobs,
)
from tracker.cli.remote import TERMINAL, ConnectionOptions
from tracker.cli.server import Server
from tracker.cli.shared import fail
from tracker.cli.table import COLOURS
from tracker.cli.visible import measure_width
from tracker.cli.words import format_value
from tracker.domain.redaction import Redactor
from tracker.domain.spelling import build_hint
from tracker.emulator import EmulatorConfig, ScenarioError, create_app
from tracker.emulator import EmulatorServer as Emulator
from tracker.emulator.core.provider import MainJob
from tracker.settings import Settings
from tracker.store.migrate import upgrade
from tracker.telemetry.logs import configure_logging

LONGEST_S = 60.0
_FETCH_S = 10.0
LOOK_EVERY_S = 0.1
_MOST_TEXT = 200
"""Characters of a text that are shown."""
_CLOSED = frozenset({401, 403})
"""Answers to those who lack the account's key."""


def run(*, keep: bool, port: int, step: float, provider: str | None, scenario: str) -> None:
    """Run it and exit: 0 only if the task succeeded by a callback."""
    try:
        create_app(EmulatorConfig(scenario=scenario))
    except ScenarioError as error:
        fail(f"--scenario: {error}")
    name, job = _find_job(provider)
    configure_logging("error", "console", Redactor())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tracker-demo-")))
        emulator = stack.enter_context(
            Emulator(EmulatorConfig(step_seconds=step, scenario=scenario))
        )
        listener = _listen(port)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = build_emulator_settings(
            folder, build_account_settings(name, job, emulator.url), url
        )
        upgrade(settings.resolve_database_url())
        _print_line("database", f"{settings.resolve_database_url()}  migrated")
        _print_line("emulator", f"{emulator.url}  stands in for {name}")
        stack.enter_context(_serve_emulator(settings, listener))
        _print_line("tracker", f"{url}  web and workers in one process")
        server = stack.enter_context(ConnectionOptions(url, "").open())
        create = create_of(name, job, emulator.url, in_protocol=provider is None)
        task_id = _submit(server, create)
        why_not = _watch(server, task_id, calls_back=is_called_back(settings, name))
        _show(server, task_id)
        board = f"{url}/ui/tasks/{server.get(f'/v1/tasks/{task_id}')['id']}"
        click.echo()
        _write_line("dashboard", board)
        if why_not:
            click.echo()
            _tell(f"exit 1: {why_not}")
        if keep:
            if has_display(environment.read(), sys.platform):
                webbrowser.open(board)
            _wait_for_stop(url, emulator.url, create, task_id)
    sys.exit(FAILED if why_not else 0)


def has_display(env: Mapping[str, str], platform: str) -> bool:
    """Tell whether a browser would be seen. env: of the process. platform: as `sys` names it."""
    is_desktop = platform in ("darwin", "win32")
    return is_desktop or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


def _find_job(provider: str | None) -> tuple[str, MainJob]:
    """Return a provider's name and job; those that are shown by default for None."""
    jobs = main_jobs()
    name = provider or choose_default(jobs)
    if name not in jobs:
        fail(f"--provider: {name!r} is none of {', '.join(sorted(jobs))}{build_hint(name, jobs)}")
    return name, jobs[name]


def is_called_back(settings: Settings, provider: str) -> bool:
    """Tell whether the upstream of a provider's only account calls back."""
    capability = settings.get_providers()[provider].calls_back
    account = next(
        one for (owner, _), one in settings.list_accounts().by_name.items() if owner == provider
    )
    return capability is not None and capability.has_callbacks(account)


def build_emulator_settings(folder: Path, accounts: Mapping[str, str], url: str) -> Settings:
    """Return the settings of a service that works with an emulator on this machine.

    accounts: settings of accounts at the emulator. url: of the service.
    """
    return Settings.read_environment(
        {
            **accounts,
            "TRACKER_DATA_DIR": str(folder),
            "TRACKER_PUBLIC_URL": url,
            "TRACKER_METRICS_ADDR": "off",
            "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
            "TRACKER_POLL_FIRST_S": "0.5",  # for providers that never call back
            "TRACKER_POLL_QUIET_S": "5",  # soon, for those who lose the callbacks on purpose
        }
    )


def _listen(port: int) -> socket.socket:
    # proto is named so that asyncio switches Nagle's delay off on connections taken here.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@contextmanager
def _serve_emulator(settings: Settings, listener: socket.socket) -> Iterator[None]:
    app = make_app(settings, workers=True)
    config = uvicorn.Config(app, **build_server_options(settings), timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            fail("the service did not start; see the lines above", code=1)
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)


def _submit(server: Server, create: JobCreate) -> str:
    click.echo()
    _write_line("POST", create.path)
    _write_line("body", json.dumps(create.body, ensure_ascii=False))
    found: Any = server.send("POST", create.path, json=create.body).json()
    for key in create.id_at:
        found = found[key]
    _print_line("answer", f"task {found}")
    click.echo()
    return str(found)


def _watch(server: Server, task_id: str, *, calls_back: bool) -> str | None:
    """Print each transition as it is made; returns why it is no success, None where it is one."""
    started, shown = time.monotonic(), 0
    verdict: dict[str, Any] | None = None
    while time.monotonic() - started < LONGEST_S:
        steps = server.get(f"/v1/tasks/{task_id}/transitions")["transitions"]
        for step in steps[shown:]:
            _print_step(step, time.monotonic() - started)
            if step["to"] in TERMINAL and step["to"] != step["from"]:
                verdict = step  # later ones tell of the files that were kept
        shown = len(steps)
        if verdict is not None:
            if verdict["to"] != "succeeded":
                return f"the task {verdict['to']}: {format_value(verdict['message'])}"
            if calls_back and not _is_by_callback(server, task_id, verdict):
                return f"the task succeeded, but by {verdict['source']}: no callback brought it"
            return None
        time.sleep(LOOK_EVERY_S)
    return f"the task had not ended after {LONGEST_S:g} s"


def _is_by_callback(server: Server, task_id: str, verdict: Mapping[str, Any]) -> bool:
    """Tell whether a callback brought the verdict, or the news after which the provider was asked.

    Some providers sign no callback, or not its body: what one says counts once a query confirms it.
    """
    if verdict["source"] == "callback":
        return True
    receipts = server.get(f"/v1/tasks/{task_id}/receipts")["receipts"]
    return any(one["verdict"] == "unconfirmed" for one in receipts)


def _print_step(step: dict[str, Any], elapsed_s: float) -> None:
    state = click.style(f"{step['to']:<10}", fg=COLOURS.get(step["to"]), bold=True)
    told = step["provider_status"] or step["message"]
    word = f"  ({format_value(told)})" if told else ""
    by = translate_text(f"by {step['source']}")
    click.echo(f"  {elapsed_s:6.2f} s  {state}  {by}{word}")


def _show(server: Server, task_id: str) -> None:
    click.echo()
    print_history(fetch_history(server, task_id))
    task = server.get(f"/v1/tasks/{task_id}")
    for place, piece in enumerate((task["result"] or {"artifacts": []})["artifacts"]):
        click.echo()
        # A file that came within the provider's answer has no URL there.
        url = piece["url"] or piece["asset"]["url"]
        _write_line("result", f"{piece['kind']}  {_shorten_url(url)}")
        if not url.startswith(("http://", "https://")):
            continue  # a text is its own URL
        media = _fetch(url)
        if media.status_code in _CLOSED:
            url = _find_kept_url(server, task_id, place)
            _write_line("result", f"{piece['kind']}  {url}")
            media = _fetch(url)
        media.raise_for_status()
        _print_line("download", f"{len(media.content)} bytes of {media.headers['content-type']}")


def _fetch(url: str) -> httpx.Response:
    with httpx.Client(transport=BoundedTransport()) as http, limit_requests(_FETCH_S):
        return http.get(url, timeout=_FETCH_S)


def _shorten_url(url: str) -> str:
    """Return the beginning of a text that is its own URL, in one line; any other URL as it is."""
    head, _, text = url.partition(",")
    if not head.startswith("data:text/plain"):
        return url
    line = " ".join(unquote(text).split())
    return line if len(line) <= _MOST_TEXT else f"{line[:_MOST_TEXT]}…"


def _find_kept_url(server: Server, task_id: str, place: int) -> str:
    """Return the link to a file that opens for the account alone, once it is kept here."""
    started = time.monotonic()
    while True:
        kept = server.get(f"/v1/tasks/{task_id}")["result"]["artifacts"][place]["asset"]
        if kept is not None and kept["state"] == "kept":
            return str(kept["url"])
        if time.monotonic() - started > LONGEST_S:
            fail("the file of the result was not kept", code=1)
        time.sleep(LOOK_EVERY_S)


def _wait_for_stop(url: str, emulator: str, create: JobCreate, task_id: str) -> None:
    body = shlex.quote(json.dumps(create.body, ensure_ascii=False))
    click.echo()
    _tell("Still running. Look around, or try:")
    click.echo(
        f"""
  curl -s {url}/v1/tasks
  curl -s {url}/v1/tasks/{task_id}/transitions
  curl -s {url}{create.path}/{task_id}
  curl -s {emulator}/emulator/callbacks
  curl -s {url}{create.path} -H 'content-type: application/json' \\
       -d {body}
"""
    )
    _tell(
        f"Scenarios: curl -s {emulator}/emulator; put [scenario:duplicated=5] in a prompt to "
        "play one."
    )
    _tell("Stop: Ctrl-C")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        _tell("stopping")


def _write_line(name: str, text: str) -> None:
    label = translate_text(name)
    click.echo(f"{label}{' ' * (9 - measure_width(label))} {text}")


def _print_line(name: str, text: str) -> None:
    """Print a line whose text is in the catalogues."""
    _write_line(name, translate_text(text))


def _tell(text: str) -> None:
    click.echo(translate_text(text))
