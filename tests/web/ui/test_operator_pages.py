"""Accounts, keys, the audit and the installation: who sees them, and what they tell."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.support.dashboard import Person, open_session
from tests.support.keys import build_bearer
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.web.conftest import CAP, Shared
from tracker.clock import SystemClock, make_id
from tracker.domain.access import Scope
from tracker.domain.budget import Budget, Period
from tracker.services.access.budgets import Budgets
from tracker.store.driver.engine import open_engine
from tracker.store.schema import jobs, tasks
from tracker.store.store import Store
from tracker.web.ui.audit import find_place

ENDS = r'<p class="ends[^>]*><span><time datetime="([^"]+)".*?<span><time datetime="([^"]+)"'
"""From when to when a chart goes."""


@pytest.fixture
def other(shared_idle: Shared) -> Iterator[Person]:
    with open_session(shared_idle.url, shared_idle.database_url, tenant="other") as one:
        yield one


def test_a_key_is_shown_once_and_revoked_after_a_question(person: Person, other: Person) -> None:
    made = person.send("/keys", name="board", scope=["tasks:read"], kind="key", per_minute="60")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    (secret,) = re.findall(r'class="secret">(trk_[^<]+)<', made.text)
    assert person.http.get("/v1/tasks", headers={"x-api-key": secret}).status_code == 200
    listed = person.see("/keys")
    assert f'class="name">{person.key.row.hint}' in listed  # what has no name can be told apart
    assert secret not in listed
    assert "board" in listed
    (entry,) = [one for one in _audit(person) if one["action"] == "keys.create"][:1]
    path = f"/keys/{entry['target']}/revoke"
    assert "Revoke the key board?" in person.see(f"{path}/confirm")
    assert other.get(f"{path}/confirm").status_code == 404
    assert other.send(path, back="/keys").status_code == 404
    assert person.send(path, back="/keys").headers["location"] == "/ui/keys"
    assert "The key board is revoked." in person.see("/keys")
    assert _audit(person)[0]["action"] == "keys.revoke"


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": []},
        {"scope": ["everything"]},
        {"scope": ["admin"], "per_minute": "0"},
        {"scope": ["admin"], "per_minute": "many"},
        {"scope": ["admin"], "name": "a\u0000b"},
    ],
)
def test_a_wrong_field_makes_no_key(person: Person, fields: dict[str, list[str]]) -> None:
    before = _audit(person)
    assert person.send("/keys", **fields).status_code == 422
    assert _audit(person) == before


def test_a_pair_has_both_its_parts(person: Person) -> None:
    made = person.send("/keys", scope=["tasks:write"], kind="pair").text
    assert len(re.findall(r'class="secret">', made)) == 2


def test_the_audit_is_filtered_and_paged_by_its_address(person: Person) -> None:
    person.send("/keys", name="for the audit", scope=["tasks:read"], kind="key")
    page = person.see("/audit", action="keys.create")
    assert "keys.create" in page
    assert "No action of a person matches" in person.see("/audit", action="nothing.at-all")
    assert person.get("/audit", wanted="x").status_code == 400


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("runs.start", "/bulk/x"),
        ("tasks.cancel", "/tasks/x"),
        ("receipts.attach", "/callbacks/x"),
        ("keys.revoke", None),
    ],
)
def test_what_was_acted_on_is_led_to_where_it_has_a_page(action: str, place: str | None) -> None:
    assert (find_place(action, "x"), find_place(action, None)) == (place, None)


def test_readers_and_other_tenants_see_what_the_api_shows_them(
    shared_idle: Shared, other: Person
) -> None:
    assert "belong to the operator" in other.see("/providers")
    assert "kling" not in other.see("/providers")
    assert "belong to the operator" in other.see("/system")
    assert other.send("/providers/probe", provider="kling", account="default").status_code == 404
    read = [Scope.TASKS_READ]
    with open_session(shared_idle.url, shared_idle.database_url, scopes=read) as reader:
        for path in ("/keys", "/audit", "/system"):
            refused = reader.get(path)
            assert (refused.status_code, "admin" in refused.text) == (403, True)
            assert "/sign-out" in refused.text  # one is still signed in
        assert reader.send("/keys", scope=["admin"]).status_code == 403
        assert "needs admin" in reader.see("/providers")


def test_an_account_shows_its_slots_and_is_asked_on_demand(person: Person) -> None:
    page = person.see("/providers")
    for text in ("kling · default", "Waiting", "nothing ended", "Ask one harmless query"):
        assert text in page
    for days in (7, 30):
        assert f"{days} days:" in person.see("/providers", days=days)
    asked = person.send("/providers/probe", provider="kling", account="default", back="/providers")
    assert asked.headers["location"] == "/ui/providers"
    assert "kling/default does not work" in person.see("/providers")


def test_what_ended_is_charted_by_the_hour_and_leads_to_its_tasks(person: Person) -> None:
    headers = build_bearer(person.key)
    name = f"charted-{make_id()}"
    made = person.http.post(
        "/v1/tasks", json=build_submission(external_task_id=name), headers=headers
    )
    told = build_kling_callback("succeed", task_id=f"c-{make_id()}", final_unit_deduction="1200")
    id_ = made.json()["id"]
    assert person.http.post(find_callback_path(id_), content=told).status_code == 200
    for path, days in (("/attention", None), ("/providers", 1), ("/providers", 30)):
        page = person.see(path, **({} if days is None else {"days": days}))
        assert '<svg class="chart"' in page
        ((first, last),) = re.findall(ENDS, page)
        assert first < last
        (row,) = re.findall(r'<tr><td><a href="/ui([^"]+)">.*?</tr>', page)
        assert name in person.see(unescape(row))
        assert "100 %" in page  # of the verdicts came by callback
        assert "cost <strong>1,200</strong> units" in page


def test_the_installation_names_what_is_wrong_first(person: Person) -> None:
    page = person.see("/system")
    assert "No process does the background work: tasks wait." in page
    assert page.index("wrong") < page.index("fine")
    told = person.http.get("/v1/system", headers=build_bearer(person.key)).json()["installation"]
    assert told["schema"] in page


def test_tasks_that_wait_for_a_slot_are_nobodys_fault(shared_idle: Shared, person: Person) -> None:
    headers = build_bearer(person.key)
    ids = [
        person.http.post("/v1/tasks", json=build_submission(), headers=headers).json()["id"]
        for _ in range(2)
    ]
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    key = select(tasks.c.key).where(tasks.c.id == UUID(ids[1])).scalar_subquery()
    holds = update(tasks).where(tasks.c.id == UUID(ids[0]))
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        db.execute(holds.values(slots_held=CAP))
        db.execute(update(tasks).where(tasks.c.id == UUID(ids[1])).values(deadline_at=hour_ago))
        db.execute(update(jobs).where(jobs.c.task_key == key).values(run_at=hour_ago))
    page = person.see("/system")
    assert "until its account has a free slot" in page or "until their account has a free" in page
    assert "overdue by more than a minute" not in page
    told = person.see(f"/tasks/{ids[1]}")
    assert f"{CAP} of {CAP} are at the provider" in told
    assert "No worker has taken" not in told
    (shown,) = re.findall(r'"/ui(/tasks\?[^"]*account=[^"]*)"', told)
    assert "Account: default" in person.see(unescape(shown))
    (late,) = person.http.get("/v1/attention", headers=headers).json()["overdue"]
    assert late["message"] == "waiting for a free slot"
    with engine.begin() as db:
        db.execute(holds.values(slots_held=0))
        db.execute(update(tasks).where(tasks.c.id == UUID(ids[1])).values(deadline_at=None))
    assert "No worker has taken" in person.see(f"/tasks/{ids[1]}")
    engine.dispose()


def test_budgets_stand_beside_the_keys_that_they_cap(shared_idle: Shared, person: Person) -> None:
    async def plant() -> None:
        clock = SystemClock()
        async with Store(shared_idle.database_url, clock) as store:
            for tenant, amount in (("default", "0"), ("spent", "0"), ("other", "4200")):
                cap = Budget(tenant, None, Period.DAY, "CNY", Decimal(amount))
                await Budgets(store, clock).keep(cap)

    asyncio.run(plant())
    assert "1 budget is used up" in person.see("/attention")
    page = person.see("/keys")
    assert re.search(r"all keys.*day \(UTC\).*0 CNY.*used up: new tasks are refused", page)
    assert "4,200" not in page  # another tenant's
    assert (
        "已用完：拒绝新任务" in person.http.get("/ui/keys", headers={"accept-language": "zh"}).text
    )
    filled = {"provider": "kling", "operation": "videos/text2video", "input.prompt": "a cat, kept"}
    with open_session(shared_idle.url, shared_idle.database_url, tenant="spent") as one:
        tried = one.send("/try", **filled, do="submit")
    assert tried.status_code == 402
    assert "the budget of this tenant is 0 CNY a day" in tried.text
    assert ">\na cat, kept</textarea>" in tried.text


def _audit(person: Person) -> list[dict[str, str]]:
    answer = person.http.get("/v1/audit", headers=build_bearer(person.key))
    entries: list[dict[str, str]] = answer.json()["entries"]
    return entries
