"""The page of what needs a person: its order, its numbers and its words; troubles that are over."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from tests.domain.factories import NOW
from tests.support.dashboard import (
    SHARED_CALLBACKS,
    Person,
    list_odd_receipts,
    make_endpoint,
    send_stray_callback,
)
from tests.support.requests import submit
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.clock import SystemClock, make_id
from tracker.domain import health, presence
from tracker.domain.delivery import get_endpoint_lane
from tracker.domain.sealing import CannotOpen, seal, unseal
from tracker.locale import ENGLISH
from tracker.services import tokens
from tracker.services.backup import readying
from tracker.services.deliver.sending import describe_unreadable_secret
from tracker.services.upkeep import clock_step_watch, learning, stalls
from tracker.services.upkeep import health as upkeep_health
from tracker.services.upkeep.backlog import describe_backlog
from tracker.services.upkeep.retention import ARCHIVE_REASON, describe_delay
from tracker.services.upkeep.retention_asking import describe_wait
from tracker.store import conditions, deliveries, endpoints, feed_head, restoring
from tracker.store.conditions import Condition
from tracker.store.deliveries import NewDelivery
from tracker.store.driver.transaction import Tx
from tracker.store.schema import attempts, tasks
from tracker.store.schema import deliveries as owed_rows
from tracker.store.store import Store
from tracker.web.ui.frame.words import load_catalogue

CHINESE = {"accept-language": "zh-CN"}
WORDS_OF_PROVIDER = "E-1302 rate"


def test_no_condition_is_told_in_english_on_a_chinese_page(
    shared_idle: Shared, operator: Person
) -> None:
    planted = [
        Condition(name, "kling" if is_of_account else "", f"a{number}", reason, NOW)
        for number, (name, is_of_account, reason) in enumerate(every_condition())
    ]
    assert {one.name for one in planted} == {
        value for name, value in vars(conditions).items() if name.isupper() and name[0] != "_"
    }
    assert {f"condition.{one.name}" for one in planted} <= load_catalogue(ENGLISH).keys()
    seen = ""
    for some in (planted[at : at + 5] for at in range(0, len(planted), 5)):  # what a page shows
        begin(shared_idle, *some)
        page = operator.http.get("/ui/attention", headers=CHINESE).text
        assert english_in(operator.http.get("/ui/system", headers=CHINESE).text) == []
        end(shared_idle, *some)
        seen += re.split(r'<section class="group"', page)[1]
    assert seen.count("<li id=") == len(planted)
    assert seen.count(WORDS_OF_PROVIDER) > 0
    assert english_in(seen) == []
    assert "收不到回调" in seen


def test_troubles_that_are_over_are_told_with_their_times(
    shared_idle: Shared, operator: Person
) -> None:
    one = Condition(conditions.ACCOUNT_AILING, "kling", "default", ailing(), NOW)
    begin(shared_idle, one)
    page = operator.http.get("/ui/providers", headers=CHINESE).text
    assert "提交失败" in re.findall(r'<p class="state error">(.*?)</p>', page, re.DOTALL)[-1]
    end(shared_idle, one, at=NOW + timedelta(minutes=28))
    page = operator.http.get("/ui/providers", headers=CHINESE).text
    (past,) = re.findall(r"<details><summary>[^<]*</summary>\s*<ul>(.*?)</ul>", page, re.DOTALL)
    begun, ended = re.findall(r'datetime="([^"]+)"', past)
    assert (begun, ended) == tuple(
        f"{at:%Y-%m-%dT%H:%M:%S}" + begun[19:] for at in (NOW, NOW + timedelta(minutes=28))
    )
    assert english_in(past) == []
    assert 'class="state error"' not in page


def test_groups_stand_in_their_order_with_five_entries_and_are_counted_in_the_title(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    for number in range(7):
        send_stray_callback(api, task_id=f"s-{number}")
    assert api.post(SHARED_CALLBACKS, content=b"not json").status_code == 400
    api.post(f"/v1/endpoints/{make_endpoint(api, 'stopped')}/pause").raise_for_status()
    count = len(list_odd_receipts(api, "unknown_task"))
    odd = count + len(list_odd_receipts(api, "malformed"))
    one = Condition(conditions.NO_WORKER, "", "", presence.NO_WORKER, NOW)
    begin(shared_idle, one)
    page = operator.see("/attention")
    assert f'<b class="count">{odd + 2}</b>' in page
    operator.send("/callbacks/dismiss", ids=list_odd_receipts(api, "malformed"))
    settled = f'<b class="count">{count + 2}</b>'
    wait_until(lambda: settled in operator.see("/tasks"))  # pages do not wait for the number
    end(shared_idle, one)
    groups = groups_in(page)
    assert list(groups) == ["conditions", "endpoints", "unknown_task", "malformed"]
    inside = groups["unknown_task"]
    assert count >= 7
    assert inside.count("<li id=") == 5
    assert f">Show all {count}<" in inside
    assert f"<title>({odd + 2}) Attention" in page


def test_a_task_that_is_overdue_for_a_reason_that_is_told_is_told_and_counted_once(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    ids = [submit(api, external_task_id=f"late-{number}")["id"] for number in range(3)]
    late = tasks.c.id.in_([UUID(id_) for id_ in ids])
    doubted = update(tasks).where(tasks.c.id == UUID(ids[0])).values(state="uncertain")
    blocked = update(tasks).where(tasks.c.id == UUID(ids[1])).values(blocked_at=NOW)
    before = count_of(operator.see("/attention"))
    _write(shared_idle, lambda tx: tx.db.execute(update(tasks).where(late).values(overdue=True)))
    _write(shared_idle, lambda tx: tx.db.execute(doubted))
    _write(shared_idle, lambda tx: tx.db.execute(blocked))
    page = operator.see("/attention")
    groups = groups_in(page)
    names = ("uncertain", "overdue", "blocked")
    shown = {name: re.findall(r">(late-\d)<", groups[name]) for name in names}
    assert shown == {"uncertain": ["late-0"], "overdue": ["late-2"], "blocked": ["late-1"]}
    assert count_of(page) == before + 3
    operator.send("/tasks/dismiss", ids=[])
    assert [one["task_id"] for one in api.get("/v1/attention").json()["overdue"]] == ids[::-1]


def test_an_endpoint_that_fails_is_told_with_its_last_failure_and_what_mends_it(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, "failing")
    told = {"last_status": None, "last_error": "no whole answer within 15 s"}

    def fail(tx: Tx) -> None:
        one = endpoints.get(tx.db, "default", UUID(id_))
        assert one is not None
        body, owed = make_id(), make_id()
        deliveries.insert_bodies(tx.db, [(body, "default", b"{}")])
        lane = get_endpoint_lane(one.key)
        new = NewDelivery(owed, "default", "task.failed", body, lane, NOW, endpoint_key=one.key)
        deliveries.insert_many(tx.db, [new])
        tried = update(owed_rows).where(owed_rows.c.id == owed)
        tx.db.execute(tried.values(turn=1, attempts=1, last_attempt_at=NOW, **told))
        endpoints.mark_failing(tx.db, [one.key], now=NOW)

    _write(shared_idle, fail)
    (found,) = (
        one for one in api.get("/v1/attention").json()["endpoints"] if one["endpoint_id"] == id_
    )
    assert (found["cause"], found["owed"]) == ("too_slow", 1)
    assert found["last_error"] == told["last_error"]
    assert "have it answer first" in found["advice"]
    for path in ("/ui/attention", "/ui/endpoints", f"/ui/endpoints/{id_}"):
        page = operator.http.get(path).text
        assert "no whole answer within 15 s" in page
        assert "have it answer first" in page
        chinese = operator.http.get(path, headers=CHINESE).text
        assert "15 秒内没有收到完整应答" in chinese
        assert "请让接收方先应答、再处理" in chinese


def test_what_waits_to_be_sent_past_its_deadline_says_what_its_last_attempt_was_told(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    id_ = submit(api, external_task_id="late-unsent")["id"]
    own = tasks.c.id == UUID(id_)

    def fail(tx: Tx) -> None:
        tx.db.execute(update(tasks).where(own).values(overdue=True))
        key = select(tasks.c.key).where(own).scalar_subquery()
        row = {"tenant": "default", "task_key": key, "started_at": NOW, "outcome": "not_sent"}
        for number, message in enumerate(
            ("the connection was cut", "could not connect: refused"), start=1
        ):
            made = row | {"number": number, "ended_at": NOW, "message": message}
            tx.db.execute(attempts.insert().values(made))

    _write(shared_idle, fail)
    inside = groups_in(operator.see("/attention"))["overdue"]
    entry = inside[inside.index("late-unsent") :].partition("</li>")[0]
    assert "It is accepted and waits to be sent: could not connect: refused" in entry
    assert f"/tasks/cancel/confirm?ids={id_}" in entry
    assert "/tasks/refresh" not in entry


def groups_in(page: str) -> dict[str, str]:
    """Return what stands in each group of a page, by its name, in order."""
    group = r'<section class="group" aria-labelledby="([^"]+)">(.*?)</section>'
    return dict(re.findall(group, page, re.DOTALL))


def count_of(page: str) -> int:
    """Return how much a page's header says that needs a person."""
    return sum(map(int, re.findall(r'<b class="count">(\d+)</b>', page)))


FAILING = [{"counting": ("2026-11-30 10:00", presence.NO_END)}]
"""Chores of one worker, of which one hangs."""


def every_condition() -> list[tuple[str, bool, str]]:
    """Every condition with each form of its reason: its name, whether an account has it."""
    latest = [health.AnsweredSubmit(NOW - timedelta(minutes=9), False, WORDS_OF_PROVIDER)] * 5
    stands = health.describe_standstill(latest, since=NOW - timedelta(minutes=9), now=NOW)
    skews = [presence.describe_skew([ahead]) for ahead in (9000, -9000)]
    assert stands is not None
    return [
        (conditions.CALLBACKS_DEGRADED, True, learning.REASON),
        (conditions.ACCOUNT_AILING, True, ailing()),
        (conditions.ACCOUNT_REFUSED, True, refused()),
        (conditions.ACCOUNT_STANDSTILL, True, stands),
        (conditions.ACCOUNT_MISSING, True, upkeep_health.MISSING),
        (conditions.ACCOUNT_TOKEN_REFUSED, True, tokens.NO_EXCHANGE),
        (conditions.WRITES_STALLED, False, stalls.REASON),
        (conditions.NO_WORKER, False, presence.NO_WORKER),
        (conditions.SECRETS_DIFFER, False, presence.SECRETS_DIFFER),
        (conditions.SECRETS_DIFFER, False, describe_unreadable_secret("e-1", cannot_open())),
        *((conditions.CLOCK_SKEW, False, skew) for skew in skews if skew is not None),
        *(
            (conditions.CLOCK_STEPPED, False, clock_step_watch.step_reason(by, is_servers=whose))
            for by in (90.0, -90.0)
            for whose in (False, True)
        ),
        (conditions.CHORE_BEHIND, False, describe_backlog("counting", 100_001)),
        *(
            (conditions.CHORE_FAILING, False, one)
            for one in presence.describe_failing_chores(FAILING)
        ),
        (conditions.RETENTION_BEHIND, False, describe_delay(timedelta(hours=1), 5)),
        (conditions.DISK_LOW, False, "No space left on device (/srv)"),
        (conditions.ARCHIVE_FAILING, False, ARCHIVE_REASON),
        (conditions.RETENTION_WAITS, False, describe_wait(["inputs"])),
        (conditions.RESTORING, False, restoring.UNDER_WAY),
        (conditions.RECOVERING, False, readying.REASON),
        (conditions.DATABASE_CHANGED, False, feed_head.REASON),
    ]


def ailing() -> str:
    """The reason of an account whose submits fail."""
    found = health.find_ailment([health.SubmitBlame(NOW, True, WORDS_OF_PROVIDER)] * 5, now=NOW)
    assert found is not None
    return found


def refused() -> str:
    """The reason of an account that its provider does not take."""
    found = health.describe_account_refusal(
        health.ProviderReply(NOW, True, WORDS_OF_PROVIDER), over_at=None
    )
    assert found is not None
    return found


def cannot_open() -> CannotOpen:
    """The failure of opening what another key has sealed."""
    with pytest.raises(CannotOpen) as raised:
        unseal([b"another"], seal(b"one", b"whsec", nonce=bytes(16)))
    return raised.value


def english_in(page: str) -> list[str]:
    """Return texts of a page that hold three English words in a row, but for code and commands."""
    plain = re.sub(r"<(code|title|script)\b.*?</\1>|`[^`<]*`", "", page, flags=re.DOTALL)
    texts = [unescape(one) for one in re.findall(r">([^<]+)<", plain)]
    return [one for one in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", one)]


def begin(shared: Shared, *some: Condition) -> None:
    """Raise conditions in a service's database, beside it."""
    _write(shared, lambda tx: [conditions.raise_(tx.db, one) for one in some])


def end(shared: Shared, *some: Condition, at: datetime = NOW) -> None:
    """End conditions there."""
    _write(
        shared,
        lambda tx: [
            conditions.clear(tx.db, one.name, one.provider, one.account, now=at) for one in some
        ],
    )


def _write(shared: Shared, change: Callable[[Tx], object]) -> None:
    async def run() -> None:
        async with Store(shared.database_url, SystemClock()) as store:
            await store.write(lambda tx, _: [change(tx)], None)

    asyncio.run(run())
