"""The `tracker` command: one group, one file per command.

A command's module is imported when it is called: `--version` need not hold what the demo needs.
"""

import click

from tracker import __version__, environment, lean  # noqa: F401  # lean: before what it is about
from tracker.cli.command import LazyGroup, format_examples

SECTIONS = (
    (
        "Start here",
        (
            ("demo", "tracker.cli.demo", "Run the main job on this machine and show it live."),
            ("doctor", "tracker.cli.doctor", "Check the settings and each provider account."),
            ("open", "tracker.cli.browse:open_", "Open the running service in a browser."),
            ("version", "tracker.cli.version", "Print the versions of command and service."),
        ),
    ),
    (
        "Run the service",
        (
            ("migrate", "tracker.cli.migrate", "Create or update the database schema."),
            ("serve", "tracker.cli.serve", "Serve the API and do the background work."),
            ("worker", "tracker.cli.worker", "Do the background work alone."),
            (
                "healthcheck",
                "tracker.cli.healthcheck",
                "Ask the service here whether it is ready.",
            ),
            ("backup", "tracker.cli.backup", "Copy the database, checked, while it is used."),
            ("restore", "tracker.cli.restore", "Put a backup in place."),
            ("recover", "tracker.cli.recover", "Complete a restored database."),
            ("compact", "tracker.cli.compact", "Write a SQLite file anew without its free space."),
            ("emulate", "tracker.cli.emulate", "Run the provider emulator alone."),
            ("keys", "tracker.cli.keys", "Create, list and revoke API keys."),
            ("openapi", "tracker.cli.openapi", "Print the OpenAPI document."),
        ),
    ),
    (
        "Tasks",
        (
            ("submit", "tracker.cli.submit", "Submit a task, and wait for it if asked to."),
            ("tasks", "tracker.cli.tasks", "List, show, cancel and resubmit tasks."),
            ("runs", "tracker.cli.runs", "Show and stop actions on many tasks."),
            ("assets", "tracker.cli.assets", "List, download and fetch the files of results."),
            ("tail", "tracker.cli.tail", "Follow the changes of all tasks."),
        ),
    ),
    (
        "Webhooks",
        (
            ("endpoints", "tracker.cli.endpoints", "Manage the endpoints that get webhooks."),
            ("deliveries", "tracker.cli.deliveries", "List deliveries and send them again."),
            ("listen", "tracker.cli.listen", "Print live events, or forward them to your machine."),
        ),
    ),
    (
        "Operate",
        (
            ("attention", "tracker.cli.attention", "Show what needs a human."),
            ("callbacks", "tracker.cli.callbacks", "List odd callbacks and put them aside."),
            ("operations", "tracker.cli.operations", "List what can be submitted."),
            ("system", "tracker.cli.system", "Show versions, processes and what is due."),
            ("audit", "tracker.cli.audit", "Show who did what."),
            ("stats", "tracker.cli.stats", "Show counts, latencies and costs."),
            ("costs", "tracker.cli.costs", "Show what tasks cost."),
            ("budgets", "tracker.cli.budgets", "Cap what tenants and keys may spend."),
            (
                "retention",
                "tracker.cli.retention",
                "Show and approve what is dropped of old tasks.",
            ),
            ("holds", "tracker.cli.holds", "Keep what retention would drop."),
            ("archive", "tracker.cli.archive", "Read what was dropped."),
            ("accounts", "tracker.cli.accounts", "List the provider accounts and their health."),
        ),
    ),
    (
        "Shell",
        (("completion", "tracker.cli.completion", "Print the completion script of a shell."),),
    ),
)
"""Every command: its name, its module, and its summary in `tracker --help`."""

EXAMPLES = format_examples(
    "tracker demo                                    # see it work, nothing to set",
    "tracker migrate && tracker serve                # run it",
    "tracker submit --wait --input @request.json     # submit a task and wait for it",
    "tracker tasks list --state failed               # what went wrong",
    "tracker COMMAND --help                          # more on one command",
)


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLES,
)
@click.version_option(__version__, prog_name="tracker")
@click.pass_context
def main(context: click.Context) -> None:
    """Submit media-generation tasks, receive their callbacks, keep their history."""
    if environment.read().get("NO_COLOR"):
        context.color = False
