"""Which tests are run first: those that take seconds, dealt out to the processes that run tests.

A long test that is begun last keeps one process busy while the others have nothing left.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
LONG = ("tests/chaos/", "tests/e2e/", "tests/cli/", "tests/clients/", "tests/web/wire/")
"""Folders whose tests take long, or one of whose does."""


def long_first(tests: Sequence[T], path_of: Callable[[T], str], processes: int) -> list[T]:
    """Return the tests in an order whose parts, one per process, begin with long tests.

    The parts are those that `--dist worksteal` gives to its processes at the start: as large as
    each other. The tests of a file stay together, as they may share a service.
    path_of: the file of a test, from the project's folder on.
    """
    files: dict[str, list[T]] = {}
    for test in tests:
        files.setdefault(path_of(test), []).append(test)
    long = [one for path, one in files.items() if path.startswith(LONG)]
    rest = [test for path, one in files.items() if not path.startswith(LONG) for test in one]
    ordered: list[T] = []
    for number in range(processes):
        part = [test for one in long[number::processes] for test in one]
        size = (len(tests) - len(ordered)) // (processes - number)
        fill = max(0, size - len(part))
        ordered += [*part, *rest[:fill]]
        del rest[:fill]
    return ordered + rest
