"""Refuse a task whose input names an object that another tenant made at the provider."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.validation import path_of
from tracker.providers.ports.passing import NamedObject
from tracker.services.context import Context
from tracker.store import made_objects

_Place = tuple[int | str, ...]


async def check_named(
    context: Context, provider: str, tenant: str, input_: Mapping[str, Any]
) -> None:
    """Raise InvalidRequest for an object that is not the tenant's; it names the field.

    What nobody is known to have made may be the provider's own, where its kind has such.
    """
    passes = context.providers[provider].passes_on
    if passes is None or not passes.named_in_tasks:
        return
    fields = passes.named_in_tasks
    if not any(name in fields or isinstance(item, dict | list) for name, item in input_.items()):
        return  # as with most
    by_kind: dict[NamedObject, dict[str, list[_Place]]] = {}
    for place, named, id_ in _named(input_, fields, ()):
        by_kind.setdefault(named, {}).setdefault(id_, []).append(place)
    for named, places in by_kind.items():
        wanted = partial(made_objects.named, provider=provider, kind=named.kind, ids=list(places))
        found = await context.store.read(wanted)
        mine = {one.id for one in found if one.tenant == tenant}
        known = {one.id for one in found}
        is_told = named.may_be_public or tenant == DEFAULT_TENANT
        for id_, where in places.items():
            if id_ not in mine and (id_ in known or not is_told):
                # The same words whether it is another's or nobody's.
                reason = f"there is no such {named.kind}"
                raise InvalidRequest(FieldError(path_of(where[0]), reason))


def _named(
    value: Any,
    fields: Mapping[str, NamedObject],
    place: _Place,
    named: NamedObject | None = None,
) -> Iterator[tuple[_Place, NamedObject, str]]:
    """Yield each id in an input, with its place. JSON writes one as a text or a whole number.

    named: the object whose ids the value holds, itself or as a list; None for none.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _named(item, fields, (*place, number), named)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _named(item, fields, (*place, name), fields.get(name))
    elif named is not None and _is_id(value):
        yield place, named, str(value)


def _is_id(item: Any) -> bool:
    return isinstance(item, str | int) and not isinstance(item, bool) and item != ""
