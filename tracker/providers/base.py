"""What every provider's adapter can do: build calls, read answers. Data in, data out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import PollOutcome, SubmitOutcome
from tracker.domain.signature import Proof
from tracker.domain.task import Task


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials and address of one account at a provider.

    base_url:        may carry a path (a gateway's `/kling`); no slash at the end.
    profile:         what kind of upstream answers there, in the adapter's own words; None where it
                     can tell by the address.
    dialect:         which of the provider's dialects the account speaks, in the adapter's words;
                     None for all that its credentials allow.
    webhook_secrets: what its callbacks are signed with; several during a rotation; none where
                     they are not signed.
    max_in_flight:   tasks at the provider at once; None for no limit of ours.
    weight:          its share of the tasks whose caller names no account; 0: none of them.
    finds_external_ids: whether it finds tasks by our external id. Where not, it would deny tasks
                     that it has, and a submit whose outcome is unknown is never sent again.
    """

    name: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    max_in_flight: int | None = None
    profile: str | None = None
    dialect: str | None = None
    weight: int = 1
    finds_external_ids: bool = True


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
    """

    body: Mapping[str, Any]
    external_task_id: str | None = None
    callback_url: str | None = None
    slots: int = 1
    wants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """What one harmless query showed of an account.

    level: `ok`, `note` (nobody can tell now) or `error` (it will not work).
    """

    level: Literal["ok", "note", "error"]
    text: str


class Provider(Protocol):
    """The adapter of one provider. Stateless; every method is pure."""

    @property
    def name(self) -> str:
        """The provider's name on our surface, e.g. `kling`."""
        ...

    @property
    def operations(self) -> frozenset[str]:
        """What can be submitted, e.g. `videos/text2video`, as far as it can be listed."""
        ...

    @property
    def regions(self) -> Mapping[str, str]:
        """Base URLs by region; the first is where an account is that says nothing."""
        ...

    def flaws_of(self, account: Account) -> Sequence[str]:
        """Why an account cannot work: `key: reason` each, without its values. Empty when it can."""
        ...

    def refusal(self, account: Account, operation: str) -> str | None:
        """Why an account cannot submit tasks of an operation; None when it can."""
        ...

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """The input, validated. Raises InvalidRequest naming each wrong field (no prefix).

        operation: one that some account can submit.
        """
        ...

    def build_submit(
        self,
        account: Account,
        task: Task,
        body: Mapping[str, Any],
        *,
        callback_url: str | None,
        now: datetime,
    ) -> HttpCall:
        """The call that creates the task. callback_url: ours; None where nobody can reach us."""
        ...

    def parse_submit(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        """What the exchange proves."""
        ...

    def blames_account(self, code: str | None, http_status: int | None) -> bool:
        """Whether a refusal speaks of the account (its key, its money) and not of the request."""
        ...

    def build_poll(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """The call that asks for one task: by the provider's id if known, else by ours.

        None when it cannot be asked for by what is known of it; a task that a provider would deny
        only because it does not know our names must not be sent again.
        """
        ...

    def parse_poll(self, answer: HttpResult | HttpFailure) -> PollOutcome:
        """What the answer says of the task."""
        ...

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """A query that changes and costs nothing: for a task that nobody has."""
        ...

    def parse_probe(self, answer: HttpResult | HttpFailure) -> Probed:
        """What its answer shows: whether the right kind of API is there and takes the key."""
        ...

    def verify_callback(
        self, account: Account, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> Proof | None:
        """Whether a callback proves to come from this account's provider.

        None when the account has no secret, so that nothing can be proved. Compares in constant
        time and says nothing of the secret.
        """
        ...

    def parse_callback(self, body: bytes, headers: Mapping[str, str]) -> Observation:
        """What a callback says. Raises CallbackRejected when it cannot be read.

        headers: lower-case names.
        """
        ...

    def lacks(self, task: Task, said: Observation) -> str | None:
        """What of `task.wants` a callback's success leaves out, and a query would have."""
        ...

    def render_callback(self, task: Task) -> bytes:
        """The body that a caller's own callback URL is sent: the task in the provider's shape."""
        ...


@runtime_checkable
class PollsTogether(Protocol):
    """What an adapter offers besides, whose provider answers for several tasks in one call.

    Pure like the rest. `build_poll` and `parse_poll` serve the groups of one.
    """

    def group_polls(self, account: Account, tasks: Sequence[Task]) -> Sequence[Sequence[Task]]:
        """Tasks of one account, in groups that one call each asks for; every task in one group."""
        ...

    def build_polls(self, account: Account, tasks: Sequence[Task], *, now: datetime) -> HttpCall:
        """The call that asks for a group of several."""
        ...

    def parse_polls(
        self, answer: HttpResult | HttpFailure, tasks: Sequence[Task]
    ) -> Sequence[PollOutcome]:
        """What the answer says of each of them, in their order.

        Unanswered(alone=True): the task must be asked for by itself.
        """
        ...
