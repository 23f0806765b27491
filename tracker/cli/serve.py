"""`tracker serve`: the web service, and the workers beside it."""

import click

from tracker.cli.command import Command, format_examples


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker migrate && tracker serve",
        "tracker serve --port 9000",
        "tracker serve --no-worker      # beside `tracker worker` processes, on PostgreSQL",
    ),
)
@click.option("--host", help="Address to bind; TRACKER_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to bind; PORT, else 8000.")
@click.option("--worker/--no-worker", default=True, help="Do the background work here too.")
def serve(host: str | None, port: int | None, *, worker: bool) -> None:
    """Serve the API, the callback receiver and the provider-compatible front."""
    from tracker.cli.serving import run  # noqa: PLC0415 - the help needs none of the service

    run(host, port, worker=worker)
