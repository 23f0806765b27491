"""Commands: what a front has read from a call, for the host to carry out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tracker.domain.records import record
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.front_call import FrontAnswer


class TextStream(Protocol):
    """Shows a task while its text comes. Pure: the bytes of an answer, in their order."""

    @property
    def media_type(self) -> str:
        """Return the media type of the answer."""
        ...

    @property
    def has_files(self) -> bool:
        """Tell whether names of files stand in it, for which their base64 is sent."""
        ...

    @property
    def beat(self) -> bytes:
        """Return what is sent when nothing has come for a while."""
        ...

    def begin(self, task: Task) -> bytes:
        """Return the beginning, which is sent as soon as the task is durable."""
        ...

    def write_piece(self, task: Task, text: str) -> bytes:
        """Return some more text."""
        ...

    def end(self, task: Task) -> bytes:
        """Return the end. A task that has not ended goes on without this client."""
        ...


@record
class Create:
    """Make a task.

    wait_s:    how long the answer may be held back.
    waits_for: `end` of the task, or `sent`: until the provider has answered the submit, where the
               answer of a create must tell what that said.
    idempotency_key: the provider's own name of the call, where its clients send one: an equal call
        of this name gets the task of the first, another one is refused with CONFLICT. A header
        `Idempotency-Key` goes before it.
    stream:    shows the text of the task while it comes; None for one answer.
    uploads:   what stands in the input for files that were uploaded here.
    """

    operation: str
    input: Mapping[str, Any]
    wait_s: int = 0
    waits_for: Literal["end", "sent"] = "end"
    idempotency_key: str | None = None
    stream: TextStream | None = None
    uploads: Sequence["NamedUpload"] = ()


@dataclass(frozen=True, slots=True)
class NamedUpload:
    """A text in an input that stands for an upload: a link to the file takes its place.

    id: of the upload. field: where the client wrote it; a refusal names it.
    """

    text: str
    id: str
    field: str


@dataclass(frozen=True, slots=True)
class Get:
    """Show tasks by their names, in the order of these.

    by:        `id` (ours, or its decimal name), `external` (callers'), `any` tries
               all, for one name alone.
    operation: a task of another one is none; None for all.
    must_exist: refuse with NOT_FOUND where no task has the name.
    wait_s:    how long the answer may be held back for the first task's end.
    """

    names: Sequence[str]
    by: Literal["any", "id", "external"] = "any"
    operation: str | None = None
    must_exist: bool = True
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class Skip:
    """Show a page of tasks by its number, newest first.

    offset: how many are skipped. operation: None for all.
    """

    limit: int
    offset: int = 0
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Show a page of tasks by a cursor, newest first.

    after:     the cursor of the page before, as the host made it; None for the first page.
    binds:     what the cursor is bound to: filters that must not change between pages.
    created_from, created_until: None for no bound.
    states:    None for every state.
    below:     only operations below this path; None for all.
    not_below: no operations below this path.
    named:     only operations whose first or last part is one of these; None for all.
    """

    limit: int
    after: str | None = None
    binds: str = ""
    created_from: datetime | None = None
    created_until: datetime | None = None
    states: Collection[TaskState] | None = None
    below: str | None = None
    not_below: str | None = None
    named: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a task by its name. Of one that has ended only its end is shown."""

    name: str


@dataclass(frozen=True, slots=True)
class Media:
    """Lead to a file of a task's result, by a redirect to its URL.

    index: of the file among those that are ready. kind: only of this kind; None for every kind.
    Refused with CONFLICT while the task is open, with NOT_FOUND where there is no such file.
    """

    name: str
    index: int = 0
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """Show the secret that the tenant's callbacks are signed with."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answer the same to everybody whose key is good: neither task nor provider is needed."""

    answer: FrontAnswer


@dataclass(frozen=True, slots=True)
class PassOn:
    """Pass a call that makes no task on to the provider.

    name: a key of `passes_on.calls`.
    task: the name of the task that the call is about, where the key has a place `{id}`: the call
          goes to its account. Refused with NOT_FOUND where the tenant has none, or none that the
          provider has an id for.
    named: the id of the object that the path names, where the key has a place `{id}`: it counts in
           the place of the body's.
    """

    name: str
    task: str | None = None
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """Keep the file of a multipart form, and tell a link of ours that a provider can fetch.

    otherwise: the key of `passes_on.calls` of the call that takes it where nothing is kept here, or
               where no provider can reach us.
    fields:    what texts of the form must be; a form with others is refused.
    lifetime_field: the form's field with the seconds that the file is to be kept.
    lifetimes_s: the least and the most that this field may say.
    """

    otherwise: str
    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    lifetime_field: str = ""
    lifetimes_s: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class PageFiles:
    """Show a page of the files that the tenant uploaded through this front.

    after:  the id of the file that the page before ended with; None for the first page.
    fields: what texts of a file's form must be.
    """

    limit: int
    after: str | None = None
    oldest_first: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneFile:
    """Show, send or delete a file that the tenant uploaded through this front, by its id.

    NOT_FOUND where there is none. What was submitted with it keeps its link. `complete`: by a form.
    """

    id: str
    action: Literal["show", "send", "delete", "complete"] = "show"


@dataclass(frozen=True, slots=True)
class OpenForm:
    """Make a form by which a file can be uploaded without a key.

    otherwise: as of `Upload`; empty: none takes it. fields: what values of the call's JSON must be.
    """

    otherwise: str
    fields: Mapping[str, Collection[object]] = field(default_factory=dict)


FileCommand = PageFiles | OneFile
Command = (
    (Create | Get | Skip | Page | Cancel | Media)
    | (Secret | Fixed | PassOn)
    | (Upload | OpenForm | FileCommand)
)
