"""Access on every route: without a key 401, with another tenant's 404, without the scope 403."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.support.databases import PostgresTemplate, SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.objects import MAKERS, fill
from tests.support.requests import (
    EXAMPLE,
    MULTI_IMAGE,
    build_kling_callback,
    build_submission,
    find_callback_path,
)
from tests.support.requests import submit as submit_one
from tests.support.service import KEEPING_FILES, build_environment, serve_to_client
from tests.support.waiting import wait_until
from tracker.clock import make_id, make_token
from tracker.domain.access import Scope
from tracker.services.access.keys import Issued
from tracker.web.api.openapi import list_operations
from tracker.web.routes import ROUTES

SECRET = "a secret for tests only"
GUARDED = [
    (method, route.path, said)
    for route, method, said in list_operations(ROUTES)
    if said.scope is not None
]
WITH_OBJECT = [(method, path, said) for method, path, said in GUARDED if "{" in path]


@dataclass(frozen=True, slots=True)
class Locked:
    """A service that asks for keys: its database, and a client without one."""

    database_url: str
    http: httpx.Client

    def key(self, tenant: str = "default", **more: Any) -> Issued:
        """A new key of a tenant's."""
        return issue(self.database_url, tenant=tenant, **more)

    def pair(self, tenant: str = "default") -> Issued:
        """A new pair for a Kling client."""
        return issue(self.database_url, tenant=tenant, kling=True, secret=SECRET.encode())

    def asked_by(self, issued: Issued) -> httpx.Client:
        """Return a client of the service with a key."""
        return httpx.Client(
            base_url=self.http.base_url, headers=build_bearer(issued), trust_env=False, timeout=60
        )


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def locked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Locked]:
    folder = tmp_path_factory.mktemp("access")
    if request.param == "sqlite":
        sqlite: SqliteTemplate = request.getfixturevalue("sqlite_template")
        yield from _locked(sqlite.copy(folder), folder)
        return
    postgres: PostgresTemplate = request.getfixturevalue("postgres_template")
    with postgres.copy() as url:
        yield from _locked(url, folder)


def _locked(database_url: str, folder: Path) -> Iterator[Locked]:
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS=SECRET,
        TRACKER_AUTH="on",
        **KEEPING_FILES,
    )
    with serve_to_client(env, workers=False) as client:
        yield Locked(database_url, client)


@pytest.fixture
def mine() -> str:
    """A tenant that nobody else is."""
    return f"mine-{make_token()}"


@pytest.fixture
def theirs() -> str:
    """Another one."""
    return f"theirs-{make_token()}"


def _token(pair: Issued, **claims: Any) -> dict[str, str]:
    now = int(time.time())
    payload = {"iss": pair.access_key, "exp": now + 1800, "nbf": now - 5} | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    return {"authorization": f"Bearer {jwt.encode(payload, pair.secret, 'HS256')}"}


def test_every_guarded_route_is_401_without_a_key(locked: Locked) -> None:
    assert GUARDED
    for method, path, _ in GUARDED:
        answer = locked.http.request(method, path.replace("{id}", "x"), json={})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"] == "urn:tracker:problem:unauthenticated"


def test_every_route_with_a_foreign_object_is_404(locked: Locked, mine: str, theirs: str) -> None:
    """And says what it says of an object that nobody has, whatever a request is conditional on."""
    my_key, their_key = locked.key(mine), locked.key(theirs)
    assert WITH_OBJECT
    with locked.asked_by(my_key) as me, locked.asked_by(their_key) as them:
        for method, path, said in WITH_OBJECT:
            address = fill(path, them)
            before, id_, behind = address.rpartition(address.split("/")[3])
            nowhere = before + ("9" * 9 if id_.isdigit() else str(make_id())) + behind
            body = next(iter(said.examples.values()), {})
            variants: list[tuple[str, dict[str, str]]] = [(method, {})]
            if method == "GET":
                tag = them.head(address).headers.get("etag", '"x"')
                variants += [("HEAD", {}), ("GET", {"if-none-match": tag, "if-match": tag})]
                variants += [("GET", {"range": "bytes=0-0", "if-range": tag})]
            for verb, headers in variants:
                sent = None if verb == "HEAD" else body
                answer, other = (
                    me.request(verb, one, headers=headers, json=sent) for one in (address, nowhere)
                )
                assert answer.status_code == 404, (verb, path, answer.text)
                assert not re.search(rf"\b{id_}\b", answer.text)
                assert _shown(answer) == _shown(other), (verb, path, headers)


def _shown(answer: httpx.Response) -> tuple[Any, ...]:
    """Return what an answer shows, but the id of its request."""
    told = {name: answer.headers[name] for name in answer.headers if name != "x-request-id"}
    of_time = ("date", "tracker-position", "content-length")
    fields = {name: value for name, value in told.items() if name not in of_time}
    return answer.status_code, fields, re.sub(r'"request_id":"[^"]*"', "", answer.text)


def test_nobody_submits_the_tasks_of_another_tenant_again(
    locked: Locked, mine: str, theirs: str
) -> None:
    my_key, their_key = locked.key(mine), locked.key(theirs)
    with locked.asked_by(my_key) as me, locked.asked_by(their_key) as them:
        task = submit_one(them)["id"]
        them.post(f"/v1/tasks/{task}/cancel").raise_for_status()
        for body in ({}, {"include_resubmitted": True}, {"dry_run": False}):
            told = me.post("/v1/tasks/resubmit", json=body).json()
            assert (told["matching"], told["sample"], told["tasks"]) == (0, [], []), body
        done = them.post("/v1/tasks/resubmit", json={"dry_run": False}).json()
        assert [one["resubmit_of"] for one in done["tasks"]] == [task]
        assert me.get("/v1/tasks").json()["tasks"] == []


def test_every_guarded_route_is_403_without_its_scope(locked: Locked) -> None:
    keys = {
        scope: locked.key(scopes=[s for s in Scope if s not in (scope, Scope.ADMIN)])
        for scope in Scope
    }
    for method, path, said in GUARDED:
        scope = said.scope
        assert scope is not None
        with locked.asked_by(keys[scope]) as client:
            answer = client.request(method, path.replace("{id}", "x"), json={})
        assert answer.status_code == 403, (method, path)
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]


def test_what_is_listed_names_no_foreign_object(locked: Locked, mine: str, theirs: str) -> None:
    my_key, their_key = locked.key(mine), locked.key(theirs)
    lists = [
        path
        for method, path, said in GUARDED
        if method == "GET" and "{" not in path and said.answers[200].media == "application/json"
    ]
    with locked.asked_by(my_key) as me, locked.asked_by(their_key) as them:
        before = {path: me.get(path).text for path in lists}  # a number may stand for other things
        foreign = [f'"{make(them)}"' for make in MAKERS.values()]
        assert foreign[0] in them.get("/v1/tasks").text
        for path in lists:
            answer = me.get(path)
            assert answer.status_code == 200, path
            named = [id_ for id_ in foreign if answer.text.count(id_) > before[path].count(id_)]
            assert named == [], path


def test_lists_hold_only_the_tenants_own(locked: Locked, mine: str, theirs: str) -> None:
    my_key, their_key = locked.key(mine), locked.key(theirs)
    with locked.asked_by(my_key) as me, locked.asked_by(their_key) as them:
        id_ = submit_one(them)["id"]
        assert [task["id"] for task in them.get("/v1/tasks").json()["tasks"]] == [id_]
        assert me.get("/v1/tasks").json()["tasks"] == []
        listed = me.get(MULTI_IMAGE).json()
        assert listed["data"] == []
        found = me.get(f"{MULTI_IMAGE}/{id_}")
        assert (found.status_code, found.json()["code"]) == (400, 1201)


def test_idempotency_keys_of_two_tenants_are_two(locked: Locked, mine: str, theirs: str) -> None:
    ids = set()
    for tenant in (mine, theirs):
        with locked.asked_by(locked.key(tenant)) as client:
            headers = {"idempotency-key": "k"}
            ids.add(client.post("/v1/tasks", json=build_submission(), headers=headers).json()["id"])
    assert len(ids) == 2


def test_a_clash_with_a_foreign_external_id_tells_nothing_of_it(
    locked: Locked, mine: str, theirs: str
) -> None:
    said = []
    for tenant in (theirs, theirs, mine):
        with locked.asked_by(locked.key(tenant)) as client:
            answer = client.post("/v1/tasks", json=build_submission(external_task_id="order-1"))
            said.append((answer.status_code, {**answer.json(), "request_id": ""}))
    own, foreign = said[1:]
    assert own[0] == 409
    assert foreign == own


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_key_comes_as_bearer_or_in_a_header_of_its_own(locked: Locked, header: str) -> None:
    key = locked.key().secret
    value = f"Bearer {key}" if header == "authorization" else key
    assert locked.http.get("/v1/tasks", headers={header: value}).status_code == 200
    assert locked.http.get(MULTI_IMAGE, headers={header: value}).json()["code"] == 0
    assert locked.http.get("/v1/tasks", headers={header: value + "x"}).status_code == 401
    assert locked.http.get(MULTI_IMAGE, headers={header: value + "x"}).json()["code"] == 1002


@pytest.mark.parametrize("value", ["Basic dTpw", "Bearer", "x", "Bearer a.b.c", "Bearer é"])
def test_odd_credentials_are_401(locked: Locked, value: str) -> None:
    headers = {b"authorization": value.encode("latin-1")}
    answer = locked.http.get("/v1/tasks", headers=headers)
    assert answer.status_code == 401
    assert locked.http.get(MULTI_IMAGE, headers=headers).json()["code"] == 1002


def test_a_client_that_signs_calls_names_a_key_as_its_access_key(locked: Locked) -> None:
    """The secret key of such a client may be anything: the access key is a secret by itself."""
    body = {"req_key": "jimeng_t2i_v40", "task_id": "nobody"}
    path = "/jimeng/?Action=CVSync2AsyncGetResult&Version=2022-08-31"
    tail = "20261128/cn-north-1/cv/request, SignedHeaders=host, Signature=" + "0" * 64
    key, pair = locked.key(), locked.pair()
    for access_key, status in ((key.secret, 200), (pair.access_key, 401), ("wrong", 401)):
        field = f"HMAC-SHA256 Credential={access_key}/{tail}"
        answer = locked.http.post(path, json=body, headers={"authorization": field})
        assert answer.status_code == status
        elsewhere = locked.http.get("/v1/tasks", headers={"authorization": field})
        assert elsewhere.status_code == 401


def test_a_kling_client_signs_with_its_pair(locked: Locked, mine: str) -> None:
    pair = locked.pair(mine)
    created = locked.http.post(MULTI_IMAGE, json=EXAMPLE, headers=_token(pair))
    assert created.status_code == 200, created.text
    id_ = created.json()["data"]["task_id"]
    with_iat = _token(pair, iat=int(time.time()))
    found = locked.http.get(f"{MULTI_IMAGE}/{id_}", headers=with_iat)
    assert found.json()["data"]["task_id"] == id_
    assert locked.http.get(f"/v1/tasks/{id_}", headers=_token(pair, nbf=None)).status_code == 200
    # The access key alone, or the secret key itself, lets nobody in.
    for secret in (pair.access_key, pair.secret):
        bare = {"authorization": f"Bearer {secret}"}
        assert locked.http.get("/v1/tasks", headers=bare).status_code == 401


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1_700_000_000}, 1004),
        ({"nbf": 4_000_000_000}, 1003),
        ({"exp": None}, 1002),
        ({"exp": "soon"}, 1002),
        ({"exp": float("inf")}, 1002),
        ({"exp": 10**400}, 1002),
        ({"nbf": True}, 1002),
        ({"iss": "somebody"}, 1002),
        ({"iss": None}, 1002),
    ],
)
def test_a_wrong_token_has_klings_code(locked: Locked, claims: dict[str, Any], code: int) -> None:
    pair = locked.pair()
    answer = locked.http.get(MULTI_IMAGE, headers=_token(pair, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert "data" not in answer.json()


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_a_token_of_another_algorithm_is_refused(locked: Locked, algorithm: str) -> None:
    pair = locked.pair()
    payload = {"iss": pair.access_key, "exp": int(time.time()) + 60}
    secret = "" if algorithm == "none" else pair.secret + pair.secret
    token = jwt.encode(payload, secret, algorithm)
    answer = locked.http.get(MULTI_IMAGE, headers={"authorization": f"Bearer {token}"})
    assert answer.json()["code"] == 1002


def test_no_credentials_and_too_few_rights_have_klings_codes(locked: Locked) -> None:
    answer = locked.http.post(MULTI_IMAGE, json=EXAMPLE)
    assert (answer.status_code, answer.json()["code"]) == (401, 1001)
    reader = locked.key(scopes=[Scope.TASKS_READ])
    answer = locked.http.post(MULTI_IMAGE, json=EXAMPLE, headers=build_bearer(reader))
    assert (answer.status_code, answer.json()["code"]) == (403, 1103)


def test_callbacks_need_no_key(locked: Locked) -> None:
    key = build_bearer(locked.key())
    task = locked.http.post("/v1/tasks", json=build_submission(), headers=key).json()
    answer = locked.http.post(
        find_callback_path(task["id"]), content=build_kling_callback("processing")
    )
    assert answer.json() == {"verdict": "advanced"}


def test_a_limited_key_is_told_where_it_stands_and_then_429(locked: Locked) -> None:
    key, began_s = build_bearer(locked.key(rate=3)), time.monotonic()
    for left in (2, 1, 0):
        answer = locked.http.get("/v1/tasks/none", headers=key)
        assert answer.status_code == 404
        assert answer.headers["ratelimit-policy"] == '"key";q=3;w=60'
        told = re.match(r'"key";r=(\d);t=', answer.headers["ratelimit"])
        assert told is not None
        # Every 20 s there is one more, as on a machine that stood still so long.
        assert left <= int(told[1]) <= left + (time.monotonic() - began_s) // 20
    answers = list[httpx.Response]()

    def is_refused(path: str) -> bool:
        answers.append(locked.http.get(path, headers=key))
        return answers[-1].status_code == 429

    wait_until(lambda: is_refused("/v1/tasks"))
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert answers[-1].headers["ratelimit"].startswith('"key";r=0;t=')
    wait_until(lambda: is_refused(MULTI_IMAGE))
    assert answers[-1].json()["code"] == 1302
    assert "retry-after" in answers[-1].headers
    other = locked.http.get("/v1/tasks", headers=build_bearer(locked.key()))
    assert "ratelimit" not in other.headers


def test_with_a_key_it_does_not_matter_where_a_request_comes_from(
    locked: Locked, mine: str
) -> None:
    foreign = build_bearer(locked.key(mine)) | {
        "sec-fetch-site": "cross-site",
        "origin": "https://app.example",
    }
    assert (
        locked.http.post("/v1/tasks", json=build_submission(), headers=foreign).status_code == 202
    )
