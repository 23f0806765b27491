"""Commands and groups whose help has sections and examples, and which know a misspelt name."""

import errno
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

import click
from click.exceptions import NoArgsIsHelpError, NoSuchCommand

from tracker.cli.exits import FAILED, INTERRUPTED, OUTPUT_CLOSED
from tracker.cli.language import Formatter, translate_text
from tracker.cli.visible import find_room, fold

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

click.Context.formatter_class = Formatter
_SENTENCE_END = re.compile(r"(?<=[.]) |(?<=。)")


def format_examples(*lines: str) -> str:
    """Return the end of a help page: commands to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def add_options(options: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Return a decorator that gives a command these options, in their order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


class SharedOption(click.Option):
    """An option that many commands have. It stands in a section of its own, behind theirs."""


class Command(click.Command):
    """A command whose own options stand first."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help, whole and in the language of this process."""
        del limit
        told = translate_text(inspect.cleandoc(self.help or "").partition("\f")[0])
        return _SENTENCE_END.split(" ".join(told.split()), maxsplit=1)[0]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments and options, then what is shared with other commands."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                (shared if isinstance(parameter, SharedOption) else own).append(record)
        for title, records in (("Options", own), ("Connection and output", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class LazyGroup(Group):
    """Knows its commands by name and imports the one that is called.

    sections: title and, of each command, its name, its module (with `:attribute` where that is
              called otherwise) and its summary, in the order of the help.
    """

    def __init__(
        self,
        *args: Any,
        sections: Sequence[tuple[str, Sequence[tuple[str, str, str]]]],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.sections = sections
        self._places = {name: place for _, rows in sections for name, place, _ in rows}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of the help."""
        del ctx
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is none of this name."""
        del ctx
        place = self._places.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        found: click.Command = getattr(import_module(module), name or cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=self._places, ctx=ctx) from None

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the options; what is wrong is said in one line."""
        with _report_in_one_line():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; Ctrl-C ends it with the exit code of an interrupt, without a word."""
        try:
            with _report_in_one_line():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, without importing any."""
        del ctx
        for title, rows in self.sections:
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, _, summary in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete names without importing the commands."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for a shell

        if incomplete.startswith("-"):
            return super(click.Group, self).shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=summary)
            for _, rows in self.sections
            for name, _, summary in rows
            if name.startswith(incomplete)
        ]


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Reasons for which a file does not take what is printed."""


class _WrongUsage(click.UsageError):
    """A wrong option or argument, said in one line that names the help."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        path = self.ctx.command_path if self.ctx else "tracker"
        reason = self.format_message().rstrip(".")
        advice = translate_text(f"see `{path} --help`")
        text = f"tracker: {translate_text(reason)}{translate_text('; ')}{advice}"
        click.echo(fold(text, find_room(file or sys.stderr)), file=file, err=True)


@contextmanager
def _report_in_one_line() -> Iterator[None]:
    try:
        yield
    except NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise _WrongUsage(error.format_message(), ctx=error.ctx) from None
    except BrokenPipeError as error:
        if error.filename is not None:
            raise
        _leave_stdout()
        sys.exit(OUTPUT_CLOSED)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _leave_stdout()
        text = f"the output cannot be written: {error.strerror}"
        with suppress(OSError):
            click.echo(f"tracker: {translate_text(text)}", err=True)
        sys.exit(FAILED)


def _leave_stdout() -> None:
    """Have what stdout still holds go nowhere: at the end Python would fail by it once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
