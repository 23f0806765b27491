"""How a submit, a poll, a lookup or a cancel ended. Adapters decide it from the exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tracker.domain.cost import Cost
from tracker.domain.exchange import Certainty, HttpCall
from tracker.domain.observation import Observation, Part


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider created the task.

    provider_task_id: None where the provider gives none: then only `said` can tell of it.
    context: what later calls for the task need (its poll URL, its region's host); kept with it.
    said:    what the answer already tells of the task, its verdict where it is the result.
    parts:   the further tasks that the same call created.
    costs:   what the provider charges for it, or says that it will.
    look_now: it may have ended already, and nothing will tell: it is polled at once.
    """

    provider_task_id: str | None
    word: str | None = None
    message: str | None = None
    request_id: str | None = None
    context: Mapping[str, Any] | None = None
    said: Observation | None = None
    parts: tuple[Part, ...] = ()
    costs: tuple[Cost, ...] = ()
    look_now: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was created, and the same request will not be accepted later.

    blames_account: the account is at fault (its key, its money), not the request.
    """

    code: str | None
    message: str
    request_id: str | None = None
    blames_account: bool = False


class DeferralScope(StrEnum):
    """The part of the traffic that must wait when a provider answers "not now"."""

    TASK = "task"
    MODEL = "model"
    """All tasks of the same operation on the account."""
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Deferred:
    """Nothing was created; the same request may be accepted later.

    retry_after_s:  what the provider asked for, in seconds.
    spends_attempt: True where no time mends it by itself (a gateway has no channel for the model);
                    a rate, a concurrency or a busy provider passes.
    once:           one more try makes sense, a third does not.
    scope:          what waits with it.
    """

    code: str | None
    message: str
    retry_after_s: float | None = None
    spends_attempt: bool = False
    once: bool = False
    request_id: str | None = None
    scope: DeferralScope = DeferralScope.TASK


@dataclass(frozen=True, slots=True)
class NotSent:
    """It broke before the first byte left us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been created.

    exists: the provider said that our external id is taken: it was created by an earlier try.
    """

    reason: str
    code: str | None = None
    exists: bool = False


SubmitOutcome = Accepted | Refused | Deferred | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class Observed:
    """The provider told us how the task stands."""

    observation: Observation


class Absence(StrEnum):
    """Why a provider shows no such task."""

    NOT_YET = "not_yet"
    """It may not be visible so soon after its create."""
    DENIED = "denied"
    """It says that it never had one."""
    PURGED = "purged"
    """It had one and has dropped it: nothing more will be learnt."""
    OTHER_KEY = "other_key"
    """It may exist under a key that is not this account's."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider says that it has no such task.

    weak: the provider forgets tasks (at a restart, say): it ends as `expired`, never as `failed`.
    """

    message: str
    kind: Absence = Absence.DENIED
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The poll told us nothing about the task.

    slow_down: the provider asked us to ask less often.
    alone:     it was asked for together with others, and must be asked for by itself.
    """

    reason: str
    retry_after_s: float | None = None
    slow_down: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Follow:
    """The answer names another call that must be made before it is known how the task stands.

    page: handed back to the parser of that call's answer, as `Asking.page`.
    """

    call: HttpCall
    page: Mapping[str, Any]


PollOutcome = Observed | Absent | Unanswered | Follow
MAX_FOLLOWS = 3
"""How many calls in a row one look may take."""


@dataclass(frozen=True, slots=True)
class NotSeen:
    """A scan did not show the task. That proves nothing: it may be older than what is listed."""

    reason: str


@dataclass(frozen=True, slots=True)
class More:
    """The task may be on a further page. page: what the next call needs."""

    page: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Alike:
    """A scan found tasks that may be the one, as they are alike; the list shows no mark of ours.

    found:       each with the provider's id, in the order of the list.
    is_decisive: the only one that no other task of ours has is taken for the task; else a person
                 is told of it.
    """

    found: Sequence[Observation]
    is_decisive: bool


LookupOutcome = Observed | Alike | NotSeen | More | Unanswered


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The provider says that it has cancelled the task."""

    word: str


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The provider took the request; how the task ends, a callback or a poll will tell."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """The task cannot be cancelled any more, or never could. The task goes on."""

    message: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The provider has no such task (any more)."""

    message: str


@dataclass(frozen=True, slots=True)
class CancelUnknown:
    """Nobody knows whether the request arrived; asking again does no harm."""

    reason: str
    retry_after_s: float | None = None


CancelOutcome = Cancelled | CancelAsked | TooLate | Gone | CancelUnknown


def get_certainty(outcome: SubmitOutcome) -> Certainty | None:
    """Return the certainty of a failed submit; None when it was accepted."""
    match outcome:
        case Accepted():
            return None
        case Refused() | Deferred():
            return Certainty.REFUSED
        case NotSent():
            return Certainty.NOT_SENT
        case Unknown():
            return Certainty.UNKNOWN
