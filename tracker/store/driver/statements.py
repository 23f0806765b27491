"""Compiled statements, kept for all engines of this process that speak to databases of one kind.

SQLAlchemy keeps them per engine, and an engine is opened for each look at a database before a
service starts. To compile a statement costs about a millisecond of processor time.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

CAPACITY = 1000
"""Statements that are kept at the least; half as many again before the oldest are forgotten."""


class Statements(MutableMapping[tuple[Any, ...], Any]):
    """Compiled statements by dialect and statement; the `compiled_cache` of each engine.

    Two engines of one dialect and server version render a statement alike; SQLAlchemy's key holds
    the dialect object of one engine, and ours what makes it alike.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: LRUCache[tuple[Any, ...], Any] = LRUCache(CAPACITY)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """Return the compiled statement, or the default."""
        return self._kept.get(_normalise_key(key), default)

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        return self._kept[_normalise_key(key)]

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[_normalise_key(key)] = compiled

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        del self._kept[_normalise_key(key)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _normalise_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect: Dialect = key[0]
    return (type(dialect), dialect.server_version_info, *key[1:])


STATEMENTS = Statements()
