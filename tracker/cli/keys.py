"""`tracker keys`: make API keys, list them, end them. Works on the database; needs no server."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from tracker.cli.shared import OUTPUT, emit, fail, load_settings, print_fields, print_table, say
from tracker.clock import SystemClock
from tracker.domain.access import Scope
from tracker.domain.errors import Unavailable
from tracker.services.access.keys import Grant, Issued, Keys
from tracker.settings import SettingsError
from tracker.store.keys import ApiKey
from tracker.store.probe import schema_problem
from tracker.store.store import Store

Result = TypeVar("Result")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME_CHARS = 100


@click.group()
def keys() -> None:
    """Who may use the service."""


@keys.command()
@OUTPUT
@click.option("--tenant", default="default", show_default=True, help="Whose data it can see.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help=f"What it may do; repeatable, or separated by commas: {', '.join(Scope)}.  "
    "[default: tasks:read,tasks:write]",
)
@click.option("--name", default="", help="For people.")
@click.option("--rate", type=click.IntRange(1), help="Requests a minute; TRACKER_RATE_LIMIT.")
@click.option("--kling", is_flag=True, help="An access-key/secret-key pair for Kling clients.")
def create(  # noqa: PLR0913 - one parameter per option
    *,
    output: str,
    tenant: str,
    scopes: tuple[str, ...],
    name: str,
    rate: int | None,
    kling: bool,
) -> None:
    """Make a key. It is shown once: only its hash is kept."""
    if not _TENANT.fullmatch(tenant):
        fail("--tenant: 1 to 64 letters, digits, '_', '.' or '-', and a letter or digit first")
    if len(name) > _NAME_CHARS or not name.isprintable():
        fail(f"--name: at most {_NAME_CHARS} printable characters")
    grant = Grant(tenant, _scopes(scopes), name, rate)
    issued = _with_keys(lambda ours: ours.create_pair(grant) if kling else ours.create_key(grant))
    shown = _shown(issued)
    emit(output, shown, lambda: print_fields(shown))
    say("keep it now: it is not shown again")


@keys.command("list")
@OUTPUT
@click.option("--tenant", help="Only this tenant's.")
def list_(*, output: str, tenant: str | None) -> None:
    """All keys, also revoked ones, oldest first."""
    found = [_described(row) for row in _with_keys(lambda ours: ours.list_all(tenant=tenant))]
    columns = ("id", "tenant", "name", "hint", "scopes", "rate", "last_used_at", "revoked_at")
    rows = [[" ".join(v) if isinstance(v := r[c], list) else v for c in columns] for r in found]
    emit(output, {"keys": found}, lambda: print_table("keys", columns, rows))


@keys.command()
@click.argument("key_id")
def revoke(*, key_id: str) -> None:
    """End a key. Running services refuse it within seconds."""
    try:
        id_ = UUID(key_id)
    except ValueError:
        fail(f"{key_id!r} is not the id of a key; see `tracker keys list`")
    if not _with_keys(lambda ours: ours.revoke(id_)):
        fail(f"there is no key {id_}; see `tracker keys list`", code=1)
    say(f"{id_}  revoked")


def _scopes(words: tuple[str, ...]) -> frozenset[Scope]:
    named = [word for part in words for word in re.split(r"[,\s]+", part) if word]
    try:
        return frozenset(map(Scope, named)) or frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE})
    except ValueError:
        fail(f"--scope: one of {', '.join(Scope)}")


def _with_keys(action: Callable[[Keys], Awaitable[Result]]) -> Result:
    settings = load_settings()
    problem = schema_problem(settings.resolved_database_url())
    if problem:
        fail(problem, code=1)
    clock = SystemClock()

    async def act() -> Result:
        async with Store(settings.resolved_database_url(), clock) as store:
            return await action(Keys(store, clock, settings.callback_secrets()))

    try:
        return asyncio.run(act())
    except SettingsError as error:
        fail(str(error))
    except Unavailable as error:
        fail(str(error), code=1)


def _shown(issued: Issued) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": str(issued.row.id)}
    if issued.access_key is None:
        shown["key"] = issued.secret
    else:
        shown |= {"access_key": issued.access_key, "secret_key": issued.secret}
    scopes = sorted(issued.row.scopes)
    return shown | {"tenant": issued.row.tenant, "name": issued.row.name, "scopes": scopes}


def _described(row: ApiKey) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "tenant": row.tenant,
        "name": row.name,
        "kind": row.kind,
        "hint": row.hint,
        "scopes": sorted(row.scopes),
        "rate": row.per_minute,
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(timespec="seconds"),
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(timespec="seconds"),
    }
