"""python -m tests.chaos: kill everything at random, heal, and print what was lost or doubled."""

import secrets
import sys
import tempfile
from pathlib import Path

import click

from tests.chaos.run import run


@click.command()
@click.option("--seed", type=int, help="Repeats a run's decisions; drawn and printed otherwise.")
@click.option("--seconds", type=float, default=60, show_default=True)
@click.option("--db", type=click.Choice(["sqlite", "postgres", "pgbouncer"]), default="sqlite")
def main(seed: int | None, seconds: float, db: str) -> None:
    """One bounded run. Exits with 1 when anything was lost, doubled or left undone."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    click.echo(f"chaos on {db}: SEED={seed} SECONDS={seconds:g} DB={db}")
    with tempfile.TemporaryDirectory(prefix="tracker-chaos-") as folder:
        verdict = run(db, Path(folder), seed=seed, seconds=seconds, say=click.echo)
    click.echo(verdict.as_text())
    click.echo("clean" if verdict.is_clean else f"NOT CLEAN: repeat with SEED={seed}")
    sys.exit(0 if verdict.is_clean else 1)


if __name__ == "__main__":
    main()
