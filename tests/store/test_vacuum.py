"""PostgreSQL takes away dead rows of the busy tables early."""

from alembic import command
from sqlalchemy import text

from tests.store.test_listing import connected
from tracker.store.migrate import build_alembic_config

SHARE = "autovacuum_vacuum_scale_factor=0.02"
WANTED = {
    "tasks": {SHARE},
    "deliveries": {SHARE},
    "jobs": {SHARE, "autovacuum_vacuum_cost_delay=0"},
}
OPTIONS = text("SELECT coalesce(reloptions, '{}') FROM pg_class WHERE oid = to_regclass(:name)")


def _options(url: str, name: str) -> set[str]:
    with connected(url) as db:
        return set(db.scalar(OPTIONS, {"name": name}) or ())


def test_busy_tables_are_vacuumed_early_and_not_before_the_migration(postgres_url: str) -> None:
    assert {name: _options(postgres_url, name) for name in WANTED} == WANTED
    command.downgrade(build_alembic_config(postgres_url), "0031")
    assert not any(_options(postgres_url, name) for name in WANTED)
