"""Find what an input names at its provider: whose it is, and which accounts have it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.documents import replace_unstorable_text
from tracker.domain.errors import FieldError, InvalidRequest, Unavailable
from tracker.domain.task import Task
from tracker.domain.validation import format_path
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.services.context import Context
from tracker.services.owned_results import OwnedResults
from tracker.store import made_objects, owned_results, tasks
from tracker.store.made_objects import MadeObject
from tracker.store.store import Reading

_Place = tuple[int | str, ...]
_ByKind = Mapping[NamedObject, Mapping[str, list[_Place]]]
_LONGEST_NAME = 2048
"""Characters of a text that is looked into for a name; longer ones are files and prompts."""
MOST_NAMED = 1000
"""Ids of one kind that an input may name: each is looked up by a parameter of its own, or two."""
ROUNDS, SPANS = 2, 2
"""How often, and how much at once, results are recorded while somebody waits."""
_NONE: Mapping[str, NamedObject] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NamedHere:
    """The accounts that have all that an input names, and where it names it.

    accounts: None where it names nothing whose account is known. path: of the first of them.
    continued: by account, the row of the task that brought what it continues; without it where that
              is not certain.
    """

    accounts: Collection[str] | None = None
    path: str = ""
    continued: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Owners:
    """The owners of some objects.

    objects:   by kind and id, and then by account.
    is_shared: whether there are several tenants; None where it makes no difference.
    accounts:  those that there are.
    """

    objects: Mapping[tuple[str, str], Mapping[str, MadeObject]]
    is_shared: bool | None
    accounts: AbstractSet[str]

    def find(self, kind: str, id_: str) -> dict[str, MadeObject]:
        """Return an object by account; some providers read ids in any case."""
        return {**self.objects.get((kind, id_.lower()), {}), **self.objects.get((kind, id_), {})}


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
    (found,) = await check_named_in(context, provider, tenant, [input_], more)
    if isinstance(found, InvalidRequest):
        raise found
    return found


async def find_continued(
    context: Context, tenant: str, named: NamedHere, account: str | None
) -> Task | None:
    """Return the task that a new one of an account continues; None once it is dropped."""
    key = None if account is None else named.continued.get(account)
    if key is None:
        return None
    found = await context.store.read(lambda db: tasks.get_by_keys(db, [key]))
    return next((one for one in found.values() if one.tenant == tenant), None)


async def check_named_in(
    context: Context,
    provider: str,
    tenant: str,
    inputs: Sequence[Mapping[str, Any]],
    more: Mapping[str, NamedObject] = _NONE,
) -> list[NamedHere | InvalidRequest]:
    """Return for each input what `check_named` returns or raises; their owners are read together.

    Raises Unavailable as that does.
    """
    ids = context.providers[provider].objects
    if more:
        ids = replace(ids, fields={**ids.fields, **more})
    named = [_find_places(input_, ids) for input_ in inputs]
    wanted: dict[NamedObject, set[str]] = {}
    for one in named:
        for kind, places in {} if isinstance(one, InvalidRequest) else one.items():
            wanted.setdefault(kind, set()).update(places)
    if not wanted:
        return [one if isinstance(one, InvalidRequest) else _NOTHING for one in named]
    owners = await _find_owners(context, provider, tenant, wanted)
    return [
        one if isinstance(one, InvalidRequest) else _judge_named(one, owners, tenant, ids.continued)
        for one in named
    ]


def _find_places(input_: Mapping[str, Any], ids: ObjectIds) -> _ByKind | InvalidRequest:
    """Return what an input names and where, or why that is too much."""
    by_kind: dict[NamedObject, dict[str, list[_Place]]] = {}
    if not ids.texts and not (
        ids.fields
        and any(name in ids.fields or isinstance(one, dict | list) for name, one in input_.items())
    ):
        return by_kind  # as with most
    for place, named, id_ in _iterate_named(input_, ids, ()):
        places = by_kind.setdefault(named, {})
        places.setdefault(id_, []).append(place)
        if len(places) > MOST_NAMED:
            reason = f"names more than {MOST_NAMED} objects"
            return InvalidRequest(FieldError(format_path(place), reason))
    return by_kind


def _judge_named(
    by_kind: _ByKind, owners: _Owners, tenant: str, continued: Sequence[str]
) -> NamedHere | InvalidRequest:
    held = _NOTHING
    brought: dict[str, list[Mapping[str, int | None]]] = {}
    for named, places in by_kind.items():
        is_alone = owners.is_shared is False and not named.is_strict
        is_told = named.may_be_public or tenant == DEFAULT_TENANT or is_alone
        for id_, where in places.items():
            path = format_path(where[0])
            known = owners.find(named.kind, id_)
            mine = {account: one.task for account, one in known.items() if one.tenant == tenant}
            brought.setdefault(named.kind, []).append(mine)
            if mine and is_alone and owners.accounts.isdisjoint(mine):
                continue  # the account has another name by now, or is gone
            if mine:
                joined = _join_accounts(held, mine.keys(), path)
                if isinstance(joined, InvalidRequest):
                    return joined
                held = joined
            elif known or not is_told:
                # The same words whether it is another's or nobody's.
                return InvalidRequest(FieldError(path, f"there is no such {named.kind}"))
    kind = next((one for one in continued if one in brought), None)
    return held if kind is None else replace(held, continued=_join_tasks(brought[kind]))


def _join_tasks(brought: Sequence[Mapping[str, int | None]]) -> Mapping[str, int]:
    """Return by account the one task that brought all of some objects. brought: by account."""
    first, *others = brought
    return {
        account: task
        for account, task in first.items()
        if task is not None and all(one.get(account) == task for one in others)
    }


async def _find_owners(
    context: Context, provider: str, tenant: str, wanted: Mapping[NamedObject, Collection[str]]
) -> _Owners:
    """Return the tenants of what is named. wanted: ids by their kind. Raises Unavailable."""
    results = OwnedResults(context)
    objects = context.providers[provider].objects
    has_results = any(named.kind in objects.results for named in wanted)
    is_continued = any(named.kind in objects.continued for named in wanted)
    is_told_alone = any(not named.may_be_public and not named.is_strict for named in wanted)

    accounts = context.list_accounts(provider)

    def look(db: Reading) -> tuple[_Owners, bool]:
        is_behind, is_shared, lately = False, None, []
        if has_results or is_told_alone:
            state = owned_results.read_standing(db, tenant)
            is_shared = state.is_shared
            if has_results and (is_shared or is_continued):
                is_behind = state.recorded_to is None
                # Before what is recorded: what is recorded meanwhile is seen there.
                try:
                    lately = results.list_unrecorded(db, state)
                except LookupError:
                    if is_shared:
                        raise
                    is_behind = True
        found = [
            one
            for named, named_ids in wanted.items()
            for one in made_objects.find_named(
                db, provider, named.kind, {id_ for one in named_ids for id_ in (one, one.lower())}
            )
        ]
        known: dict[tuple[str, str], dict[str, MadeObject]] = {}
        for one in (*found, *lately):  # whoever had it first has it
            if one.provider == provider:
                known.setdefault((one.kind, one.id), {}).setdefault(one.account, one)
        return _Owners(known, is_shared, accounts), is_behind

    for rounds_left in reversed(range(ROUNDS + 1)):
        try:
            found, is_behind = await context.store.read(look)
        except LookupError:
            if rounds_left:
                await results.record_some(SPANS)
        else:
            if is_behind:  # from now on the workers follow the feed
                await results.record_some(1)
            return found
    raise Unavailable("it is still being recorded which tenant earlier results belong to")


def _join_accounts(
    held: NamedHere, accounts: Collection[str], path: str
) -> NamedHere | InvalidRequest:
    """Return those accounts that have this object as well, or why there is none."""
    if held.accounts is None:
        return NamedHere(accounts, path)
    both = [one for one in held.accounts if one in accounts]
    if not both:
        here, there = min(accounts), min(held.accounts)
        reason = f"is at account {here!r}, and what {held.path} names at account {there!r}"
        return InvalidRequest(FieldError(path, reason))
    return NamedHere(both, held.path)


def _iterate_named(
    value: Any, ids: ObjectIds, place: _Place, named: NamedObject | None = None
) -> Iterator[tuple[_Place, NamedObject, str]]:
    """Yield each id in an input, with its place. JSON writes one as a text or a number.

    named: the object whose ids the value holds: itself, as a list, or as an object's `id`; None
    for none.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _iterate_named(item, ids, (*place, number), named)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = (named if name == "id" else None) or ids.fields.get(name)
            yield from _iterate_named(item, ids, (*place, name), inner)
    elif named is not None:
        for id_ in _iterate_ids(value):
            yield place, named, id_
    elif isinstance(value, str) and ids.texts and len(value) <= _LONGEST_NAME:
        for text in ids.texts:
            if found := text.pattern.fullmatch(value):
                yield place, text.named, replace_unstorable_text(found[1])


def _iterate_ids(value: Any) -> Iterator[str]:
    """Yield the ids that a field holds, as a provider may read them.

    Some send a whole number with a fraction of zero; some servers take several ids with commas
    between them, and white space around them.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is not None:
        yield from filter(
            None, (one.strip() for one in replace_unstorable_text(str(value)).split(","))
        )
