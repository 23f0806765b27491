"""Statements on `budgets`: the caps of tenants and keys."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from tracker.domain.budget import Budget, Period, sum_used
from tracker.domain.ledger import SIGNS, EntryPhase
from tracker.store import costs
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import budgets

_GROUPS = ("day", "submitter", "phase", "kind", "unit", "currency")


def list_of_tenants(db: Connection, tenants: Collection[str]) -> list[Budget]:
    """Return the budgets of tenants and of their keys."""
    found = select(budgets).where(budgets.c.tenant.in_(tenants)).order_by(budgets.c.key)
    return [_parse_budget(row) for row in db.execute(found)]


def list_all(db: Connection) -> list[Budget]:
    """Return every budget, by tenant."""
    found = select(budgets).order_by(budgets.c.tenant, budgets.c.key)
    return [_parse_budget(row) for row in db.execute(found)]


def lock(db: Connection, tenants: Collection[str]) -> None:
    """Let nobody else take tasks of these tenants in until the commit.

    Before any row is locked, so that no two transactions wait for each other.
    """
    for tenant in sorted(tenants):
        get_dialect(db).lock(db, f"budget\n{tenant}")


def read_used(
    db: Connection, days: Mapping[Budget, Collection[str]]
) -> dict[tuple[Budget, str], Decimal]:
    """Return what is used of budgets, by budget and first day of a period.

    days: the first days that are asked about.
    """
    result: dict[tuple[Budget, str], Decimal] = {}
    for tenant in {one.tenant for one in days}:
        mine = {one: firsts for one, firsts in days.items() if one.tenant == tenant}
        since = min(day for firsts in mine.values() for day in firsts)
        spent = [
            (
                one.group["day"],
                one.group["submitter"],
                costs.read_group_price(one.group),
                one.amount * SIGNS[EntryPhase(one.group["phase"])],
            )
            for one in costs.sum_up(db, tenant, since=since, by=_GROUPS)
        ]
        result |= {
            (one, day): sum_used(one, spent, day) for one, firsts in mine.items() for day in firsts
        }
    return result


def keep(db: Connection, budget: Budget, *, now: datetime) -> None:
    """Set a budget, in the place of the one of the same tenant, key, period and currency."""
    statement = get_dialect(db).insert(budgets)
    changed = {"amount": statement.excluded.amount}
    names = ("tenant", "submitter", "period", "currency")
    db.execute(
        statement.on_conflict_do_update(index_elements=names, set_=changed),
        {
            "tenant": budget.tenant,
            "submitter": budget.submitter or 0,
            "period": budget.period.value,
            "currency": budget.currency,
            "amount": f"{budget.amount:f}",
            "created_at": now,
        },
    )


def drop(db: Connection, budget: Budget) -> bool:
    """Remove a budget. Returns false when there is none; its amount does not matter."""
    return db.execute(delete(budgets).where(_is(budget))).rowcount > 0


def _is(budget: Budget) -> ColumnElement[bool]:
    its = budgets.c
    return and_(
        its.tenant == budget.tenant,
        its.submitter == (budget.submitter or 0),
        its.period == budget.period.value,
        its.currency == budget.currency,
    )


def _parse_budget(row: Any) -> Budget:
    return Budget(
        row.tenant, row.submitter or None, Period(row.period), row.currency, Decimal(row.amount)
    )
