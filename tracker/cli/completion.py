"""`tracker completion`: what a shell needs to complete our commands and options."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_TRACKER_COMPLETE"
"""By which the shell asks; click reads it."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script of a shell, e.g. for ~/.bashrc: eval "$(tracker completion bash)"."""
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has one for each of the choices
    root = context.find_root()
    click.echo(made(root.command, {}, "tracker", VARIABLE).source())
