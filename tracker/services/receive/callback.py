"""A callback: as it came, as it was read, and the task that it was found to be about."""

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from tracker.domain.lifecycle import Step, Verdict
from tracker.domain.observation import Observation
from tracker.domain.records import record
from tracker.domain.signature import Proof
from tracker.domain.task import Task
from tracker.providers.ports.callbacks import Hint, Inbound


@record
class RawCallback:
    """A callback as it arrived.

    subject: the task's public id as the URL has it, or `shared`.
    inbound: its request, with the body without its encoding and in UTF-8 where it had another
             charset; path and query as far as they are known, for senders that sign them.
    signed:  what a signature may be of where that is not the body: the bytes as they came, and
             those that its encoding held.
    flaw:    why the body could not be taken out of its encoding.
    sender:  the address that it came from; empty where that is not known.
    size_bytes: of the body as it came, where that was cut; else 0.
    """

    provider: str
    subject: str
    token: str
    inbound: Inbound
    signed: tuple[bytes, ...] = ()
    flaw: str | None = None
    sender: str = ""
    size_bytes: int = 0


@record
class ParsedCallback:
    """A callback that has been read.

    task_id:     from the URL; None for the shared one.
    observation: None when it could not be read or is not genuine.
    verdict:     ADVANCED as long as nothing speaks against it.
    digest:      what makes it recognisable when it comes again, see `receipts.digest`.
    headers:     those that are kept.
    proofs:      what its signature proves, by account, for the accounts whose callbacks are signed.
    hint:         says that there is news, and nothing of what it is.
    more:         what it says besides, in its order; of the same task or of others.
    is_vouched:   a person answers for where it comes from: no proof of it is asked for.
    """

    raw: RawCallback
    digest: bytes
    headers: Mapping[str, str]
    task_id: UUID | None
    observation: Observation | None
    verdict: Verdict
    reason: str | None
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    hint: Hint | None = None
    more: "tuple[ParsedCallback, ...]" = ()
    is_vouched: bool = False

    @property
    def names(self) -> "Observation | Hint | None":
        """Return the part that names the task, for URLs without a token; None if unread."""
        return self.observation or self.hint

    @property
    def awaits_keys(self) -> bool:
        """Tell whether nothing proves it yet, and newer keys of its sender may."""
        if not self.proofs:  # most accounts' callbacks are not signed
            return False
        awaiting = any(proof.awaits_keys for proof in self.proofs.values())
        return awaiting and not self.list_signers()

    def list_signers(self) -> list[str]:
        """Return the accounts whose secret made its signature."""
        return [account for account, proof in self.proofs.items() if proof.flaw is None]


@record
class Match:
    """The task that a callback belongs to, and the verdict so far.

    task:    None when no task is to hear of it.
    adopted: the first step of a task that this callback made known to us.
    gone:    the task that it is about was dropped; its id.
    """

    task: Task | None
    verdict: Verdict
    reason: str | None = None
    adopted: Step | None = None
    gone: UUID | None = None
