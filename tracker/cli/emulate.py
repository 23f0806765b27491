"""`tracker emulate`: the emulator of the providers alone."""

import math

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.shared import fail, print_note


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker emulate --port 8100",
        "tracker emulate --scenario duplicated=3,reordered --step 0.2",
        "curl -s http://127.0.0.1:8100/emulator     # lists all scenarios",
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8100, show_default=True)
@click.option("--scenario", default="ok", show_default=True, help="GET /emulator lists all.")
@click.option(
    "--step",
    type=click.FloatRange(0, 86_400),
    default=1.0,
    show_default=True,
    help="Seconds a state.",
)
@click.option(
    "--slots", type=click.IntRange(1), default=20, show_default=True, help="Tasks at once."
)
@click.option("--webhook-secret", help="A whsec_… secret: callbacks are then signed.")
def emulate(  # noqa: PLR0913 - one parameter per option
    *, host: str, port: int, scenario: str, step: float, slots: int, webhook_secret: str | None
) -> None:
    """Stand in for the providers here: routes and answers, callbacks, faults on demand."""
    # Here: the help of this command needs neither the emulator nor a server.
    from tracker.cli.listeners import bind  # noqa: PLC0415
    from tracker.domain import signature  # noqa: PLC0415
    from tracker.emulator import (  # noqa: PLC0415
        DEFAULT_KEY,
        EmulatorConfig,
        ScenarioError,
        create_app,
        run,
    )
    from tracker.telemetry.log_stream import guard_stderr, stop_waiting_for_stderr  # noqa: PLC0415

    guard_stderr()
    if webhook_secret is not None:
        try:
            signature.decode_key(webhook_secret)
        except ValueError as error:
            fail(f"--webhook-secret: {error}")
    if math.isnan(step):  # which every range holds
        fail("--step: must be a number of seconds")
    config = EmulatorConfig(
        scenario=scenario, step_seconds=step, max_slots=slots, webhook_secret=webhook_secret
    )
    try:
        create_app(config)
    except ScenarioError as error:
        fail(f"--scenario: {error}")
    listener, *others = bind(host, port, "--port")
    for one in others:
        one.close()
    listener.listen()
    place = listener.getsockname()
    shown = f"[{place[0]}]" if ":" in place[0] else host
    print_note(
        f"emulator on http://{shown}:{place[1]}  (key: {DEFAULT_KEY}; GET /emulator explains it)"
    )
    with stop_waiting_for_stderr():
        run(config, sock=listener)
