"""/v1/keys: made, shown once, listed and ended, each tenant's for itself."""

from typing import Any

import httpx
import pytest

from tests.web.conftest import Shared
from tracker.domain.access import Scope


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _create(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _as(http: httpx.Client, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=http.base_url, headers={"x-api-key": key}, trust_env=False, timeout=60
    )


def test_a_key_does_what_it_was_made_for_and_is_shown_once(http: httpx.Client) -> None:
    made = _create(http, name="board", scopes=["tasks:read"], per_minute=100)
    assert (made["scopes"], made["per_minute"], made["kind"]) == (["tasks:read"], 100, "key")
    assert (made["access_key"], made["secret_key"]) == (None, None)
    with _as(http, made["key"]) as holder:
        assert holder.get("/v1/tasks").status_code == 200
        assert holder.post("/v1/keys", json={}).status_code == 403
    listed = http.get("/v1/keys")
    assert made["key"] not in listed.text
    assert [one["id"] for one in listed.json()["keys"]][-1] == made["id"]
    assert made["key"] not in http.get("/v1/audit").text


def test_a_revoked_key_stays_listed_and_its_actions_stay_its_own(http: httpx.Client) -> None:
    made = _create(http, name="helper", scopes=[Scope.ADMIN])
    with _as(http, made["key"]) as holder:
        other = _create(holder, name="made by the helper")
    assert http.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert http.delete(f"/v1/keys/{made['id']}").status_code == 204
    told = {one["id"]: one for one in http.get("/v1/keys").json()["keys"]}
    assert told[made["id"]]["revoked_at"] is not None
    (entry,) = http.get("/v1/audit", params={"target": other["id"]}).json()["entries"]
    assert entry["actor"] == f"key {made['id']} (helper)"


def test_a_pair_signs_and_is_shown_once(http: httpx.Client) -> None:
    made = _create(http, kind="pair")
    assert made["key"] is None
    assert made["access_key"].startswith("trkak_")
    assert made["secret_key"] not in http.get("/v1/keys").text


def test_pages_meet_every_key_once(http: httpx.Client) -> None:
    for n in range(4):
        _create(http, name=f"n{n}")
    met: list[str] = []
    after = None
    while after is not None or not met:
        page = http.get("/v1/keys", params={"limit": 2} | ({"after": after} if after else {}))
        met += [one["name"] for one in page.json()["keys"]]
        after = page.json()["next_cursor"]
    assert met[-4:] == ["n0", "n1", "n2", "n3"]
    assert len(met) == 5


def test_no_tenant_sees_or_ends_the_keys_of_another(
    http: httpx.Client, shared_idle: Shared
) -> None:
    mine = _create(http, name="mine")
    with shared_idle.client() as them:
        assert mine["id"] not in them.get("/v1/keys").text
        assert them.delete(f"/v1/keys/{mine['id']}").status_code == 404
        theirs = them.get("/v1/system").json()
    assert theirs["installation"] is None
    with _as(http, mine["key"]) as holder:
        assert holder.get("/v1/tasks").status_code == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"scopes": ["everything"]}, "scopes[0]"),
        ({"scopes": []}, "scopes"),
        ({"name": "a\u202eb"}, "name"),
        ({"per_minute": 0}, "per_minute"),
        ({"kind": "session"}, "kind"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, body: dict[str, Any], path: str) -> None:
    answer = http.post("/v1/keys", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
