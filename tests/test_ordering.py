import itertools
from collections import Counter

import pytest

from tests.support.ordering import LONG, Dealing, sort_files_long_first

TESTS = [f"tests/domain/test_{n % 40}.py::{n}" for n in range(400)]
TESTS += [f"{folder}test_{n % 3}.py::{n}" for folder in LONG for n in range(9)]


def _path(test: str) -> str:
    return test.partition("::")[0]


FILES = sort_files_long_first(TESTS, _path)


def test_long_tests_come_first_and_none_is_lost() -> None:
    ordered = [test for file in FILES for test in file]
    assert Counter(ordered) == Counter(TESTS)
    is_long = [test.startswith(LONG) for test in ordered]
    assert is_long == sorted(is_long, reverse=True)


def test_the_tests_of_a_file_stay_together_in_their_order() -> None:
    for file in FILES:
        assert file == [test for test in TESTS if _path(test) == _path(file[0])]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_each_test_is_dealt_once_and_nobody_idles_while_there_are_any(workers: int) -> None:
    dealing = Dealing(FILES)
    dealt = [dealing.choose_next(worker % workers) for worker in range(len(TESTS))]
    assert Counter(dealt) == Counter(TESTS)
    assert [dealing.choose_next(worker) for worker in range(workers)] == [None] * workers


def test_a_worker_gets_whole_files_while_there_are_any() -> None:
    dealing = Dealing(FILES)
    turns = [(worker, dealing.choose_next(worker)) for worker in [0, 1] * (len(TESTS) // 3)]
    for worker in (0, 1):
        paths = [_path(test) for one, test in turns if one == worker and test is not None]
        changes = sum(one != other for one, other in itertools.pairwise(paths))
        assert changes == len(set(paths)) - 1


def test_an_idle_worker_takes_the_second_half_of_the_largest_rest() -> None:
    dealing = Dealing([[1, 2, 3, 4, 5, 6], [7]])
    assert [dealing.choose_next(worker) for worker in "ab"] == [1, 7]
    assert [dealing.choose_next("b") for _ in range(4)] == [4, 5, 6, 3]
    assert [dealing.choose_next(worker) for worker in "aab"] == [2, None, None]


def test_what_a_dead_worker_left_is_dealt_to_others() -> None:
    dealing = Dealing([[1, 2, 3, 4], [5]])
    assert [dealing.choose_next("a") for _ in range(3)] == [1, 2, 3]
    dealing.take_back("a", [2, 3])
    assert [dealing.choose_next("b") for _ in range(5)] == [2, 3, 4, 5, None]


def test_nothing_is_dealt_after_an_end() -> None:
    dealing = Dealing(FILES)
    dealing.choose_next(0)
    dealing.drop()
    assert dealing.choose_next(0) is None
    dealing.take_back(0, ["left"])
    assert dealing.choose_next(1) is None
