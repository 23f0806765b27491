"""A task in which everything that callers and providers may write holds a payload.

Markup, addresses, characters that hide, bytes that are no text, JSON too long or too deep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.requests import SECRET, build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_to_client

MARKUP = (
    "<script>document.title='ran'</script><img src=//evil.example/x onerror=alert(1)>"
    '"><a href="javascript:alert(1)" hx-get="//evil.example" hx-trigger="load">x</a>{{7*7}}'
)
HIDDEN = "admin\u202egnp.exe\u200b\u2066\ufeff"
DIGITS = b"1234567890123456789012345678901234567890"
BODIES = {
    "markup": build_kling_callback("processing", task_status_msg=MARKUP + HIDDEN),
    "no text": b'\xff\xfe\x00{"a": "\x80"}',
    "long": b'{"task_id": "881", "text": "' + "长".encode() * 300_000 + b'"}',
    "deep": b'{"task_id": "881", "a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "numbers": b'{"task_id": "881", "n": [9007199254740993, 1e400, -0, 0.10000000000000000555]}',
    "nested": b'{"task_id": "881", "a": ' + b'{"a": [' * 100 + b"0" + b"]}" * 100 + b"}",
    "empty": b"",
    "digits": b'{"task_id": "881", "nul": "\\u0000", "number": ' + DIGITS + b"}",
}
ADDRESSES = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:video/mp4;base64," + "A" * 400,
    "//evil.example/x",
    "https://user:secret@evil.example/" + "a" * 2000,
    "https://media.example/second.mp4",
)
"""Of results."""
NAME = '"><script>alert(1)</script>'
"""The task's external id."""


@contextmanager
def open_unguarded(database_url: str, folder: Path) -> Iterator[httpx.Client]:
    """Yield a client of a service that asks for no key, without workers."""
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_AUTH="off",
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
    )
    with serve_to_client(env, workers=False) as client:
        yield client


def create_hostile_task(http: httpx.Client) -> dict[str, Any]:
    """Make the task, which has succeeded; return it as the API shows it."""
    made = submit(
        http,
        external_task_id=NAME,
        metadata={"note": MARKUP + HIDDEN, "order": "=1+1"},
        webhook_url="https://app.example/<script>",
    )
    for body in BODIES.values():
        http.post(find_callback_path(made["id"]), content=body)
    done = build_kling_callback(
        "succeed",
        task_id="881",
        task_result={"videos": [{"id": MARKUP, "url": url, "duration": "5"} for url in ADDRESSES]},
    )
    answer = http.post(find_callback_path(made["id"]), content=done)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = http.get(f"/v1/tasks/{made['id']}").json()
    return found


def list_pages(task: dict[str, Any]) -> list[str]:
    """Return the paths that show the task."""
    return ["/ui/tasks", f"/ui/tasks/{task['id']}", "/ui/tasks?metadata.order=%3D1%2B1"]
