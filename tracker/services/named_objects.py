"""Find what an input names at its provider: whose it is, and which accounts have it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.documents import storable_text
from tracker.domain.errors import FieldError, InvalidRequest, Unavailable
from tracker.domain.validation import path_of
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.services.context import Context
from tracker.services.owned_results import OwnedResults
from tracker.store import made_objects, owned_results
from tracker.store.store import Reading

_Place = tuple[int | str, ...]
_ByKind = Mapping[NamedObject, Mapping[str, list[_Place]]]
_LONGEST_NAME = 2048
"""Characters of a text that is looked into for a name; longer ones are files and prompts."""
MOST_NAMED = 1000
"""Ids of one kind that an input may name: each is looked up by a parameter of its own, or two."""
ROUNDS, STRETCHES = 2, 2
"""How often, and how much at once, results are recorded while somebody waits."""
_NONE: Mapping[str, NamedObject] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NamedHere:
    """The accounts that have all that an input names, and where it names it.

    accounts: None where it names nothing whose account is known. path: of the first of them.
    """

    accounts: Collection[str] | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Owners:
    """The tenants of some objects.

    tenants:   by kind and id, and then by account.
    is_shared: whether there are several tenants; None where it makes no difference.
    """

    tenants: Mapping[tuple[str, str], Mapping[str, str]]
    is_shared: bool | None


_NOTHING = NamedHere()


async def check_named(
    context: Context,
    provider: str,
    tenant: str,
    input_: Mapping[str, Any],
    more: Mapping[str, NamedObject] = _NONE,
) -> NamedHere:
    """Return which accounts can do what names objects of the tenant's.

    What nobody is known to have made may be one that everybody may use, where its kind has such.
    Any other is the operator's, and that of a tenant that is alone where the kind is not strict.
    more: fields that hold ids in this input, besides those of the provider's objects.
    Raises InvalidRequest for an object that is not the tenant's, and for two of different accounts;
    it names the field. Raises Unavailable while whose results are whose is being recorded.
    """
    ids = context.providers[provider].objects
    if more:
        ids = replace(ids, fields={**ids.fields, **more})
    if not ids.texts and not (
        ids.fields
        and any(name in ids.fields or isinstance(one, dict | list) for name, one in input_.items())
    ):
        return _NOTHING  # as with most
    by_kind: dict[NamedObject, dict[str, list[_Place]]] = {}
    for place, named, id_ in _named(input_, ids, ()):
        places = by_kind.setdefault(named, {})
        places.setdefault(id_, []).append(place)
        if len(places) > MOST_NAMED:
            reason = f"names more than {MOST_NAMED} objects"
            raise InvalidRequest(FieldError(path_of(place), reason))
    if not by_kind:
        return _NOTHING
    owners = await _owners(context, provider, tenant, by_kind)
    held = _NOTHING
    for named, places in by_kind.items():
        is_alone = owners.is_shared is False and not named.is_strict
        is_told = named.may_be_public or tenant == DEFAULT_TENANT or is_alone
        for id_, where in places.items():
            known = {
                **owners.tenants.get((named.kind, id_.lower()), {}),
                **owners.tenants.get((named.kind, id_), {}),
            }
            mine = {account for account, owner in known.items() if owner == tenant}
            if mine:
                held = _joined(held, mine, path_of(where[0]))
            elif known or not is_told:
                # The same words whether it is another's or nobody's.
                reason = f"there is no such {named.kind}"
                raise InvalidRequest(FieldError(path_of(where[0]), reason))
    return held


async def _owners(context: Context, provider: str, tenant: str, by_kind: _ByKind) -> _Owners:
    """Return the tenants of what is named. Raises Unavailable."""
    results = OwnedResults(context)
    brought = context.providers[provider].objects.results.keys()
    has_results = any(named.kind in brought for named in by_kind)
    is_told_alone = any(not named.may_be_public and not named.is_strict for named in by_kind)

    def look(db: Reading) -> _Owners:
        is_shared, lately = None, []
        if has_results or is_told_alone:
            state = owned_results.read_standing(db, tenant)
            is_shared = state.is_shared
            if has_results and is_shared:
                # Before what is recorded: what is recorded meanwhile is seen there.
                lately = results.brought_lately(db, state)
        found = [
            one
            for named, places in by_kind.items()
            for one in made_objects.find_named(
                db, provider, named.kind, {id_ for one in places for id_ in (one, one.lower())}
            )
        ]
        tenants: dict[tuple[str, str], dict[str, str]] = {}
        for one in (*found, *lately):  # whoever had it first has it
            if one.provider == provider:
                tenants.setdefault((one.kind, one.id), {}).setdefault(one.account, one.tenant)
        return _Owners(tenants, is_shared)

    for rounds_left in reversed(range(ROUNDS + 1)):
        try:
            return await context.store.read(look)
        except LookupError:
            if rounds_left:
                await results.record_some(STRETCHES)
    raise Unavailable("it is still being recorded which tenant earlier results belong to")


def _joined(held: NamedHere, accounts: Collection[str], path: str) -> NamedHere:
    """Return those accounts that have this object as well. Raises InvalidRequest for none."""
    if held.accounts is None:
        return NamedHere(accounts, path)
    both = [one for one in held.accounts if one in accounts]
    if not both:
        here, there = min(accounts), min(held.accounts)
        reason = f"is at account {here!r}, and what {held.path} names at account {there!r}"
        raise InvalidRequest(FieldError(path, reason))
    return NamedHere(both, held.path)


def _named(
    value: Any, ids: ObjectIds, place: _Place, named: NamedObject | None = None
) -> Iterator[tuple[_Place, NamedObject, str]]:
    """Yield each id in an input, with its place. JSON writes one as a text or a number.

    named: the object whose ids the value holds: itself, as a list, or as an object's `id`; None
    for none.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _named(item, ids, (*place, number), named)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = (named if name == "id" else None) or ids.fields.get(name)
            yield from _named(item, ids, (*place, name), inner)
    elif named is not None:
        for id_ in _ids_in(value):
            yield place, named, id_
    elif isinstance(value, str) and ids.texts and len(value) <= _LONGEST_NAME:
        for text in ids.texts:
            if found := text.pattern.fullmatch(value):
                yield place, text.named, storable_text(found[1])


def _ids_in(value: Any) -> Iterator[str]:
    """Yield the ids that a field holds, as a provider may read them.

    Some send a whole number with a fraction of zero; some servers take several ids with commas
    between them, and white space around them.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is not None:
        yield from filter(None, (one.strip() for one in storable_text(str(value)).split(",")))
