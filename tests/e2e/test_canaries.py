"""A canary in every secret and every way to fail: afterwards it stands nowhere."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.support.command import run
from tests.support.objects import fill
from tests.support.requests import build_submission
from tests.support.service import (
    KEEPING_FILES,
    Process,
    build_environment,
    free_port,
    wait_until_ready,
)
from tests.support.sink import Sink
from tests.support.upstream import Asked, Upstream, build_json_answer
from tests.support.waiting import wait_until
from tracker.domain.redaction import MASK
from tracker.web.api.openapi import list_operations
from tracker.web.routes import ROUTES

KEY, ACCESS, SECRET = "sk-canary-of-the-key", "AKcanaryOfTheAccessKey", "SKcanaryOfTheSecretKey"
CALLBACK, PASSWORD = "canary-of-the-callback-secret", "canary-of-the-database"
WEBHOOK = "whsec_" + b64encode(b"canary-of-the-webhook-secret-000").decode()
CONFIG = f"""
[accounts.kling.paired]
base_url = "URL"
access_key = "{ACCESS}"
secret_key = "{SECRET}"
[accounts.kling.away]
base_url = "http://127.0.0.1:9"
api_key = "{KEY}-away"
"""


class Parrot:
    """A provider that repeats all that it is sent, in every answer.

    tokens: of the callback URLs that it was given.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.credentials: set[str] = set()

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """A refusal for creates and queries, in turn in several shapes."""
        credential = asked.headers["authorization"].rpartition(" ")[2]
        self.credentials.add(credential)
        body = b"".join(asked.body).decode()
        url = json.loads(body).get("callback_url", "") if body else ""
        self.tokens += [url.rpartition("/")[2]] if url else []
        echo = f"{asked.headers} {body} {quote(url, safe='')} {url.rpartition('/')[2]} {credential}"
        if asked.line.startswith("POST") and '"echo"' in body:
            said = {
                "code": 0,
                "message": echo,
                "data": {"task_id": "77", "task_status": "submitted"},
            }
            return [build_json_answer(json.dumps(said).encode())]
        if asked.line.startswith("POST") and '"cut"' in body:
            return [f"HTTP/1.1 {echo}\r\n\r\n".encode()]
        if asked.line.startswith("GET"):
            task = {"task_id": "77", "task_status": "processing", "task_status_msg": echo}
            return [
                build_json_answer(json.dumps({"code": 0, "message": echo, "data": task}).encode())
            ]
        said = {"code": 1002, "message": f"no such key: {echo}"}
        return [build_json_answer(json.dumps(said).encode(), "401 Unauthorized")]


@pytest.fixture
def parrot() -> Iterator[tuple[Parrot, str]]:
    parrot = Parrot()
    with Upstream(parrot.answer) as upstream:
        yield parrot, upstream.url


def stored_in(database_url: str, folder: Path) -> str:
    """Every byte that the database keeps."""
    if database_url.startswith("sqlite"):
        return "".join(p.read_bytes().decode("latin-1") for p in folder.glob("tracker.db*"))
    texts = []
    with psycopg.connect(database_url) as db:
        found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in found.fetchall():
            for (row,) in db.execute(f'SELECT to_json(t)::text FROM "{table}" t').fetchall():
                for name, value in json.loads(row).items():
                    is_bytes = isinstance(value, str) and value.startswith("\\x")
                    plain = bytes.fromhex(value[2:]).decode("latin-1") if is_bytes else value
                    texts.append(f"{name}={plain}")
    return "\n".join(texts)


def _command(env: dict[str, str], *arguments: str) -> str:
    done = run(*arguments, **env)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def _paste_secrets(http: httpx.Client, id_: str, token: str) -> None:
    """Put secrets where a URL has an id or a name, and into the id of a request."""
    http.headers["x-request-id"] = KEY
    for path in (
        *(f"/{KEY}/nowhere", f"/v1/tasks/{KEY}", f"/ui/tasks/{KEY}", f"/v1/assets/{KEY}"),
        *(f"/kling/v1/videos/text2video/{KEY}", f"/v1/tasks?cursor={KEY}", f"/v1/tasks?{KEY}=1"),
    ):
        http.get(path)
    http.post(f"/v1/tasks/{id_}/refresh")
    for path in (f"/callbacks/{KEY}/{SECRET}/x", f"/callbacks/{id_}/{token}/x"):
        http.post(path, content="{}")
    del http.headers["x-request-id"]


def test_no_secret_is_stored_logged_answered_or_printed(
    database_url: str, tmp_path: Path, parrot: tuple[Parrot, str]
) -> None:
    said, url = parrot
    stored_at = database_url
    if database_url.startswith("postgres"):
        joint = "&" if "?" in database_url else "?"
        database_url += f"{joint}password={PASSWORD}"
    config = tmp_path / "accounts.toml"
    config.write_text(CONFIG.replace("URL", url))
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    env = build_environment(
        database_url,
        tmp_path,
        provider_url=url,
        public_url=own,
        PORT=str(port),
        TRACKER_KLING_API_KEY=f"{KEY} \n",
        TRACKER_CONFIG=str(config),
        TRACKER_CALLBACK_SECRETS=CALLBACK,
        TRACKER_WEBHOOK_SECRETS=WEBHOOK,
        TRACKER_LOG_LEVEL="debug",
        TRACKER_LOG_FORMAT="json",
        **KEEPING_FILES,
    )
    process = Process(("serve",), env, tmp_path / "log").start()
    with (
        httpx.Client(base_url=own, trust_env=False, timeout=60) as http,
        Sink([500], body=f"{WEBHOOK} {WEBHOOK[6:]} {KEY}".encode()) as sink,
    ):
        wait_until_ready(own, process)
        ids = []
        for account in ("default", "paired", "away"):
            for prompt in ("echo", "refused", "cut"):
                sent = build_submission(account=account, webhook_url=f"{sink.url}/h")
                sent["input"] = sent["input"] | {"prompt": "p", "negative_prompt": prompt}
                answer = http.post("/v1/tasks", json=sent)
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["id"])
        reached = ids[:6]
        for id_ in reached:
            wait_until(lambda id_=id_: http.get(f"/v1/tasks/{id_}").json()["state"] != "queued")  # type: ignore[misc] # bound now
        wait_until(lambda: len(set(said.tokens)) >= len(reached))
        for token in sorted(set(said.tokens)):
            for id_ in ids:
                for form in (
                    f"{KEY} {token} {SECRET}",
                    quote(f"{own}/callbacks/kling/{id_}/{token}"),
                ):
                    body = {"task_id": "77", "task_status": "failed", "task_status_msg": form}
                    path = f"/callbacks/kling/{id_}/{token}"
                    headers = {"user-agent": f"{KEY} {token}"}
                    http.post(path, content=json.dumps(body), headers=headers)
                    http.post(path, content=f"no json: {form}", headers=headers)
                    http.post(f"{path[:-1]}~", content=f"forged: {form}", headers=headers)
        _paste_secrets(http, ids[0], said.tokens[0])
        wait_until(lambda: bool(sink.received))
        seen = [_command(env, "doctor"), _command(env | {"TRACKER_URL": own}, "tasks", "list")]
        seen += [_command(env | {"TRACKER_URL": own}, "tasks", "get", id_) for id_ in ids[::4]]
        for route, method, _ in list_operations(ROUTES):
            if method != "GET" or "stream" in route.path:
                continue
            is_task = "/v1/tasks/{id}" in route.path
            for id_ in ids if is_task else [""]:
                path = (
                    route.path.replace("{id}", id_)
                    if is_task
                    else fill(route.path, http)
                    if "{id}" in route.path
                    else route.path
                )
                seen.append(http.get(path).text)
        for id_ in ids:
            seen.append(http.get(f"/kling/v1/videos/multi-image2video/{id_}").text)
        seen.append(http.get("/kling/v1/general/presets-voices").text)
        seen.append(http.post("/kling/v1/audio/tts", json={"text": "refused"}).text)
    process.stop()
    stored, log = stored_in(stored_at, tmp_path), process.log.read_text()
    assert MASK in stored
    assert any(MASK in text for text in seen)
    for secret in (
        KEY,
        ACCESS,
        SECRET,
        CALLBACK,
        WEBHOOK,
        WEBHOOK[6:],
        PASSWORD,
        *said.tokens,
        *said.credentials,
    ):
        assert secret not in stored
        assert secret not in log
        assert [text for text in seen if secret in text] == []
