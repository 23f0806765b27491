"""Commands that work on the database, without a server."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from tracker.cli.exits import FAILED
from tracker.cli.shared import fail, fail_by_database, load_settings

if TYPE_CHECKING:
    from tracker.settings import Settings
    from tracker.store.store import Store

Result = TypeVar("Result")


def run_with_store(action: "Callable[[Store, Settings], Awaitable[Result]]") -> Result:
    """Run an action on the database of the settings; ends the command when it cannot be used."""
    # Here: the help of these commands needs no database.
    import asyncio  # noqa: PLC0415

    from tracker.clock import SystemClock  # noqa: PLC0415
    from tracker.domain.errors import Unavailable  # noqa: PLC0415
    from tracker.settings import SettingsError  # noqa: PLC0415
    from tracker.store.probe import find_schema_problem  # noqa: PLC0415
    from tracker.store.store import Store  # noqa: PLC0415

    settings = load_settings()
    problem = find_schema_problem(settings.resolve_database_url())
    if problem:
        fail_by_database(settings, problem)

    async def act() -> Result:
        async with Store(settings.resolve_database_url(), SystemClock()) as store:
            return await action(store, settings)

    try:
        return asyncio.run(act())
    except SettingsError as error:
        fail(str(error))
    except Unavailable as error:
        fail(settings.log_redactor().redact(str(error)), code=FAILED)


def begin_action(tenant: str, action: str, target: str | None = None) -> None:
    """Have what is written next stand in the audit as done at this machine.

    target: the id of what it is done to; None where it makes something that has one.
    """
    from tracker.store.driver import acting  # noqa: PLC0415 - the help needs no database

    acting.begin(acting.ActorAction(tenant, "a command at the service's machine", action, target))
