"""The `tracker` command: one group, one file per command."""

import click

from tracker import __version__
from tracker.cli.deliveries import deliveries
from tracker.cli.demo import demo
from tracker.cli.doctor import doctor
from tracker.cli.emulate import emulate
from tracker.cli.endpoints import endpoints
from tracker.cli.keys import keys
from tracker.cli.listen import listen
from tracker.cli.migrate import migrate
from tracker.cli.openapi import openapi
from tracker.cli.serve import serve
from tracker.cli.submit import submit
from tracker.cli.tasks import tasks
from tracker.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracker")
def main() -> None:
    """Submit media-generation tasks, receive their callbacks, keep their history."""


for command in (
    demo,
    serve,
    worker,
    migrate,
    emulate,
    submit,
    tasks,
    doctor,
    openapi,
    keys,
    endpoints,
    deliveries,
    listen,
):
    main.add_command(command)
