"""Find what a task's input names at its provider: whose it is, and which account has it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import Task
from tracker.domain.validation import path_of
from tracker.providers.ports.passing import NamedObject, PassesOn
from tracker.services.context import Context
from tracker.services.submit.choosing import refusal_at
from tracker.services.submit.request import Submission
from tracker.store import made_objects

_Place = tuple[int | str, ...]
_LONGEST_NAME = 2048
"""Characters of a text that is looked into for a name; longer ones are files and prompts."""


@dataclass(frozen=True, slots=True)
class NamedHere:
    """The accounts that have all that an input names, and where it names it.

    accounts: None where it names nothing whose account is known. path: of the first of them.
    """

    accounts: Collection[str] | None = None
    path: str = ""


_NOTHING = NamedHere()


async def check_named(
    context: Context, provider: str, tenant: str, input_: Mapping[str, Any]
) -> NamedHere:
    """Return which accounts can do what names objects of the tenant's.

    What nobody is known to have made may be the provider's own, where its kind has such. Raises
    InvalidRequest for an object that is not the tenant's, and for two of different accounts; it
    names the field.
    """
    passes = context.providers[provider].passes_on
    if passes is None:
        return _NOTHING
    fields, text = passes.named_in_tasks, passes.named_by_text
    if text is None and not (
        fields
        and any(name in fields or isinstance(item, dict | list) for name, item in input_.items())
    ):
        return _NOTHING  # as with most
    by_kind: dict[NamedObject, dict[str, list[_Place]]] = {}
    for place, named, id_ in _named(input_, passes, ()):
        by_kind.setdefault(named, {}).setdefault(id_, []).append(place)
    held = _NOTHING
    for named, places in by_kind.items():
        wanted = partial(made_objects.named, provider=provider, kind=named.kind, ids=list(places))
        found = await context.store.read(wanted)
        known = {one.id for one in found}
        mine = [one for one in found if one.tenant == tenant]
        is_told = named.may_be_public or tenant == DEFAULT_TENANT
        for id_, where in places.items():
            accounts = {one.account for one in mine if one.id == id_}
            if accounts:
                held = _joined(held, accounts, path_of(where[0]))
            elif id_ in known or not is_told:
                # The same words whether it is another's or nobody's.
                reason = f"there is no such {named.kind}"
                raise InvalidRequest(FieldError(path_of(where[0]), reason))
    return held


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
    value: Any, passes: PassesOn, place: _Place, named: NamedObject | None = None
) -> Iterator[tuple[_Place, NamedObject, str]]:
    """Yield each id in an input, with its place. JSON writes one as a text or a whole number.

    named: the object whose ids the value holds: itself, as a list, or as an object's `id`; None
    for none.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _named(item, passes, (*place, number), named)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = (named if name == "id" else None) or passes.named_in_tasks.get(name)
            yield from _named(item, passes, (*place, name), inner)
    elif named is not None and _is_id(value):
        yield place, named, str(value)
    elif isinstance(value, str) and passes.named_by_text and len(value) <= _LONGEST_NAME:
        pattern, of_text = passes.named_by_text
        if found := pattern.fullmatch(value):
            yield place, of_text, found[1]


def _is_id(item: Any) -> bool:
    return isinstance(item, str | int) and not isinstance(item, bool) and item != ""


def fixed_account(
    context: Context, submission: Submission, parent: Task | None, named: NamedHere
) -> str | None:
    """Return the account that a task must go to; None where it may be chosen.

    named: what its input names. Raises InvalidRequest where the account has not all of that, or
    cannot do the operation.
    """
    chosen = submission.account or (None if parent is None else parent.account)
    if named.accounts is None or chosen in named.accounts:
        return chosen
    able = sorted(named.accounts)
    path = f"{submission.input_path}.{named.path}" if submission.input_path else named.path
    if submission.account is not None:
        raise InvalidRequest(FieldError("account", f"what {path} names is at account {able[0]!r}"))
    if parent is not None:
        reason = f"is at account {able[0]!r}, and the task that it continues at {chosen!r}"
        raise InvalidRequest(FieldError(path, reason))
    provider = context.provider(submission.provider)
    refusals = {one: refusal_at(context, provider, one, submission.operation) for one in able}
    for name, refusal in refusals.items():
        if refusal is None:
            return name
    raise InvalidRequest(FieldError(path, f"is at account {able[0]!r} alone: {refusals[able[0]]}"))
