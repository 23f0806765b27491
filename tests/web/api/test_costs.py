"""Budgets and costs from the outside: refused in the caller's own words, told by group."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, serve_service
from tracker.cli.main import main
from tracker.client import Client, Refused
from tracker.services.access.keys import Issued

PRICES = """
[[price]]
provider = "kling"
operation = "videos/*"
unit = "second"
amount = "0.35"
usual = 5
currency = "CNY"
"""
BODY = {"prompt": "rain", "duration": "10"}
CREATE = "/kling/v1/videos/text2video"
_tenants = count(1)


@dataclass(frozen=True)
class Priced:
    """A service with a price list. tenant: one that nobody else uses."""

    url: str
    database_url: str
    tenant: str

    def key(self, tenant: str | None = None) -> Issued:
        return issue(self.database_url, tenant=tenant or self.tenant)

    @contextmanager
    def client(self, key: Issued) -> Iterator[httpx.Client]:
        with httpx.Client(
            base_url=self.url, headers=build_bearer(key), trust_env=False, timeout=60
        ) as client:
            yield client

    def run(self, *arguments: str, key: Issued | None = None) -> Result:
        env = {"DATABASE_URL": self.database_url, "TRACKER_URL": self.url, "COLUMNS": "200"}
        if key is not None:
            env["TRACKER_API_KEY"] = key.secret
        return CliRunner(env=env).invoke(main, arguments)


@pytest.fixture(scope="module")
def service(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("priced")
    (folder / "prices.toml").write_text(PRICES)
    env = build_environment(
        shared_database_url, folder, provider_url="http://127.0.0.1:9", public_url=None
    )
    env["TRACKER_CONFIG"] = str(folder / "prices.toml")
    with serve_service(env, workers=False) as url:
        yield url


@pytest.fixture
def priced(service: str, shared_database_url: str) -> Priced:
    return Priced(service, shared_database_url, f"spender-{next(_tenants)}")


def submit(client: httpx.Client, **more: Any) -> httpx.Response:
    task = {"provider": "kling", "operation": "videos/text2video", "input": BODY}
    return client.post("/v1/tasks", json=task | more)


def test_what_exceeds_a_budget_is_402_and_the_providers_own_word(priced: Priced) -> None:
    key = priced.key()
    done = priced.run("budgets", "set", "8", "CNY", "--tenant", priced.tenant)
    assert done.exit_code == 0, done.output
    with priced.client(key) as client:
        assert submit(client).status_code == 202
        assert client.post(CREATE, json=BODY).json()["code"] == 0
        refused = submit(client)
        assert (refused.status_code, refused.json()["type"]) == (
            402,
            "urn:tracker:problem:budget-exceeded",
        )
        assert "8 CNY a day: 7 are used" in refused.json()["detail"]
        chinese = submit_in_chinese(client)
        assert "预算" in chinese["detail"]
        # https://app.klingai.com/global/dev, error codes, 2026-09: the resource pack is used up.
        front = client.post(CREATE, json=BODY)
        assert (front.status_code, front.json()["code"]) == (429, 1102)
        tasks = client.get("/v1/tasks").json()["tasks"]
        assert len(tasks) == 2
    (budget,) = [
        one
        for one in json_of(priced.run("budgets", "list", "--output", "json"))["budgets"]
        if one["tenant"] == priced.tenant
    ]
    assert (budget["used"], budget["amount"], budget["key"]) == ("7", "8", None)
    done = priced.run("budgets", "set", "0", "CNY", "--tenant", priced.tenant)
    with priced.client(key) as client:
        for task in tasks:
            assert client.post(f"/v1/tasks/{task['id']}/cancel").status_code == 200
        again = {"dry_run": False, "state": ["cancelled"]}
        tried = client.post("/v1/tasks/resubmit", json=again).json()
        acted = client.post("/v1/tasks/actions", json=again | {"action": "resubmit"}).json()
        assert (acted["matching"], acted["done"]) == (2, 0)
        assert "the budget of this tenant is 0 CNY a day" in str(acted["refused"])
        assert (tried["matching"], tried["resubmitted"]) == (2, 0)
        assert tried["refused"] == acted["refused"]
    assert priced.run("budgets", "remove", "CNY", "--tenant", priced.tenant).exit_code == 0
    assert priced.run("budgets", "remove", "CNY", "--tenant", priced.tenant).exit_code == 1
    with priced.client(key) as client:
        assert submit(client).status_code == 202


def submit_in_chinese(client: httpx.Client) -> dict[str, Any]:
    task = {"provider": "kling", "operation": "videos/text2video", "input": BODY}
    found: dict[str, Any] = client.post(
        "/v1/tasks", json=task, headers={"accept-language": "zh-CN"}
    ).json()
    return found


def json_of(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_budget_of_a_key_is_no_other_keys(priced: Priced) -> None:
    ours, other = priced.key(), priced.key()
    named = ("--tenant", priced.tenant, "--key", str(ours.row.id), "--per", "month")
    assert priced.run("budgets", "set", "3.5", "CNY", *named).exit_code == 0
    with priced.client(ours) as client:
        assert [submit(client).status_code for _ in range(2)] == [202, 402]
    with priced.client(other) as client:
        assert submit(client).status_code == 202
    elsewhere = priced.run("budgets", "set", "1", "CNY", "--key", str(ours.row.id))
    assert (elsewhere.exit_code, "has no key" in elsewhere.output) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("1e", "CNY"),
        ("-1", "CNY"),
        ("NaN", "CNY"),
        ("1", "C N"),
        ("1", "cny"),
        ("1", "CNY", "--key", "x"),
    ],
)
def test_a_wrong_budget_is_refused(priced: Priced, arguments: tuple[str, ...]) -> None:
    assert priced.run("budgets", "set", *arguments).exit_code == 2


def test_costs_are_told_by_group_to_their_tenant_alone(priced: Priced) -> None:
    key, stranger = priced.key(), priced.key("stranger")
    today = datetime.now(UTC).date().isoformat()
    with priced.client(key) as client:
        assert submit(client).status_code == 202
        assert submit(client, input={"prompt": "snow"}).status_code == 202
        told = client.get("/v1/costs").json()
        assert (told["by"], told["until"]) == (["day", "provider"], today)
        (row,) = told["costs"]
        assert (row["day"], row["provider"], row["account"]) == (today, "kling", None)
        assert (row["estimated"], row["total"], row["currency"]) == ("5.25", "5.25", "CNY")
        by = {"by": ["key", "operation", "account"]}
        (row,) = client.get("/v1/costs", params=by).json()["costs"]
        assert (row["key"], row["operation"]) == (str(key.row.id), "videos/text2video")
        assert (row["account"], row["day"]) == ("default", None)
        task = client.get("/v1/tasks").json()["tasks"][0]
        assert [(one["phase"], one["origin"]) for one in task["costs"]] == [
            ("estimate", "price_list")
        ]
        past = client.get("/v1/costs", params={"until": "2020-02-15"}).json()
        assert (past["since"], past["until"], past["costs"]) == ("2020-02-01", "2020-02-15", [])
    with priced.client(stranger) as client:
        assert client.get("/v1/costs").json()["costs"] == []
    with Client(priced.url, key.secret) as client:
        (sum_,) = client.costs(by=["provider"], since=date.fromisoformat(today).replace(day=1))
        assert (sum_.estimated, sum_.settled) == (Decimal("5.25"), Decimal(0))
        assert sum_.day is None


def test_costs_come_as_csv_to_who_asks(priced: Priced) -> None:
    key = priced.key()
    with priced.client(key) as client:
        submit(client)
        ways = [
            client.get("/v1/costs", params={"format": "csv"}),
            client.get("/v1/costs", headers={"accept": "text/csv"}),
        ]
        for answer in ways:
            assert answer.headers["content-type"].startswith("text/csv")
            (row,) = csv.DictReader(answer.text.splitlines())
            assert (row["provider"], row["currency"], row["total"]) == ("kling", "CNY", "3.5")
        assert ways[0].text.rstrip().endswith(",cash,,CNY,3.5,0,0,0,0,0,3.5")
    printed = priced.run("costs", "--csv", key=key)
    assert (printed.exit_code, printed.stdout.splitlines()) == (0, ways[0].text.splitlines())
    shown = priced.run("costs", "--by", "key", "--by", "provider", key=key)
    assert (shown.exit_code, "3.5" in shown.stdout, "CNY" in shown.stdout) == (0, True, True)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("=1", "'=1"),
        ("+1.5", "'+1.5"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1", "'＝1"),
        ('a "b", c', 'a "b", c'),
        ("1-1", "1-1"),
    ],
)
def test_no_name_of_a_key_is_a_formula_in_a_spreadsheet(
    priced: Priced, name: str, cell: str
) -> None:
    key = issue(priced.database_url, tenant=priced.tenant, name=name)
    with priced.client(key) as client:
        submit(client)
        answer = client.get("/v1/costs", params={"format": "csv", "by": "key"})
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert (row["key_name"], row["total"]) == (cell, "3.5")


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "yesterday"},
        {"since": "2020-01-01"},
        {"since": "2020-01-02", "until": "2020-01-01"},
        {"by": "colour"},
        {"format": "xml"},
        {"tenant": "other"},
    ],
)
def test_what_is_wrong_is_named(priced: Priced, wrong: dict[str, str]) -> None:
    with priced.client(priced.key()) as client:
        answer = client.get("/v1/costs", params=wrong)
        named = [one["path"] for one in answer.json()["errors"]]
        assert (answer.status_code, named) == (
            400,
            ["since" if "until" in wrong else next(iter(wrong))],
        )


def test_the_client_says_why_a_task_is_refused(priced: Priced) -> None:
    key = priced.key()
    priced.run("budgets", "set", "0", "CNY", "--tenant", priced.tenant)
    with Client(priced.url, key.secret) as client, pytest.raises(Refused, match="budget"):
        client.submit("videos/text2video", BODY, provider="kling")
