"""Ids of a provider's objects, as data: which fields of an input hold them, and who made what.

Several tenants may share an account. An input, and the body of a call that is passed on, may name
only what its tenant made.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tracker.domain.task import Task


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object that a field of an input names.

    kind:          the provider's word, such as `voice`.
    may_be_public: whether it may be one that nobody here made and everybody may use.
    is_strict:     whether a tenant that is alone may name none either but what it made: what it
                   did not make is the operator's own.
    """

    kind: str
    may_be_public: bool = False
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class NamingText:
    """A text that names an object in whichever field it stands.

    pattern: matches the whole text; its first group is the id.
    example: one such text, which tests submit.
    """

    pattern: re.Pattern[str]
    named: NamedObject
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectIds:
    """The fields of a provider's inputs that hold ids, and the ids that its tasks bring.

    fields:  by name, at any depth of an input: an id, several with commas between them, a list of
             ids, or an object with a field `id`.
    texts:   texts that name an object in whichever field they stand.
    made_by: the kind of object that the tasks of an operation make. Every id of a success is kept
             in the verdict's transaction, also where there is one tenant alone.
    results: by kind, the ids among what is known of a task. They are recorded behind the verdict,
             and only where there are several tenants.
    continued: kinds, the first that an input names counts: what names one continues the task of
             ours that brought it, where all ids of that kind are of one.
    tasks:   fields that name a task of ours, which `Submits.check` returns as the parent.
    others:  fields that read like ids and name no object of anybody's.
    """

    fields: Mapping[str, NamedObject] = field(default_factory=dict)
    texts: Sequence[NamingText] = ()
    made_by: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Callable[[Task], Iterable[str | None]]] = field(default_factory=dict)
    continued: Sequence[str] = ()
    tasks: Collection[str] = ()
    others: Collection[str] = ()


NO_OBJECTS = ObjectIds()
