"""The dashboard for tests: a service with keys, and people who have signed in."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

from tests.support.keys import issue
from tests.support.requests import SECRET, build_kling_callback
from tracker.domain import token
from tracker.domain.access import EVERYTHING, Scope
from tracker.services.access.keys import Issued
from tracker.web.ui import routes
from tracker.web.ui.frame.app import Pages

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate"}
OWN = {"sec-fetch-site": "same-origin"}
"""Of what a browser sends for a page of the service itself."""
SHARED_CALLBACKS = f"/callbacks/kling/shared/{token.sign(SECRET, 'kling', token.SHARED)}"
"""The path of the callback URL that all tasks of a provider share."""


@dataclass(frozen=True)
class Person:
    """Somebody at a browser without script, who has signed in. key: their API key."""

    http: httpx.Client
    key: Issued

    def get(self, path: str, **query: Any) -> httpx.Response:
        """Open a page under `/ui`."""
        return self.http.get(f"/ui{path}", params=query or None)

    def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of a page to a path under `/ui`; a list is several fields of one name."""
        return self.http.post(f"/ui{path}", data={"back": "", **fields}, headers=OWN)

    def see(self, path: str, **query: Any) -> str:
        """Return the text of a page that must be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text


@contextmanager
def open_session(
    url: str,
    database_url: str,
    *,
    tenant: str = "default",
    scopes: Collection[Scope] = EVERYTHING,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Person]:
    """Yield somebody who has signed in with a new key."""
    key = issue(database_url, tenant=tenant, scopes=scopes)
    sent = {**BROWSER, **OWN, **(headers or {})}
    with httpx.Client(base_url=url, headers=sent, trust_env=False, timeout=60) as http:
        sign_in(http, key.secret)
        yield Person(http, key)


def sign_in(http: httpx.Client, key: str) -> None:
    """Have a client sign in with a key; its cookie opens the dashboard from then on."""
    answer = http.post("/ui/sign-in", data={"key": key}, headers=OWN)
    assert answer.status_code == 303, answer.text


def build_cookie_header(http: httpx.Client, **more: str) -> dict[str, str]:
    """Return the header of a client's cookies and of further ones, which it does not keep."""
    kept = {name: value for name, value in http.cookies.items() if value is not None}
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"cookie": "; ".join(f"{name}={value}" for name, value in (kept | named).items())}


def list_forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Return the forms of a page that are sent by POST: their addresses and hidden fields."""
    found = re.findall(
        r'<form[^>]*method="post"[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL
    )
    field = r'<input type="hidden" name="([^"]+)" value="([^"]*)"'
    return [(action, dict(re.findall(field, inside))) for action, inside in found]


def list_odd_receipts(api: httpx.Client, verdict: str) -> list[str]:
    """Return the ids of receipts of a verdict that nobody has dismissed, newest first."""
    params = {"verdict": verdict, "dismissed": "false"}
    return [one["id"] for one in api.get("/v1/receipts", params=params).json()["receipts"]]


def send_stray_callback(api: httpx.Client, **fields: Any) -> str:
    """Send a callback of a task that nobody knows; the id of its receipt."""
    api.post(SHARED_CALLBACKS, content=build_kling_callback("succeed", **fields))
    return list_odd_receipts(api, "unknown_task")[0]


def make_endpoint(api: httpx.Client, name: str) -> str:
    """Make an endpoint; its id."""
    made = api.post("/v1/endpoints", json={"url": f"https://{name}.example/hook"})
    assert made.status_code == 201, made.text
    id_: str = made.json()["id"]
    return id_


def list_page_paths(method: str) -> list[str]:
    """Return the paths of all pages that take a method, under `/ui`, from the table of routes."""
    groups = [one.PAGES for one in vars(routes).values() if hasattr(one, "PAGES")]
    return [
        route.path.removeprefix("/ui")
        for group in groups
        if isinstance(group, Pages)
        for route in group.routes
        if method in (route.methods or ())
    ]


def answer_question(person: Person, path: str, **more: Any) -> httpx.Response:
    """Open a question and send its form."""
    page = person.see(path)
    sent = [(action, fields) for action, fields in list_forms(page) if "/sign-out" not in action]
    ((action, fields),) = sent
    values = {name: unescape(value) for name, value in fields.items()}
    return person.http.post(action, data=values | more, headers=OWN)
