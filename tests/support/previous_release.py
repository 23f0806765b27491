"""The web process of a release before, at work beside the migrations of this one and on its schema.

python -m tests.support.previous_release REVISION [SECONDS]

REVISION is a commit of this repository, whose code runs as processes of its own, workers included.
On each database: the old code migrates and serves; callers submit and call back without a pause;
the new code migrates; after some seconds the new code serves beside the old one, which is then
told to end, and callers go on at the new one; the old code starts once more, and callers go back
to it. At last everything that was acknowledged is looked for at either. It ends with 1 where
anything was lost, answered otherwise, or not ready.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from os import environ
from pathlib import Path
from time import sleep

import httpx

from tests.support.checkouts import unpack_revision
from tests.support.postgres import PostgresServer
from tests.support.requests import (
    SECRET,
    build_kling_callback,
    build_submission,
    find_callback_path,
)
from tests.support.service import ROOT, free_port
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

CALLERS = 4
SHOWN = 5
SECONDS = 5.0


@dataclass
class Load:
    """Callers and one who asks whether it is ready, until it is over.

    kept:    by id of the task, the numbers of callbacks that were answered with 200.
    answers: how often which came to what.
    """

    ports: list[int]
    is_over: threading.Event = field(default_factory=threading.Event)
    kept: dict[str, list[int]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """Begin."""
        names = count()
        targets = [lambda: self._call(names)] * CALLERS + [self._ask]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End it, once each caller has its answer."""
        self.is_over.set()
        for thread in self._threads:
            thread.join()

    def _call(self, names: Iterator[int]) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            while not self.is_over.is_set():
                name = f"upgrade-{next(names)}"
                made = self._post(
                    http, "submit", "/v1/tasks", build_submission(external_task_id=name)
                )
                if made is None or made.status_code != 202:
                    continue
                id_ = made.json()["id"]
                self.kept[id_] = []
                for number in range(3):
                    body = build_kling_callback("processing", updated_at=1_795_500_100_000 + number)
                    told = self._post(
                        http, "callback", find_callback_path(id_, secret=SECRET), body
                    )
                    if told is not None and told.status_code == 200:
                        self.kept[id_].append(number)

    def _post(
        self, http: httpx.Client, kind: str, path: str, body: object
    ) -> httpx.Response | None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        url = f"http://127.0.0.1:{self.ports[-1]}{path}"
        try:
            answer = http.post(url, content=content, headers=headers)
        except httpx.HTTPError as error:
            self.answers[f"{kind} {type(error).__name__}"] += 1
            return None
        self.answers[f"{kind} {answer.status_code}"] += 1
        return answer

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            while not self.is_over.wait(0.02):
                status = http.get(f"http://127.0.0.1:{self.ports[-1]}/readyz").status_code
                self.answers[f"readyz {status}"] += 1


def main(revision: str, seconds: str = str(SECONDS)) -> None:
    """Do it on both databases."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        old = Path(folder, "old")
        unpack_revision(revision, old)
        server = PostgresServer()
        stack.callback(server.close)
        urls = {
            "sqlite": f"sqlite:///{folder}/tracker.db",
            "postgresql": server.start().build_url(),
        }
        for name, url in urls.items():
            own = Path(folder, name)
            own.mkdir()
            faults = _upgrade(url, own, old, float(seconds))
            said = "; ".join(faults[:SHOWN]) or "nothing lost, nothing refused"
            sys.stdout.write(f"{name}: {len(faults)} faults: {said}\n")
            if faults:
                stack.close()
                sys.exit(1)


def _upgrade(url: str, folder: Path, old: Path, seconds: float) -> list[str]:
    with Emulator(EmulatorConfig(step_seconds=0.2, scenario="no_callback")) as emulator:
        known = {  # by any release
            "DATABASE_URL": url,
            "TRACKER_DATA_DIR": str(folder),
            "TRACKER_KLING_BASE_URL": emulator.url,
            "TRACKER_KLING_API_KEY": DEFAULT_KEY,
            "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
            "TRACKER_CALLBACK_SECRETS": SECRET.decode(),
            "TRACKER_LOG_LEVEL": "warning",
        }
        before, after = (known | {"PORT": str(free_port())} for _ in range(2))
        after |= {"TRACKER_METRICS_ADDR": "off", "TRACKER_IDLE_TIMEOUT_S": "600"}
        _run(old, before, "migrate")
        with _serve_release(old, before, folder / "old.log") as previous:
            load = Load([int(before["PORT"])])
            load.start()
            sleep(seconds)
            _run(ROOT, after, "migrate")
            sleep(seconds)
            alone = sum(load.answers.values())
            with _serve_release(ROOT, after, folder / "new.log"):
                sleep(seconds)
                load.ports.append(int(after["PORT"]))
                sleep(0.5)  # answers that are on their way
                previous.terminate()
                previous.wait()
                sleep(seconds)
                # As an operator goes back: the old code starts on what the new one has written.
                with _serve_release(old, before, folder / "back.log"):
                    load.ports.append(int(before["PORT"]))
                    sleep(seconds)
                    load.stop()
                    lost = [
                        one for each in (before, after) for one in _find_lost(load, each["PORT"])
                    ]
    sys.stdout.write(
        f"{dict(sorted(load.answers.items()))}, of which {alone} before the new code began\n"
    )
    good = {"submit 202", "callback 200", "readyz 200"}
    odd = [f"{number} times {what}" for what, number in load.answers.items() if what not in good]
    return [*odd, *lost]


def _find_lost(load: Load, port: str) -> list[str]:
    """Return what was acknowledged and is not there, as the process at a port shows it."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
        faults = []
        for id_, numbers in load.kept.items():
            found = http.get(f"/v1/tasks/{id_}/receipts")
            told = found.json()["receipts"] if found.status_code == 200 else []
            kept = sum(
                one["source"] == "callback" for one in told
            )  # what polls brought is kept too
            if found.status_code != 200 or kept != len(numbers):
                faults.append(f"{id_} has {kept} of {len(numbers)} callbacks")
        return faults


def _run(tree: Path, env: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "tracker", *arguments], cwd=tree, env=_read_whole(env), check=True
    )


@contextmanager
def _serve_release(tree: Path, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tracker", "serve"],
            cwd=tree,
            env=_read_whole(env),
            stdout=out,
            stderr=out,
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{env['PORT']}/readyz", timeout=60).is_success
        except httpx.HTTPError:
            return False

    try:
        wait_until(is_ready)
        yield process
    finally:
        process.kill()
        process.wait()


def _read_whole(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("TRACKER_")} | env


if __name__ == "__main__":
    main(*sys.argv[1:])
