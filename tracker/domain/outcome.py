"""How a submit or a poll ended, in our words. Adapters decide it from the exchange."""

from dataclasses import dataclass

from tracker.domain.exchange import Certainty
from tracker.domain.observation import Observation


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider created the task."""

    provider_task_id: str
    word: str | None = None
    message: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was created, and the same request will not be accepted later."""

    code: str | None
    message: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Nothing was created; the same request may be accepted later.

    retry_after_s:  what the provider asked for, in seconds.
    spends_attempt: False when waiting is normal (the account's concurrency is used up).
    once:           one more try makes sense, a third does not.
    """

    code: str | None
    message: str
    retry_after_s: float | None = None
    spends_attempt: bool = True
    once: bool = False
    request_id: str | None = None


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


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider says that it has no such task."""

    message: str


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


PollOutcome = Observed | Absent | Unanswered


def certainty_of(outcome: SubmitOutcome) -> Certainty | None:
    """What a submit's outcome proves; None when it was accepted."""
    match outcome:
        case Accepted():
            return None
        case Refused() | Deferred():
            return Certainty.REFUSED
        case NotSent():
            return Certainty.NOT_SENT
        case Unknown():
            return Certainty.UNKNOWN
