"""A front: the service in a provider's own shape, for clients that were written for the provider.

A front is pure. It reads a request into a command and shows tasks in its provider's words; the
host (`web/fronts`) does the rest: keys, bodies, tasks, waiting, streams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.records import record
from tracker.domain.task import Task
from tracker.providers.ports.commands import Command
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody


@record
class UploadedFile:
    """A file that a client sent. sha256: in hex.

    fields: the texts of its form; later those alone that `Upload.fields` names.
    """

    id: str
    url: str
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    expires_at: datetime
    fields: Mapping[str, str]


@record
class UploadForm:
    """A form that a client is to post to a URL, its file behind these fields.

    id: of the upload, by which inputs name it.
    """

    id: str
    url: str
    fields: Mapping[str, str]


@record
class Shown:
    """The outcome of a command.

    tasks:    those that it found or made.
    has_more: whether a page goes on.
    next:     the cursor of the page behind it; None at the end.
    secret:   of `Secret`; None where callbacks are not signed.
    inputs:   what each task was made from, by its key, where the front shows it.
    names:    of files that we keep, by the URLs that are shown of them; see `FrontAnswer`.
    file:     of `Upload`, and of `OneFile`, also of one that was deleted just now.
    files:    of `PageFiles`.
    form:     of `OpenForm`.
    """

    tasks: Sequence[Task] = ()
    has_more: bool = False
    next: str | None = None
    secret: str | None = None
    inputs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    file: UploadedFile | None = None
    files: Sequence[UploadedFile] = ()
    form: UploadForm | None = None

    def get_input(self, task: Task) -> Mapping[str, Any]:
        """Return what a task was made from; empty where that is not kept any more."""
        return self.inputs.get(task.key, {})


class Front(Protocol):
    """The routes of a provider, in its own shape."""

    @property
    def prefixes(self) -> Sequence[str]:
        """Paths that it stands under, e.g. `/luma`; an empty text for the root."""
        ...

    @property
    def roots(self) -> Sequence[str]:
        """First parts of paths that are its own at the root; empty where it never stands there."""
        ...

    @property
    def schemes(self) -> Sequence[str]:
        """Words before a key in `Authorization` that its clients use besides `Bearer`."""
        ...

    @property
    def key_fields(self) -> Sequence[str]:
        """Header fields that carry the bare key, lower-case, besides `x-api-key`.

        `authorization` stands for a key without a word before it; a name that begins with `?` is
        that of a query parameter.
        """
        ...

    @property
    def heeds_should_retry(self) -> bool:
        """Tell whether its clients repeat refused calls unless `x-should-retry: false` is there.

        They are made by Stainless (github.com/lumalabs/lumaai-python, 2026-11).
        """
        ...

    @property
    def spares_reads(self) -> bool:
        """Tell whether reads are not counted against a key's rate: a 429 makes clients create."""
        ...

    @property
    def shows_input(self) -> bool:
        """Tell whether tasks are shown with the input that they were made from."""
        ...

    def is_own_path(self, path: str) -> bool:
        """Tell whether a path at the root that nothing serves is to be answered by the front."""
        ...

    def resolve_address(self, call: FrontCall) -> FrontCall:
        """Return a call with the path, the query and the base that its client means.

        For clients that send all calls to one address, and name the other one in a header.
        """
        ...

    def get_scope(self, call: FrontCall) -> Scope:
        """Return what a key must allow for this call."""
        ...

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Say what a request asks for. Raises InvalidRequest."""
        ...

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Answer a command in the provider's shape."""
        ...

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer a refused call in the provider's error envelope.

        call: for fronts whose dialects have envelopes of their own; None where it is not known.
        """
        ...

    def relay(self, status: int, parsed: Any, request_id: str) -> FrontAnswer:
        """Answer a call that was passed on.

        status: the provider's. parsed: its JSON; None when it was none.
        """
        ...

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the body that a caller's own callback URL is sent for a step; None for nothing.

        input_: what the task was made from, where `shows_input`.
        base: the public address of the front, for links.
        Asked for steps that subscribers hear of (see domain.notices), and where a running task's
        progress has grown.
        """
        ...
