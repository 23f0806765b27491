"""A short form of `make chaos`. The seed is fixed, so that what fails can be repeated."""

from pathlib import Path

import pytest

from tests.chaos.run import run

SEED = 11
SECONDS = {"sqlite": 4, "postgres": 4, "pgbouncer": 2}


@pytest.mark.parametrize("kind", SECONDS)
def test_nothing_is_lost_or_doubled_while_processes_die_and_the_provider_lies(
    kind: str, tmp_path: Path
) -> None:
    verdict = run(kind, tmp_path, seed=SEED, seconds=SECONDS[kind], say=print)
    assert verdict.is_clean, verdict.as_text()
    assert all(row.found > 0 for row in verdict.rows)
