"""`tracker budgets`: cap what tenants and keys may spend. Needs no server."""

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.database import begin_action, run_with_store
from tracker.cli.exits import FAILED
from tracker.cli.shared import OUTPUT, WIDE, emit, fail, print_note
from tracker.cli.table import Column, print_table

if TYPE_CHECKING:
    from tracker.services.access.budgets import BudgetUse
    from tracker.settings import Settings
    from tracker.store.store import Store

_CURRENCY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LARGEST = Decimal(10) ** 12
_COLUMNS = (
    Column("tenant", "id"),
    Column("key", "id", empty="all"),
    Column("name", "text"),
    Column("period"),
    Column("amount"),
    Column("currency"),
    Column("used"),
)
_TENANT = click.option(
    "--tenant", default="default", show_default=True, help="Whose tasks it is for."
)
_KEY = click.option("--key", "key_id", help="Only the tasks of this API key, by its id.")
_PERIOD = click.option(
    "--per",
    "period",
    type=click.Choice(["day", "month"]),
    default="day",
    show_default=True,
    help="When it begins anew, UTC.",
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker budgets set 100 CNY --per day",
        "tracker budgets set 20 USD --per month --key KEY_ID",
        "tracker budgets list",
        "tracker budgets remove CNY --per day",
    ),
)
def budgets() -> None:
    """Cap what tenants and keys may spend. Works on the database; needs no server."""


@budgets.command(
    "set", epilog=format_examples("tracker budgets set 100 CNY --per day --tenant acme")
)
@click.argument("amount")
@click.argument("currency")
@_TENANT
@_KEY
@_PERIOD
def set_(*, amount: str, currency: str, tenant: str, key_id: str | None, period: str) -> None:
    """Set a budget, or change it: AMOUNT of a CURRENCY, or of a provider's unit (credits).

    A first budget of a tenant holds within two seconds, a change at once.
    """
    from tracker.domain.cost import is_miswritten_currency  # noqa: PLC0415 - not for the help

    number = _parse_amount(amount)
    if not _CURRENCY.fullmatch(currency):
        fail(f"{currency!r} is no currency or unit: letters, digits, '-' and '_', at most 40")
    if is_miswritten_currency(currency):
        fail(f"write {currency.upper()}: currencies are written in capitals")
    _change(tenant, key_id, period, currency, number)
    print_note(f"the budget is {number:f} {currency} a {period}, for {key_id or tenant}")


@budgets.command(epilog=format_examples("tracker budgets remove CNY --per day"))
@click.argument("currency")
@_TENANT
@_KEY
@_PERIOD
def remove(*, currency: str, tenant: str, key_id: str | None, period: str) -> None:
    """Remove a budget."""
    if not _change(tenant, key_id, period, currency, None):
        fail("there is no such budget; see `tracker budgets list`", code=FAILED)
    print_note("removed")


@budgets.command(
    "list", epilog=format_examples("tracker budgets list", "tracker budgets list --wide")
)
@OUTPUT
@WIDE
def list_(*, output: str, wide: bool) -> None:
    """List all budgets, and what is used of each."""

    async def act(store: "Store", _settings: "Settings") -> "list[BudgetUse]":
        from tracker.clock import SystemClock  # noqa: PLC0415 - the help needs no database
        from tracker.services.access.budgets import Budgets  # noqa: PLC0415

        return await Budgets(store, SystemClock()).list_all()

    found = [_describe(one) for one in run_with_store(act)]
    emit(output, {"budgets": found}, lambda: print_table("budgets", _COLUMNS, found, wide=wide))


def _change(
    tenant: str, key_id: str | None, period: str, currency: str, amount: Decimal | None
) -> bool:
    """Keep a budget, or drop it where there is no amount; ends the command for a wrong key."""
    try:
        key = None if key_id is None else UUID(key_id)
    except ValueError:
        fail(f"{key_id!r} is not the id of a key; see `tracker keys list`")

    async def act(store: "Store", _settings: "Settings") -> bool:
        from tracker.clock import SystemClock  # noqa: PLC0415 - the help needs no database
        from tracker.domain.budget import Budget, Period  # noqa: PLC0415
        from tracker.services.access.budgets import Budgets  # noqa: PLC0415

        ours = Budgets(store, SystemClock())
        submitter = None if key is None else await ours.find_submitter(tenant, key)
        if key is not None and submitter is None:
            fail(f"tenant {tenant!r} has no key {key}; see `tracker keys list`", code=FAILED)
        named = Budget(tenant, submitter, Period(period), currency, amount or Decimal(0))
        begin_action(tenant, "budgets.remove" if amount is None else "budgets.set", key_id)
        if amount is None:
            return await ours.drop(named)
        await ours.keep(named)
        return True

    return run_with_store(act)


def _parse_amount(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= _LARGEST:
        fail(f"{text!r} is no amount: a number from 0, like 12.50")
    return number


def _describe(one: "BudgetUse") -> dict[str, Any]:
    budget = one.budget
    return {
        "tenant": budget.tenant,
        "key": None if one.key is None else str(one.key.id),
        "name": None if one.key is None else one.key.name,
        "period": budget.period.value,
        "amount": f"{budget.amount:f}",
        "currency": budget.currency,
        "used": f"{one.used:f}",
    }
