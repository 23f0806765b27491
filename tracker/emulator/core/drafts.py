"""Records that a provider's module hands to the engine: validated creates, and its rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tracker.emulator.core.callbacks import CallbackBuilder
from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import TaskStep
from tracker.emulator.core.words import Words

__all__ = ["CreateRequest", "ProviderRules", "TaskDraft"]

DetailsT = TypeVar("DetailsT")


@dataclass(frozen=True, kw_only=True)
class TaskDraft(Generic[DetailsT]):
    """A task to be made: a create request that passed validation."""

    operation: str
    details: DetailsT
    """The facts that only the provider's own module knows."""
    callback_url: str | None = None
    external_id: str | None = None
    """The caller's id; it can be used once, and queries find the task by it."""
    creation_key: str | None = None
    """Under which the creation is counted; None: the external id."""
    artifacts: Sequence[str] = ()
    """Names of the results, such as `0.mp4`; see `media.MEDIA_TYPES`."""
    steps: Sequence[TaskStep] = DEFAULT_STEPS
    """Its life; the last step is the verdict."""
    is_synchronous: bool = False
    """True: it has ended when the create is answered."""
    slots: int = 1
    """How much of the account's concurrency it holds while it is open."""
    new_id: Callable[[], str] | None = None
    """Makes its id; None: a UUID."""


@dataclass(frozen=True, kw_only=True)
class CreateRequest(Generic[DetailsT]):
    """A create call, before validation."""

    call: ApiCall
    account: str
    body: Mapping[str, object]
    read: Callable[[Scenario], TaskDraft[DetailsT]]
    """Validates the body; raises Refusal."""
    count: int = 1
    """How many tasks one call makes."""
    retry_key: str = ""
    """Makes two calls tries of one thing; empty: the body."""


@dataclass(frozen=True, kw_only=True)
class ProviderRules(Generic[DetailsT]):
    """How one provider differs, as far as the engine needs to know."""

    name: str
    callbacks: CallbackBuilder[DetailsT]
    words: Words = field(default_factory=dict)
    """Its own scenario words, besides the core's."""
    faults: FaultTables = field(default_factory=FaultTables)
    purge_seconds: float | None = None
    """How long after its end a task is kept; None: for ever."""
    calls_back_at_once: bool = False
    """True: the first status is called back too."""
