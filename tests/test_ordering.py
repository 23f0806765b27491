import itertools
from collections import Counter

import pytest

from tests.support.ordering import LONG, long_first

TESTS = [f"tests/domain/test_{n % 40}.py::{n}" for n in range(400)]
TESTS += [f"{folder}test_{n % 3}.py::{n}" for folder in LONG for n in range(9)]


def _path(test: str) -> str:
    return test.partition("::")[0]


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_each_part_begins_with_long_tests_and_none_is_lost(processes: int) -> None:
    ordered = long_first(TESTS, _path, processes)
    assert Counter(ordered) == Counter(TESTS)
    begins, left = 0, len(ordered)
    for number in range(processes):
        assert ordered[begins].startswith(LONG)
        size = left // (processes - number)
        begins, left = begins + size, left - size


def test_the_tests_of_a_long_file_stay_together() -> None:
    paths = [_path(test) for test in long_first(TESTS, _path, 3) if test.startswith(LONG)]
    changes = sum(one != other for one, other in itertools.pairwise(paths))
    assert changes == len(set(paths)) - 1


def test_fewer_tests_than_processes_are_all_run() -> None:
    assert long_first(TESTS[:2], _path, 8) == TESTS[:2]
