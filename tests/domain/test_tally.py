from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.cost import Cost, Phase, Price
from tracker.domain.events import Source
from tracker.domain.tally import EVER, Tally, TallyKey, TaskVerdict, count_by_hour
from tracker.domain.task import TaskState

S = TaskState
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENDS = st.builds(
    TaskVerdict,
    tenant=st.just("t"),
    provider=st.just("kling"),
    account=st.sampled_from(["a", "b"]),
    was=st.sampled_from([S.SUBMITTED, S.RUNNING, S.EXPIRED]),
    state=st.sampled_from([S.SUCCEEDED, S.FAILED, S.CANCELLED]),
    source=st.sampled_from([Source.CALLBACK, Source.POLL, Source.OPERATOR]),
    at=st.integers(0, 7200).map(lambda s: NOON + timedelta(seconds=s)),
    submitted_at=st.none() | st.integers(0, 9000).map(lambda s: NOON - timedelta(seconds=s)),
    costs=st.lists(
        st.builds(Cost, st.sampled_from(["unit", "cash"]), st.sampled_from(["0.1", "0.2", "3"])),
        max_size=2,
    ).map(tuple),
)


def an_end(**changes: object) -> TaskVerdict:
    given_: dict[str, object] = {
        "tenant": "t",
        "provider": "kling",
        "account": "a",
        "was": S.RUNNING,
        "state": S.SUCCEEDED,
        "source": Source.CALLBACK,
        "at": NOON + timedelta(minutes=5),
        "submitted_at": NOON,
        "costs": (),
    }
    return TaskVerdict(**given_ | changes)  # type: ignore[arg-type] # a test's own words


@given(st.lists(ENDS), st.integers(0, 20))
def test_counting_in_pieces_is_counting_at_once(ends: list[TaskVerdict], cut: int) -> None:
    pieces = count_by_hour(ends[:cut])
    for place, one in count_by_hour(ends[cut:]).items():
        pieces.setdefault(place, Tally()).add(one)
    assert pieces == count_by_hour(ends)


@given(st.lists(ENDS, min_size=1))
def test_the_hours_add_up_to_ever(ends: list[TaskVerdict]) -> None:
    found = count_by_hour(ends)
    for account in ("a", "b"):
        hours = Tally()
        for place, one in found.items():
            if place.account == account and place.hour != EVER:
                hours.add(one)
        assert hours == found.get(TallyKey("t", "kling", account, EVER), Tally())


@given(st.lists(st.integers(1, 86_400_000), min_size=1), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_at_most_a_tenth_too_high_and_never_too_low(
    taken_ms: list[int], share: float
) -> None:
    ends = [an_end(at=NOON, submitted_at=NOON - timedelta(milliseconds=ms)) for ms in taken_ms]
    found = count_by_hour(ends)[TallyKey("t", "kling", "a", EVER)].compute_percentile(share)
    exact = sorted(taken_ms)[max(0, -(-int(len(taken_ms) * share * 100) // 100) - 1)]
    assert found is not None
    assert found / timedelta(milliseconds=1) >= exact * 0.999
    slowest = max(taken_ms)
    assert found / timedelta(milliseconds=1) <= slowest * 1.1


def test_sums_are_exact() -> None:
    tenth = an_end(costs=(Cost("cash", "0.1", "balance", "USD"),))
    total = count_by_hour([tenth] * 10)[TallyKey("t", "kling", "a", EVER)].costs
    assert total == {Price("cash", "balance", "USD"): Decimal("1.0")}


def test_a_late_verdict_takes_the_expiry_back() -> None:
    ends = [
        an_end(state=S.EXPIRED, source=Source.SWEEP),
        an_end(was=S.EXPIRED, at=NOON + timedelta(hours=3)),
    ]
    ever = count_by_hour(ends)[TallyKey("t", "kling", "a", EVER)]
    assert ever.get_counts("ended") == {"expired": 0, "succeeded": 1}
    assert ever.get_counts("told") == {"callback": 1}


def test_estimates_are_no_bill_and_a_refund_is_taken_off() -> None:
    costs = (
        Cost("cash", "9", currency="USD", phase=Phase.ESTIMATE),
        Cost("cash", "2.50", currency="USD"),
        Cost("cash", "0.50", currency="USD", phase=Phase.REFUND),
    )
    found = count_by_hour([an_end(costs=costs)])
    (one,) = {tuple(tally_.costs.values()) for tally_ in found.values()}
    assert one == (Decimal("2.00"),)


def test_a_failure_that_is_taken_back_is_billed_once() -> None:
    first = an_end(state=S.FAILED, costs=(Cost("unit", "2"),))
    later = replace(first, was=S.FAILED, state=S.SUCCEEDED)
    for found in count_by_hour([first, later]).values():
        assert list(found.costs.values()) == [Decimal(2)]
