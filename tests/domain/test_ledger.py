"""The ledger: what each step adds, and that the sums are the bill as it stands."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import a_task
from tracker.domain.cost import Cost, CostOrigin, Phase, Price, restate_costs, select_own_estimates
from tracker.domain.ledger import (
    CostEntry,
    EntryName,
    EntryPhase,
    count_use,
    join_amounts,
    list_entries,
    split,
)
from tracker.domain.records import replace_fields
from tracker.domain.task import Task, TaskError, TaskState

P, S = EntryPhase, TaskState
CASH = Price("cash", None, "EUR")
LISTED = Cost("cash", "2", currency="CNY", phase=Phase.ESTIMATE, origin=CostOrigin.PRICE_LIST)
IN_EUR = replace_fields(LISTED, currency="EUR")


def told(amount: str, phase: Phase = Phase.SETTLE) -> Cost:
    return Cost("cash", amount, currency="EUR", phase=phase)


def sums(*tasks: Task) -> dict[str, str]:
    """The ledger of a task's steps, added up by phase; the currency where it is not EUR."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for before, after in zip((None, *tasks), tasks, strict=False):
        for one in list_entries(before, after):
            other = "" if one.name.price.currency == "EUR" else f" {one.name.price.currency}"
            found[one.name.phase + other] += one.amount
    return {name: f"{amount:f}" for name, amount in found.items() if amount}


def bill(state: TaskState, *costs: Cost, doubtful: bool = False, never: bool = False) -> Task:
    error = TaskError("provider", None, "no", doubtful=doubtful) if doubtful else None
    return a_task(state, costs=costs, error=error, never_created=never)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([bill(S.QUEUED, LISTED)], {"estimate CNY": "2"}),
        (
            [bill(S.QUEUED, IN_EUR), bill(S.SUBMITTED, told("3", Phase.RESERVE), IN_EUR)],
            {"reserve": "3"},
        ),
        (
            [bill(S.SUBMITTED, told("3", Phase.RESERVE)), bill(S.SUCCEEDED, told("2.5"))],
            {"settle": "2.5"},
        ),
        ([bill(S.SUBMITTED, IN_EUR), bill(S.SUCCEEDED, IN_EUR)], {"estimate": "2"}),
        ([bill(S.SUBMITTED, IN_EUR), bill(S.FAILED, IN_EUR)], {}),
        ([bill(S.QUEUED, IN_EUR), bill(S.UNCERTAIN, IN_EUR)], {"possible": "2"}),
        ([bill(S.UNCERTAIN, IN_EUR), bill(S.EXPIRED, IN_EUR)], {"possible": "2"}),
        ([bill(S.UNCERTAIN, IN_EUR), bill(S.QUEUED, IN_EUR)], {"estimate": "2"}),
        ([bill(S.SUBMITTED, IN_EUR), bill(S.FAILED, IN_EUR, doubtful=True)], {"possible": "2"}),
        # Reserved, and nobody says that it came back.
        (
            [bill(S.SUBMITTED, told("3", Phase.RESERVE)), bill(S.FAILED, told("3", Phase.RESERVE))],
            {"possible": "3"},
        ),
        # Charged in another currency: the list says what that is worth.
        (
            [bill(S.SUBMITTED, LISTED), bill(S.SUCCEEDED, told("1"), LISTED)],
            {"estimate CNY": "2", "settle": "1"},
        ),
        (
            [
                bill(S.SUCCEEDED, told("1"), LISTED),
                bill(S.SUCCEEDED, told("1"), told("1", Phase.REFUND), LISTED),
            ],
            {"settle": "1", "refund": "1"},
        ),
        # A total that falls is a refund, called so or not; below nothing it came back twice.
        ([bill(S.FAILED, told("5")), bill(S.FAILED, told("0"))], {"settle": "5", "refund": "5"}),
        (
            [
                bill(S.FAILED, told("5")),
                bill(S.FAILED, told("0")),
                bill(S.FAILED, told("5", Phase.REFUND)),
            ],
            {"settle": "5", "refund": "5", "excess_refund": "5"},
        ),
        (
            [bill(S.FAILED, told("5")), bill(S.FAILED, told("5"), told("10", Phase.REFUND))],
            {"settle": "5", "refund": "5", "excess_refund": "5"},
        ),
        ([bill(S.FAILED, told("5", Phase.REFUND)), bill(S.FAILED, told("4"))], {"settle": "4"}),
        # More than was reserved; less later, after the end.
        (
            [
                bill(S.SUBMITTED, told("3", Phase.RESERVE)),
                bill(S.SUCCEEDED, told("7")),
                bill(S.SUCCEEDED, told("7"), told("2", Phase.REFUND)),
            ],
            {"settle": "7", "refund": "2"},
        ),
        # A reservation that comes back, whole or in part, was taken; twice is too much.
        (
            [
                bill(S.SUBMITTED, told("3", Phase.RESERVE)),
                bill(S.FAILED, told("3", Phase.RESERVE), told("1", Phase.REFUND)),
            ],
            {"settle": "3", "refund": "1"},
        ),
        (
            [bill(S.FAILED, told("3", Phase.RESERVE), *[told("3", Phase.REFUND)] * 2)],
            {"settle": "3", "refund": "3", "excess_refund": "3"},
        ),
        # Nothing was charged in the currency of the refund.
        (
            [bill(S.FAILED, told("5"), replace_fields(told("5", Phase.REFUND), currency="CNY"))],
            {"settle": "5", "excess_refund CNY": "5"},
        ),
        ([bill(S.FAILED, told("5", Phase.REFUND))], {"excess_refund": "5"}),
    ],
)
def test_steps_add_up_to_the_bill(steps: list[Task], expected: dict[str, str]) -> None:
    assert sums(*steps) == expected


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([told("-3")], [told("3", Phase.REFUND)]),
        ([told("5"), told("-5", Phase.REFUND)], [told("5"), told("5", Phase.REFUND)]),
        ([told("-4", Phase.RESERVE), told("1")], [told("1")]),
        ([told("-4", Phase.RESERVE)], [told("2", Phase.RESERVE)]),
        ([told("-4", Phase.ESTIMATE)], [told("2", Phase.RESERVE)]),
    ],
)
def test_an_amount_below_zero_is_given_back_and_makes_no_room(
    said: list[Cost], kept: list[Cost]
) -> None:
    before = (told("2", Phase.RESERVE), IN_EUR)
    assert restate_costs(before, tuple(said)) == (*kept, IN_EUR)


COSTS = st.lists(
    st.builds(told, st.integers(-9, 9).map(str), st.sampled_from(list(Phase))),
    max_size=3,
).map(tuple)
STEPS = st.lists(
    st.tuples(st.sampled_from(list(TaskState)), COSTS, st.booleans()), min_size=1, max_size=6
)


@given(STEPS, st.sampled_from([(), (IN_EUR,)]))
def test_the_sums_never_depend_on_the_way(
    steps: list[tuple[TaskState, tuple[Cost, ...], bool]], listed: tuple[Cost, ...]
) -> None:
    """A task counts for what follows from where it stands, not from how it got there."""
    tasks, costs = [], listed
    for state, said, doubtful in steps:
        costs = restate_costs(costs, said)
        tasks.append(bill(state, *costs, doubtful=doubtful and state is S.FAILED))
    all_steps: list[CostEntry] = []
    for before, after in zip((None, *tasks), tasks, strict=False):
        all_steps += list_entries(before, after)
    at_once = count_use(list_entries(None, tasks[-1])).get(CASH, Decimal(0))
    assert count_use(all_steps).get(CASH, Decimal(0)) == at_once
    assert at_once >= 0
    assert select_own_estimates(costs) == listed


@given(st.lists(st.decimals("-1000000", "1000000", places=9)))
def test_what_is_split_adds_up_exactly(amounts: list[Decimal]) -> None:
    parts = [split(amount) for amount in amounts]
    assert join_amounts(sum(w for w, _ in parts), sum(n for _, n in parts)) == sum(amounts)


def test_what_no_column_holds_is_cut() -> None:
    assert split(Decimal("1e30")) == (10**15, 0)
    assert split(Decimal("-1e30")) == (-(10**15), 0)
    assert split(Decimal("0.0000000001")) == (0, 1)


def test_an_entry_names_who_says_so() -> None:
    (entry,) = list_entries(None, bill(S.QUEUED, LISTED))
    assert entry == CostEntry(
        EntryName(P.ESTIMATE, Price("cash", None, "CNY"), CostOrigin.PRICE_LIST), Decimal(2)
    )
