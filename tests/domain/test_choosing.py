from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.choosing import choose, find_sole_provider, rank_accounts
from tracker.domain.errors import InvalidRequest

NAMES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), min_size=1)


@given(NAMES, st.text(max_size=40))
def test_a_key_has_one_order_and_weight_nought_is_in_none(
    weights: dict[str, int], key: str
) -> None:
    order = rank_accounts(weights, key)
    assert order == rank_accounts(dict(reversed(weights.items())), key)
    assert set(order) == {name for name, weight in weights.items() if weight}


@given(NAMES, st.text(max_size=40), st.sampled_from("abcdef"))
def test_an_account_that_leaves_moves_only_its_own_tasks(
    weights: dict[str, int], key: str, gone: str
) -> None:
    left = {name: weight for name, weight in weights.items() if name != gone}
    assert rank_accounts(left, key) == [
        name for name in rank_accounts(weights, key) if name != gone
    ]


def test_accounts_share_by_weight() -> None:
    firsts = Counter(rank_accounts({"a": 1, "b": 3}, f"task-{n}")[0] for n in range(4000))
    assert 850 < firsts["a"] < 1150  # a quarter; far beyond chance is a failure


@pytest.mark.parametrize(
    ("ailing", "full", "chosen"),
    [
        ((), (), "a"),
        (("a",), (), "b"),
        (("a",), ("b",), "c"),
        ((), ("a", "b"), "c"),
        (("a", "b"), ("c",), "c"),
        ((), ("a", "b", "c"), "a"),
        (("a", "b", "c"), (), "a"),
    ],
)
def test_the_well_and_free_come_first_and_somebody_always_does(
    ailing: tuple[str, ...], full: tuple[str, ...], chosen: str
) -> None:
    assert choose(["a", "b", "c"], ailing=ailing, full=full) == chosen


def test_the_only_provider_with_accounts_needs_no_naming() -> None:
    assert find_sole_provider([("kling", "a"), ("kling", "b")]) == "kling"


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ([], "provider: no provider has an account here: name one"),
        ([("luma", "a"), ("kling", "a")], "provider: say which; one of: kling, luma"),
    ],
)
def test_where_accounts_leave_the_provider_open_the_choices_are_named(
    accounts: list[tuple[str, str]], reason: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        find_sole_provider(accounts)
    assert str(refused.value) == reason
