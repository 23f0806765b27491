"""`tracker openapi`: the OpenAPI document, without a server or a database."""

import click

from tracker.web.api.openapi import as_text, build_document
from tracker.web.routes import ROUTES


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    click.echo(as_text(build_document(ROUTES)), nl=False)
