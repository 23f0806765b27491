"""`tracker emulate`: the emulator of the providers alone."""

import click

from tracker.cli.shared import fail, say
from tracker.emulator import DEFAULT_KEY, EmulatorConfig, ScenarioError, create_app, run


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8100, show_default=True)
@click.option("--scenario", default="ok", show_default=True, help="GET /emulator lists all.")
@click.option("--step", type=float, default=1.0, show_default=True, help="Seconds a state.")
@click.option("--slots", type=int, default=20, show_default=True, help="Tasks at once.")
@click.option("--webhook-secret", help="A whsec_… secret: callbacks are then signed.")
def emulate(  # noqa: PLR0913 - one parameter per option
    *, host: str, port: int, scenario: str, step: float, slots: int, webhook_secret: str | None
) -> None:
    """Stand in for the providers here: routes and answers, callbacks, faults on demand."""
    config = EmulatorConfig(
        scenario=scenario, step_seconds=step, max_slots=slots, webhook_secret=webhook_secret
    )
    try:
        create_app(config)
    except ScenarioError as error:
        fail(f"--scenario: {error}")
    say(f"emulator on http://{host}:{port}  (key: {DEFAULT_KEY}; GET /emulator explains it)")
    run(config, host=host, port=port)
