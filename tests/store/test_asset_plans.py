"""Assets that are due to be fetched are found through their index, however many wait."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tests.store.test_listing import connected
from tests.store.test_query_plans import check, plans
from tests.support.history import NOW
from tracker.store import asset_queue, attention, uploaded_files
from tracker.store import assets as asset_store
from tracker.store.schema import assets


def test_what_dies_soonest_is_read_in_order_and_no_further(database_url: str) -> None:
    """All of one batch die in the same moment: they must not be sorted for the first of them."""
    with connected(database_url) as db:
        db.execute(assets.insert(), [_row(number, state="wanted") for number in range(90)])
        taken: list[asset_queue.ClaimedAsset] = []

        def claim() -> None:
            until = NOW + timedelta(minutes=1)
            busy = {"made-up/0": 2}
            taken.extend(
                asset_queue.claim(
                    db, token="t", now=NOW, until=until, limit=6, per_lane=4, busy=busy
                )
            )

        lanes, *due = plans(db, claim)
        check(lanes)
        for plan in due:
            assert "ix_assets_due" in plan
            check(plan)
        found = sorted((one.lane, one.asset.id.int) for one in taken)
        assert found == [
            ("made-up/0", 84),
            ("made-up/0", 87),
            *((f"made-up/{1}", n) for n in (79, 82, 85, 88)),
        ]
        assert {one.source for one in taken} == {b"sealed"}


def test_what_is_wanted_and_what_is_kept_have_indexes_that_are_used(database_url: str) -> None:
    digest = bytes(32)
    looks: dict[str, Callable[[Connection], object]] = {
        "ix_assets_next_at": asset_queue.find_next_due,
        "ix_assets_sha256": lambda db: asset_store.find_holding(db, "default", digest),
        "ix_assets_store_key": lambda db: asset_store.list_in_use(db, ["an object"]),
        "ix_assets_expires_at": lambda db: asset_store.is_any_expired(db, now=NOW),
        "ix_assets_lost": lambda db: attention.list_lost_files(db, "default", since=NOW, limit=9),
        "ix_assets_ended_at": lambda db: uploaded_files.forget(db, before=NOW, limit=9),
        "ix_assets_tenant_front": lambda db: uploaded_files.list_page(
            db, "default", "made-up", behind=500, oldest_first=False, limit=9, now=NOW
        ),
    }
    with connected(database_url) as db:
        rows = [
            _row(number, state="kept") | {"front": None if number % 9 else "made-up"}
            for number in range(600)
        ]
        db.execute(assets.insert(), rows)
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE assets"))
        for index, look in looks.items():
            *_, plan = plans(db, partial(look, db))
            assert index in plan
            assert "Seq Scan" not in plan


def _row(number: int, *, state: str) -> dict[str, Any]:
    return {
        "id": UUID(int=number),
        "tenant": "default",
        "piece": str(number),
        "position": 0,
        "kind": "video",
        "state": state,
        "lane": f"made-up/{number % 3}",
        "source": b"sealed",
        "sha256": sha256(str(number).encode()).digest(),
        "store_key": f"object {number}",
        "dies_at": NOW,
        "next_at": NOW - timedelta(seconds=number),
        "expires_at": NOW + timedelta(seconds=number),
        "attempts": 0,
        "created_at": NOW,
    }
