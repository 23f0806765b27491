"""The capability of reading callbacks: how they prove their origin, and what they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from tracker.domain.observation import Observation
from tracker.domain.records import record
from tracker.domain.signature import Proof
from tracker.domain.task import Task
from tracker.providers.ports.account import Account
from tracker.providers.ports.keys import KeySet, KeySource


@record
class Inbound:
    """A callback as it arrived.

    path:    without the query, percent-decoded no further than the server does.
    query:   the raw query string.
    headers: lower-case names.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Covers(StrEnum):
    """Which part of a callback a proof holds to be genuine."""

    BODY = "body"
    """The body is proved to be the provider's."""
    SENDER = "sender"
    """The provider sent something. What the body says is a hint, and the provider is asked."""


class Scheme(Protocol):
    """A way to prove where a callback comes from."""

    @property
    def covers(self) -> Covers:
        """Return the part of a callback that its proof covers."""
        ...

    @property
    def headers(self) -> frozenset[str]:
        """The headers that it needs, lower-case: they are kept with the receipt."""
        ...

    @property
    def key_source(self) -> KeySource | None:
        """Return where the keys are published that it needs; None where it needs none."""
        ...

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback. Compares in constant time and says nothing of the secret.

        keys: those of the source; None where they are not known. See `Proof.awaits_keys`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hint:
    """A callback that says only that there is news: the provider is to be asked at once.

    The ids name the task where the URL does not.
    """

    reason: str
    provider_task_id: str | None = None
    external_task_id: str | None = None


class CallsBack(Protocol):
    """Reads what the provider POSTs to us."""

    @property
    def per(self) -> Literal["task", "project"]:
        """`task`: to a URL of each task. `project`: to one URL, the task is found by its ids."""
        ...

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account's upstream calls back at all: else polls are all there is.

        operation: tells of this one, where some have no callbacks of their own.
        """
        ...

    @property
    def has_handshake(self) -> bool:
        """Tell whether `challenge` or `acknowledge` may return something; else none is asked."""
        ...

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return how the account's callbacks prove their origin; None where they cannot."""
        ...

    def answer_challenge(self, inbound: Inbound) -> bytes | None:
        """Return the body that answers a test of our URL; None for every other callback.

        Such a test may come while our create is still open, before the task is known.
        """
        ...

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Say what a callback tells; nothing for one that tells of no task.

        Raises CallbackRejected when it cannot be read.
        """
        ...

    def acknowledge(self, inbound: Inbound) -> tuple[int, bytes] | None:
        """Return the status and body that the sender insists on; None for ours."""
        ...

    def find_missing_result(self, task: Task, said: Observation) -> str | None:
        """Name what of `task.wants` a success leaves out; None if nothing."""
        ...
