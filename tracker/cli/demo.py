"""`tracker demo`: the main job on one machine."""

import click

from tracker.cli.command import Command, format_examples


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker demo",
        "tracker demo --keep                       # leave it running and look around",
        "tracker demo --provider NAME              # another provider",
        "tracker demo --scenario duplicated=3      # play a fault",
    ),
)
@click.option("--keep", is_flag=True, help="Leave everything running and print where to look.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0, or taken: a free one.",
)
@click.option(
    "--step",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Emulator's seconds per state.",
)
@click.option("--provider", help="Run the main job of this provider, through the API.")
@click.option("--scenario", default="ok", show_default=True, help="What the emulator plays.")
def demo(*, keep: bool, port: int, step: float, provider: str | None, scenario: str) -> None:
    """Run the main job end to end. Exit 0 only if the task succeeded by a callback.

    A provider that never calls back is polled; one whose callbacks prove nothing is asked.
    """
    from tracker.cli.demonstration import run  # noqa: PLC0415 - the help needs no server

    run(keep=keep, port=port, step=step, provider=provider, scenario=scenario)
