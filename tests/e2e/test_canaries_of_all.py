"""A canary in a key of every provider, at upstreams that repeat all that they are sent."""

import json
from base64 import b64encode
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.e2e.test_canaries import stored_in
from tests.providers.kinds import KINDS, Kind
from tests.providers.support import an_account
from tests.support.requests import build_submission
from tests.support.service import (
    KEEPING_FILES,
    Process,
    build_environment,
    free_port,
    wait_until_ready,
)
from tests.support.upstream import Asked, Upstream, build_json_answer
from tests.support.valid_inputs import make_accepted
from tests.support.waiting import wait_until
from tracker.domain.redaction import MASK
from tracker.providers.registry import PROVIDERS

CALLBACK = "canary-of-the-callback-secret"
SHAPES = 3
GIVEN = {"submit/music": {"gen_params": {"prompt": "rain", "lyrics_type": "generate"}}}
"""Fields of operations whose models do not say what they need."""


def kinds() -> list[Kind]:
    """Those that adapters are tried against, and one of each provider but Kling that has none.

    Kling has a test of its own (test_canaries.py).
    """
    found = list(KINDS.values())
    for name in sorted(PROVIDERS.keys() - {"kling", *(kind.provider for kind in found)}):
        submits, account = PROVIDERS[name].submits, an_account(PROVIDERS[name])
        made = (
            Kind(name, "", one, given)
            for one in sorted(submits.operations)
            if submits.explain_unserved(account, one) is None
            and (given := make_accepted(submits, one, GIVEN.get(one, {}))) is not None
        )
        found.append(next(made))
    return found


def canary(place: int) -> str:
    return f"sk-Canary{place:03d}OfAnAccountsKey"


class Parrot:
    """Repeats what it is sent: in a refusal, in a task, in a fault.

    credentials: what it was sent as one, which may be made of a key.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, count[int]] = {}
        self.credentials: set[str] = set()

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """Answer in another shape than the last time."""
        method, path, _ = asked.line.split(" ", 2)
        sent = asked.headers.get("authorization", "").rpartition(" ")[2]
        if sent:
            self.credentials.add(sent)
        body = b"".join(asked.body).decode("latin-1")
        echo = f"{asked.line} {asked.headers} {body[:300]} {quote(sent)} {sent}"
        number = next(self._numbers.setdefault(f"{method} {path.split('?')[0]}", count()))
        match number % SHAPES:
            case 0:
                said = {"code": 1002, "message": echo, "error": {"message": echo, "code": echo}}
                return [build_json_answer(json.dumps(said).encode(), "401 Unauthorized")]
            case 1:
                return [build_json_answer(json.dumps(self._task(echo, number)).encode())]
            case _:
                return [build_json_answer(echo.encode(), "500 Internal Server Error")]

    def _task(self, echo: str, number: int) -> dict[str, object]:
        id_ = f"their-{number}"
        told = {
            **dict.fromkeys(("id", "task_id", "taskId", "request_id", "result", "name"), id_),
            **dict.fromkeys(("message", "detail", "fail_reason", "failure_reason", "logs"), echo),
            "error": {"message": echo},
            "status": "failed",
            "state": "failed",
            "polling_url": f"http://127.0.0.1:1/{quote(echo)[:500]}",
        }
        return {"code": 0, **told, "data": told, "output": told}


def test_no_key_of_any_provider_is_stored_logged_or_answered(
    sqlite_url: str, tmp_path: Path
) -> None:
    said, port, tried = Parrot(), free_port(), kinds()
    own = f"http://127.0.0.1:{port}"
    with Upstream(said.answer) as upstream:
        lines = []
        for place, kind in enumerate(tried):
            options = {"base_url": upstream.url + f"/{place}" + kind.address}
            options |= {"api_key": canary(place), **kind.options}
            lines.append(f"[accounts.{kind.provider}.a{place}]")
            lines += [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        config = tmp_path / "accounts.toml"
        config.write_text("\n".join(lines))
        env = build_environment(
            sqlite_url,
            tmp_path,
            provider_url=upstream.url,
            public_url=own,
            PORT=str(port),
            TRACKER_CONFIG=str(config),
            TRACKER_CALLBACK_SECRETS=CALLBACK,
            TRACKER_LOG_LEVEL="debug",
            TRACKER_LOG_FORMAT="json",
            **KEEPING_FILES,
        )
        process = Process(("serve",), env, tmp_path / "log").start()
        with httpx.Client(base_url=own, trust_env=False, timeout=60) as http:
            wait_until_ready(own, process)
            ids = []
            for place, kind in enumerate(tried):
                sent = build_submission(provider=kind.provider, account=f"a{place}")
                sent |= {"operation": kind.operation, "input": dict(kind.input)}
                for _ in range(SHAPES):
                    answer = http.post("/v1/tasks", json=sent)
                    assert answer.status_code == 202, (kind, answer.text)
                    ids.append(answer.json()["id"])
            for id_ in ids:
                wait_until(lambda id_=id_: http.get(f"/v1/tasks/{id_}").json()["state"] != "queued")  # type: ignore[misc] # bound now
            pages = (
                "/v1/tasks?limit=100",
                "/v1/changes?limit=1000",
                "/v1/attention",
                "/v1/accounts",
            )
            seen = "\n".join(http.get(page).text for page in pages)
        process.stop()
    places = {"database": stored_in(sqlite_url, tmp_path), "log": process.log.read_text()}
    places["answers"] = seen
    assert MASK in places["database"]
    assert said.credentials
    secrets = {canary(place) for place in range(len(tried))} | said.credentials
    forms = secrets | {b64encode(one.encode()).decode().rstrip("=") for one in secrets}
    found = [(name, one) for name, text in places.items() for one in forms if one in text]
    assert found == []
