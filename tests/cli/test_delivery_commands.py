"""`tracker endpoints`, `deliveries` and `listen` against a running service."""

import json
import os
import pty
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner, Result
from standardwebhooks.webhooks import Webhook

from tests.support.requests import submit
from tests.support.service import Process, build_environment, listen, read_url, serve_service
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tracker.cli.main import main
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

NEXT_TRY_S = 2
"""After this, another task is submitted."""


@pytest.fixture
def service(sqlite_url: str, tmp_path: Path) -> Iterator[str]:
    listener = listen()
    public = read_url(listener)
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        env = build_environment(sqlite_url, tmp_path, provider_url=emulator.url, public_url=public)
        with serve_service(env, listener=listener, workers=True) as url:
            yield url


def run(service: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"TRACKER_URL": service})


def answered(service: str, *arguments: str) -> Any:
    """Run a command and return the JSON it printed."""
    done = run(service, *arguments, "--output", "json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_an_endpoint_is_made_tested_and_its_delivery_sent_again(service: str) -> None:
    with Sink() as sink:
        made = answered(service, "endpoints", "create", sink.url, "--event", "task.failed")
        assert (made["event_types"], made["secret"][:6]) == (["task.failed"], "whsec_")
        id_ = answered(service, "endpoints", "test", made["id"])["delivery_id"]
        wait_until(lambda: len(sink.received) == 1)
        Webhook(made["secret"]).verify(sink.received[0].body, sink.received[0].headers)
        wait_until(
            lambda: (
                answered(service, "deliveries", "list", "--state", "delivered")["deliveries"] != []
            )
        )
        answered(service, "deliveries", "redeliver", id_)
        wait_until(lambda: len(sink.received) == 2)
    shown = answered(service, "deliveries", "show", id_)
    assert shown["attempts"][0]["status"] == 200
    would = answered(service, "deliveries", "redeliver", "--state", "delivered")
    assert (would["dry_run"], would["redelivered"]) == (True, 0)
    assert answered(service, "endpoints", "pause", made["id"])["state"] == "paused"
    table = run(service, "endpoints", "list")
    assert "paused" in table.stdout
    assert made["secret"] not in table.stdout
    refused = run(service, "endpoints", "test", made["id"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "resume it first" in refused.stderr


def test_listen_relays_each_event_once_and_signed(service: str, tmp_path: Path) -> None:
    secret = "whsec_" + "bGlzdGVu" * 4
    log = tmp_path / "listen.log"
    with Sink() as sink, httpx.Client(base_url=service, trust_env=False, timeout=90) as http:
        arguments = ("listen", "--forward-to", f"{sink.url}/dev", "--secret", secret)
        with Process(arguments, {"TRACKER_URL": service}, log) as process:
            wait_until(lambda: "relaying to" in log.read_text())

            def has_relayed() -> bool:
                # It writes the line once the receiver's answer has come.
                return "task.succeeded" in log.read_text()

            # It listens from some moment on that it does not tell: one task after another, each
            # to its end, or the many tasks would be what the command waits for.
            while not has_relayed():
                over = http.get(f"/v1/tasks/{submit(http)['id']}?wait=60").json()
                assert over["state"] == "succeeded"
                with suppress(AssertionError):  # the next task is the next try
                    wait_until(has_relayed, timeout_s=NEXT_TRY_S)
            process.signal(signal.SIGINT)
            process.join()
    for request in sink.received:
        assert request.path == "/dev"
        Webhook(secret).verify(request.body, request.headers)
    ids = [request.headers["webhook-id"] for request in sink.received]
    assert len(ids) == len(set(ids))
    assert "task.succeeded" in log.read_text()


class Screen:
    """A terminal of 100 columns that a command writes to."""

    def __init__(self, stack: ExitStack) -> None:
        self._master, slave = pty.openpty()
        for end in (self._master, slave):
            stack.callback(os.close, end)
        os.set_blocking(self._master, False)
        self.path = Path(os.ttyname(slave))
        self._text = b""

    def shown(self) -> str:
        """Return all that was written to it so far."""
        with suppress(BlockingIOError):
            while piece := os.read(self._master, 65536):
                self._text += piece
        return self._text.decode()

    def shows(self, text: str) -> bool:
        """Return whether a text was written to it."""
        return text in self.shown()


def test_listen_takes_a_port_or_a_host_and_shows_states_in_colours(service: str) -> None:
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        http = stack.enter_context(httpx.Client(base_url=service, trust_env=False, timeout=90))
        port = str(urlsplit(sink.url).port)
        forms = {
            port: f"http://127.0.0.1:{port}",
            f"localhost:{port}/dev": f"http://localhost:{port}/dev",
        }
        started = []
        for form in forms:
            screen = Screen(stack)
            arguments = ("listen", "--forward-to", form)
            process = Process(arguments, {"TRACKER_URL": service}, screen.path, out=screen.path)
            started.append((screen, stack.enter_context(process)))
        for screen, _ in started:
            wait_until(partial(screen.shows, "relaying to"))
        task = submit(http)["id"]
        assert http.get(f"/v1/tasks/{task}?wait=60").json()["state"] == "succeeded"
        for (screen, _), url in zip(started, forms.values(), strict=True):
            wait_until(partial(screen.shows, "task.succeeded"))
            assert f"relaying to {url};" in screen.shown()
            assert "\x1b[32mtask.succeeded" in screen.shown()
        for screen, process in started:
            process.signal(signal.SIGINT)
            assert process.join() == 130
            assert "go on with: --after " in screen.shown()
    assert {request.path for request in sink.received} >= {"/", "/dev"}
