"""The capabilities of an adapter. Each builds calls and reads answers: data in, data out.

An adapter is stateless and pure. Every parser is handed the account and the task that was asked
about, because status codes, absence and ids mean different things per profile and operation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from tracker.domain.errors import Misuse
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.outcome import CancelOutcome, LookupOutcome, PollOutcome, SubmitOutcome
from tracker.domain.task import Task
from tracker.providers.ports.account import Account

Answer = HttpResult | HttpFailure
"""The end of an exchange, as an adapter reads it."""


class Finds(StrEnum):
    """Can a submit whose outcome is unknown be found at the provider?"""

    BY_ID = "by_id"
    """A query by our external id answers, and its denial can be believed."""
    BY_SCAN = "by_scan"
    """A list shows a mark of ours. It proves that a task exists, and never that none does."""
    BY_LIKENESS = "by_likeness"
    """A list shows what tasks were made of: one that is alike, and no other task's, is taken."""
    CANDIDATES = "candidates"
    """A list shows when tasks of a model were made, and nothing else: a person compares."""
    EXISTENCE = "existence"
    """The provider says that our id is taken, and never under which id of its own."""
    NEVER = "never"
    """Nothing finds it: a person settles it, or it expires."""


@dataclass(frozen=True, slots=True)
class Request:
    """A caller's input, checked.

    body:             what will be sent, but for the callback URL and the external id, which the
                      adapter places when it builds the call.
    external_task_id: the caller's own id, if the input carried one.
    callback_url:     where the caller wants the result, if the input said so.
    slots:            how many concurrency slots the task takes while at the provider.
    wants:            what the caller asked for that a callback may leave out: names of artifact
                      kinds or fields, as the adapter's `lacks` understands them.
    parent:           the id of the task of ours that this one continues; None for none. The task
                      then goes to the parent's account.
    parent_field:     the field of the input that names the parent, for the error when it is none.
    patience_s:       seconds after which an open task of this kind is overdue, where its caller
                      sets no deadline; None for the service's own.
    """

    body: Mapping[str, Any]
    external_task_id: str | None = None
    callback_url: str | None = None
    slots: int = 1
    wants: tuple[str, ...] = ()
    parent: str | None = None
    parent_field: str = "parent"
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A task about to be created at its provider.

    body:         `Request.body`, as it was stored.
    parent:       the task that it continues; None for none.
    callback_url: ours, for this task; None where the provider cannot reach us.
    now:          aware UTC.
    """

    account: Account
    task: Task
    body: Mapping[str, Any]
    parent: Task | None
    callback_url: str | None
    now: datetime

    def get_parent_task_id(self) -> str:
        """Return the provider's id of the task that this one continues.

        Raises Misuse where there is none, or it is not known.
        """
        theirs = None if self.parent is None else self.parent.provider_task_id
        if theirs is None:
            raise Misuse("a task is continued whose id at its provider is not known")
        return theirs


@dataclass(frozen=True, slots=True)
class Asking:
    """Tasks of one account that their provider is asked about.

    tasks:        at least one; several only where `Polls.get_poll_group` puts them into one group.
    callback_url: ours for the first of the tasks, which a scan may look for; None where there is
                  none.
    page:         what the call before led to: `More.page` of a scan, `Follow.page` of a poll;
                  None for a first call.
    since:        when the submit that a scan looks for began; None for other questions.
    body:         what that submit was built from, as `Sending.body`; None for other questions.
    now:          aware UTC.
    """

    account: Account
    tasks: Sequence[Task]
    now: datetime
    callback_url: str | None = None
    page: Mapping[str, Any] | None = None
    since: datetime | None = None
    body: Mapping[str, Any] | None = None

    @property
    def task(self) -> Task:
        """The first task; the only one of a question about one."""
        return self.tasks[0]


NO_SUCH_OPERATION = "no such operation of this provider"
"""Answer of `Submits.explain_unserved` for an operation that no account of the provider has."""


class Submits(Protocol):
    """Creates tasks at the provider."""

    @property
    def operations(self) -> Collection[str]:
        """List the operations, e.g. `videos/text2video`, as far as they can be listed."""
        ...

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say how a submit of this account whose outcome is unknown can be found."""
        ...

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Return why an account cannot submit tasks of an operation; None when it can.

        NO_SUCH_OPERATION where none can.
        """
        ...

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the model that an operation's input is validated by; None for no operation here.

        Its JSON Schema is shown to callers: limits of its fields stand in it.
        """
        ...

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate the input of an operation that some account serves.

        Raises InvalidRequest naming each wrong field, without a prefix.
        """
        ...

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Tell whether a refusal speaks of the account (its key, its money), not of the request."""
        ...

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the call that creates the task."""
        ...

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Say what the exchange proves."""
        ...


class StreamReader(Protocol):
    """Reads the answer to one create while it comes. It need not keep the text that it returns."""

    @property
    def progress(self) -> float | None:
        """Return the percentage that the text has told so far; None where it has told none."""
        ...

    def feed(self, piece: bytes) -> str:
        """Take the next bytes of the body; return the text that they add for people."""
        ...

    def read_rest(self) -> str:
        """Return the text that the end of the body adds; asked once, also where it broke off."""
        ...

    def finish(self, text: str, broken: str | None) -> SubmitOutcome:
        """Say what the exchange proves.

        text:   all that `feed` and `rest` returned.
        broken: why the body ended before its end; None where the connection says that it is whole.
        """
        ...


class Streams(Protocol):
    """Creates whose answer is the task: a text that comes until the task has ended.

    A connection that breaks proves nothing: such a create is never made again by itself.
    """

    def get_time_limit_s(self, account: Account, operation: str) -> float | None:
        """Return the seconds that a whole answer may take; None where the answer is no stream."""
        ...

    def make_reader(self, sending: Sending, headers: Mapping[str, str]) -> StreamReader:
        """Return what reads an answer that is a success. Others go to `Submits.parse_submit`.

        headers: of the answer, lower-case.
        """
        ...


class Looks(Protocol):
    """Searches for a submit whose outcome is unknown. Its silence is no denial."""

    def is_url_needed(self, account: Account) -> bool:
        """Tell whether a scan looks for our callback URL: without one it finds nothing."""
        ...

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the call that searches for one task; None when nothing can be searched by."""
        ...

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Say whether the task is there, is not seen, or may be on a further page."""
        ...


class Polls(Protocol):
    """Asks how tasks stand."""

    @property
    def together(self) -> int:
        """Return how many tasks one call may ask for; 1 where each is asked for by itself."""
        ...

    def get_poll_spacing_s(self, account: Account) -> float:
        """Return the least seconds between two looks at one task; 0 for no wish of its own."""
        ...

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Name the group whose members one call may ask for; None when it is asked for alone."""
        ...

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the call that asks for the tasks: by the provider's id if known, else by ours.

        None when a task cannot be asked for by what is known of it. A task that a provider would
        deny only because it does not know our names must not be sent again.
        """
        ...

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Say what the answer tells of each of the tasks, in their order.

        Follow where another call must be made first; Unanswered(alone=True) where a task must be
        asked for by itself.
        """
        ...


class Cancels(Protocol):
    """Asks the provider to stop working on a task."""

    @property
    def erases_ended(self) -> bool:
        """Tell whether the same call erases a task that has ended: then it is looked at first."""
        ...

    def explain_too_late(self, asking: Asking) -> str | None:
        """Return why a task is past being cancelled by what is known of it; None where it is not.

        Where `erases_ended`, the task is as the look before showed it.
        """
        ...

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the call that cancels one task; None when it cannot be named."""
        ...

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """Say what became of the request to cancel."""
        ...


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of one harmless query about an account.

    level:   `ok`, `note` (nobody can tell now) or `error` (it will not work).
    balance: what is left on the account, in the provider's own words; None where it does not say.
    """

    level: Literal["ok", "note", "error"]
    text: str
    balance: str | None = None


class Probes(Protocol):
    """Tries an account with one query that changes and costs nothing."""

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Build the query."""
        ...

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Say whether the right kind of API is there and takes the key."""
        ...
