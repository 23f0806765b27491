"""`tracker completion`: what a shell needs to complete our commands and options."""

import click
from click.shell_completion import get_completion_class

from tracker.cli.command import Command, format_examples

VARIABLE = "_TRACKER_COMPLETE"
"""By which the shell asks; click reads it."""


@click.command(
    cls=Command,
    epilog=format_examples(
        """echo 'eval "$(tracker completion bash)"' >> ~/.bashrc""",
        """echo 'eval "$(tracker completion zsh)"' >> ~/.zshrc""",
        "tracker completion fish > ~/.config/fish/completions/tracker.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has one for each of the choices
    root = context.find_root()
    click.echo(made(root.command, {}, "tracker", VARIABLE).source())
