"""Which process runs which test: whole files, those that take seconds first, and halves at the end.

The tests of a file share services and databases, so that a file that is split costs their start
again; a long test that is begun last keeps one process busy while the others have nothing left.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
LONG = (
    *("tests/services/custody/", "tests/services/upkeep/"),
    *("tests/e2e/", "tests/chaos/", "tests/web/wire/", "tests/web/ui/", "tests/web/edge/"),
    *("tests/clients/", "tests/cli/"),
)
"""Folders whose tests take long, or one of whose does."""


def sort_files_long_first(tests: Iterable[T], path_of: Callable[[T], str]) -> list[list[T]]:
    """Return the tests by file, in their order, with the files that take long before the others.

    path_of: the file of a test, from the project's folder on.
    """
    files: dict[str, list[T]] = {}
    for test in tests:
        files.setdefault(path_of(test), []).append(test)
    ranks = {path: _rank(path) for path in files}
    return [files[path] for path in sorted(files, key=ranks.__getitem__)]


def _rank(path: str) -> int:
    return next((rank for rank, folder in enumerate(LONG) if path.startswith(folder)), len(LONG))


class Dealing(Generic[T]):
    """Deals tests out to workers, one at a time, for as long as there are any."""

    def __init__(self, files: Iterable[Sequence[T]]) -> None:
        self._files = deque(deque(file) for file in files)
        self._held: dict[Hashable, deque[T]] = {}
        self._is_over = False

    def choose_next(self, worker: Hashable) -> T | None:
        """The next test of the worker's file, of a new file, or of a file of another worker."""
        held = self._held.get(worker)
        if not held:
            held = self._held[worker] = self._deal_more()
        return held.popleft() if held else None

    def take_back(self, worker: Hashable, tests: Sequence[T]) -> None:
        """Have what a worker leaves undone run by others. tests: given to it, but not begun."""
        left = deque([*tests, *self._held.pop(worker, ())])
        if left and not self._is_over:
            self._files.appendleft(left)

    def drop(self) -> None:
        """Deal no more, also of what is taken back from now on."""
        self._is_over = True
        self._files.clear()
        self._held.clear()

    def _deal_more(self) -> deque[T]:
        if self._files:
            return self._files.popleft()
        most = max(self._held.values(), key=len, default=deque[T]())
        half = deque[T]()
        for _ in range((len(most) + 1) // 2):
            half.appendleft(most.pop())
        return half
