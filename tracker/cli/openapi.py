"""`tracker openapi`: the OpenAPI document, without a server or a database."""

import click

from tracker.cli.command import Command


@click.command(cls=Command)
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    # Here: the help of this command needs neither the routes nor their models.
    from tracker.web.api.openapi import build_document, format_document  # noqa: PLC0415
    from tracker.web.routes import ROUTES  # noqa: PLC0415

    click.echo(format_document(build_document(ROUTES)), nl=False)
