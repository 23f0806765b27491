"""Statements are compiled once for all engines of a kind, and never mistaken for another kind's."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, literal, select

from tests.support.databases import SqliteTemplate
from tracker.store.driver.engine import open_engine


def _compiled(url: str, limit: int) -> Any:
    """Run a statement in an engine of its own; what was compiled for it."""
    engine: Engine = open_engine(url)
    ran: list[Any] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*arguments: Any) -> None:
        ran.append(arguments[4].compiled)

    try:
        with engine.connect() as db:
            assert len(db.execute(select(literal(7)).limit(limit)).fetchall()) == min(limit, 1)
            return ran[-1]
    finally:
        engine.dispose()


def test_an_engine_uses_what_another_one_compiled_with_its_own_values(
    sqlite_template: SqliteTemplate, tmp_path: Path, postgres_url: str
) -> None:
    kept = [_compiled(url, 3) for url in (sqlite_template.copy(tmp_path), postgres_url)]
    assert str(kept[0]) != str(kept[1])
    for compiled, url in zip(kept, (f"sqlite:///{tmp_path}/tracker.db", postgres_url), strict=True):
        assert _compiled(url, 0) is compiled
