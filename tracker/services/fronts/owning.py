"""Whose an object at a provider is: what a tenant made, only its calls may name or list."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.ports.objects import NamedObject
from tracker.providers.ports.passing import PassedCall, PassesOn
from tracker.services.context import Context
from tracker.services.named_objects import check_named
from tracker.store import made_objects
from tracker.store.driver.transaction import Tx
from tracker.store.made_objects import MadeObject

MOST_DEEP = 32
"""Levels of an answer that are searched."""


def parse_naming(body: bytes) -> dict[str, Any]:
    """Read the body of a call that names an object. Raises InvalidRequest.

    It is written anew before it goes on: of two fields of one name, provider and service might
    each read another one.
    """
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(FieldError("", f"not JSON: {error}"), malformed=True) from None
    if not isinstance(parsed, dict):
        raise InvalidRequest(FieldError("", "must be a JSON object"), malformed=True)
    return parsed


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant that calls, and the provider that is called."""

    provider: str
    tenant: str


async def find_account(
    context: Context, caller: Caller, call: PassedCall, body: Mapping[str, Any]
) -> str | None:
    """Return the account that has what a body names; None where nobody is known to own it.

    Raises InvalidRequest for an object that is not the tenant's, and Unavailable: see
    `check_named`.
    """
    read = {name: body[name] for name in call.more_names if name in body}
    own = {}
    if call.names is not None:
        if _read_id_text(body.get(call.field)) is None:
            reason = f"must be the id of a {call.names}, as a text"
            raise InvalidRequest(FieldError(call.field, reason))
        read[call.field] = body[call.field]
        own[call.field] = NamedObject(call.names, call.may_be_public, is_strict=True)
    held = await check_named(context, caller.provider, caller.tenant, read, own)
    return None if held.accounts is None else min(held.accounts)


async def keep_made(context: Context, made: MadeObject) -> None:
    """Record who made an object, before anybody is told its id. Raises Unavailable."""
    await context.store.write(_keep, made)


def read_made_id(answer: Any, field: str) -> str | None:
    """Return the id that an answer to a create brings; None where it brings none."""
    return next(
        (text for item in _iterate_objects(answer) if (text := _read_id_text(item.get(field)))),
        None,
    )


async def remove_foreign(
    context: Context, caller: Caller, passes: PassesOn, call: PassedCall, answer: Any
) -> Any:
    """Return a listing without what is neither the provider's own nor the tenant's."""
    assert call.lists is not None  # noqa: S101 - asked only for calls that list something
    kind = call.lists
    ids = {text for one in _iterate_objects(answer) if (text := _read_id_text(one.get(call.field)))}
    found = await context.store.read(
        lambda db: made_objects.find_named(db, caller.provider, kind, ids)
    )
    mine = {one.id for one in found if one.tenant == caller.tenant}

    def keep_own(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: keep_own(item) for name, item in value.items()}
        if isinstance(value, list):
            return [keep_own(item) for item in value if not is_foreign(item)]
        return value

    def is_foreign(item: Any) -> bool:
        if not isinstance(item, dict) or call.field not in item:
            return False
        return not passes.is_public(item) and _read_id_text(item[call.field]) not in mine

    return keep_own(answer)


def read_answer(body: bytes) -> Any:
    """Return the JSON of an answer; None where it is none or nests too deep to be searched."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if _measure_depth(parsed) <= MOST_DEEP else None


def _keep(tx: Tx, made: Sequence[MadeObject]) -> list[None]:
    made_objects.insert_many(tx.db, made, now=tx.now)
    return [None] * len(made)


def _iterate_objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _iterate_objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_objects(item)


def _read_id_text(value: Any) -> str | None:
    """Return an id as text. JSON writes one as a text or as a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return text if 0 < len(text) <= 256 and text.isprintable() else None


def _measure_depth(value: Any) -> int:
    level, found = [value], 0
    while level and found <= MOST_DEEP:
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        found += 1
    return found
