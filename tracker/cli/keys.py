"""`tracker keys`: make API keys, list them, end them: in the database, or on a running service."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.database import begin_action, run_with_store
from tracker.cli.exits import FAILED
from tracker.cli.remote import ONE_TENANT, ConnectionOptions, allow_remote
from tracker.cli.shared import OUTPUT, WIDE, emit, fail, print_fields, print_note
from tracker.cli.table import Column, leave_out_tenant, print_table
from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.spelling import build_hint

if TYPE_CHECKING:
    from tracker.services.access.keys import Issued, Keys
    from tracker.settings import Settings
    from tracker.store.keys import ApiKey
    from tracker.store.store import Store

Result = TypeVar("Result")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME_CHARS = 100

_COLUMNS = (
    Column("id", "id"),
    Column("tenant"),
    Column("name", "text"),
    Column("state", "state"),
    Column("hint"),
    Column("scopes"),
    Column("last_used_at", "time", empty="never"),
    Column("rate"),
    Column("created_at", "time"),
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker keys create --name ci",
        "tracker keys create --scope admin --name operator",
        "tracker keys list",
        "tracker keys revoke KEY_ID",
        "tracker keys create --name ci --url https://tracker.example",
    ),
)
def keys() -> None:
    """Create, list and revoke API keys. Works on the database; with --remote, on a service.

    There a key of the scope `admin` asks, and the keys are those of its tenant.
    """


@keys.command(
    epilog=format_examples(
        "tracker keys create --name ci",
        "tracker keys create --tenant acme --scope tasks:read --rate 600",
    )
)
@allow_remote
@OUTPUT
@click.option("--tenant", show_default=DEFAULT_TENANT, help="Whose data it can see.")
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
@click.option(
    "--pair", is_flag=True, help="An access key and a secret key, for clients that sign JWTs."
)
# What --pair was called before: scripts that make keys hold it.
@click.option("--kling", "former_pair", is_flag=True, hidden=True)
def create(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions | None,
    output: str,
    tenant: str | None,
    scopes: tuple[str, ...],
    name: str,
    rate: int | None,
    pair: bool,
    former_pair: bool,
) -> None:
    """Create a key. It is shown once: only its hash is kept."""
    if len(name) > _NAME_CHARS or not name.isprintable():
        fail(f"--name: at most {_NAME_CHARS} printable characters")
    wanted, is_pair = _parse_scopes(scopes), pair or former_pair
    if connection is not None:
        if tenant is not None:
            fail(ONE_TENANT)
        shown, is_first = _create_there(connection, name, wanted, rate, is_pair=is_pair)
    else:
        tenant = DEFAULT_TENANT if tenant is None else tenant
        if not _TENANT.fullmatch(tenant):
            fail("--tenant: 1 to 64 letters, digits, '_', '.' or '-', and a letter or digit first")
        shown, is_first = _create_here(tenant, name, wanted, rate, is_pair=is_pair)
    emit(output, shown, lambda: print_fields(shown))
    print_note("keep it now: it is not shown again")
    if is_first:
        print_note(
            "from now on every request needs a key: clients set TRACKER_API_KEY or --api-key"
        )


@keys.command("list")
@allow_remote
@OUTPUT
@WIDE
@click.option("--tenant", help="Only this tenant's.")
def list_(
    *, connection: ConnectionOptions | None, output: str, wide: bool, tenant: str | None
) -> None:
    """List all keys, also revoked ones, oldest first."""
    if connection is not None and tenant is not None:
        fail(ONE_TENANT)
    if connection is not None:
        columns = leave_out_tenant(_COLUMNS)
        found = _list_there(connection)
    else:
        columns = _COLUMNS
        found = [
            _describe(row) for row in _run_with_keys(lambda ours: ours.list_all(tenant=tenant))
        ]
    rows = [row | {"state": "revoked" if row["revoked_at"] else "active"} for row in found]
    emit(output, {"keys": found}, lambda: print_table("keys", columns, rows, wide=wide))


@keys.command()
@allow_remote
@click.argument("key_id")
def revoke(*, connection: ConnectionOptions | None, key_id: str) -> None:
    """Revoke a key. Running services refuse it within seconds."""
    try:
        id_ = UUID(key_id)
    except ValueError:
        fail(f"{key_id!r} is not the id of a key; see `tracker keys list`")
    if connection is not None:
        with connection.open() as server:
            server.send("DELETE", f"/v1/keys/{id_}")
    elif not _revoke_here(id_):
        fail(f"there is no key {id_}; see `tracker keys list`", code=FAILED)
    print_note(f"{id_}  revoked")


def _create_here(
    tenant: str, name: str, scopes: frozenset[Scope], rate: int | None, *, is_pair: bool
) -> tuple[dict[str, Any], bool]:
    """Create a key in the database; return it as it is shown, and whether it is the first."""
    from tracker.services.access.keys import Grant  # noqa: PLC0415 - the help needs no database

    grant = Grant(tenant, scopes, name, rate)

    async def make(ours: "Keys") -> tuple["Issued", bool]:
        is_first = not await ours.list_all(tenant=None)
        begin_action(tenant, "keys.create")
        return await (ours.create_pair(grant) if is_pair else ours.create_key(grant)), is_first

    issued, is_first = _run_with_keys(make)
    return _show(issued), is_first


def _create_there(
    connection: ConnectionOptions,
    name: str,
    scopes: frozenset[Scope],
    rate: int | None,
    *,
    is_pair: bool,
) -> tuple[dict[str, Any], bool]:
    """Create a key on a service, like `_create_here`."""
    body = {
        "name": name,
        "scopes": sorted(scopes),
        "per_minute": rate,
        "kind": "pair" if is_pair else "key",
    }
    with connection.open() as server:
        is_asked = "authorization" in server.http.headers
        is_first = not is_asked and not server.get("/v1/keys", params={"limit": 1})["keys"]
        made = server.post("/v1/keys", json=body)
    secrets = ("access_key", "secret_key") if is_pair else ("key",)
    return {field: made[field] for field in ("id", *secrets, "name", "scopes")}, is_first


def _list_there(connection: ConnectionOptions) -> list[dict[str, Any]]:
    """Return every key of the tenant that asks, with the names that the database's have."""
    with connection.open() as server:
        found = server.get_all("/v1/keys", "keys")
    return [{"rate": one.pop("per_minute"), **one} for one in found]


def _revoke_here(id_: UUID) -> bool:
    async def end(ours: "Keys") -> bool:
        found = await ours.find(id_)
        if found is None:
            return False
        begin_action(found.tenant, "keys.revoke", str(id_))
        return await ours.revoke(id_)

    return _run_with_keys(end)


def _parse_scopes(words: tuple[str, ...]) -> frozenset[Scope]:
    named = [word for part in words for word in re.split(r"[,\s]+", part) if word]
    try:
        return frozenset(map(Scope, named)) or frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE})
    except ValueError:
        wrong = next(word for word in named if word not in set(Scope))
        fail(f"--scope: {wrong!r} is none of {', '.join(Scope)}{build_hint(wrong, Scope)}")


def _run_with_keys(action: "Callable[[Keys], Awaitable[Result]]") -> Result:
    async def act(store: "Store", settings: "Settings") -> Result:
        from tracker.clock import SystemClock  # noqa: PLC0415 - the help needs no database
        from tracker.services.access.keys import Keys  # noqa: PLC0415

        return await action(Keys(store, SystemClock(), settings.list_callback_secrets()))

    return run_with_store(act)


def _show(issued: "Issued") -> dict[str, Any]:
    shown: dict[str, Any] = {"id": str(issued.row.id)}
    if issued.access_key is None:
        shown["key"] = issued.secret
    else:
        shown |= {"access_key": issued.access_key, "secret_key": issued.secret}
    scopes = sorted(issued.row.scopes)
    return shown | {"tenant": issued.row.tenant, "name": issued.row.name, "scopes": scopes}


def _describe(row: "ApiKey") -> dict[str, Any]:
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
