"""Read callbacks of the usual kind: one JSON object, to a URL of the task, signed by nobody."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from tracker.domain.errors import CallbackRejected
from tracker.domain.observation import Observation
from tracker.domain.task import Task
from tracker.providers.kit.reading import read_json
from tracker.providers.ports.account import Account
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme


def parse_body(inbound: Inbound) -> Any:
    """Return the JSON that a callback's body is. Raises CallbackRejected for anything else."""
    try:
        return read_json(inbound.body)
    except ValueError as error:
        raise CallbackRejected(f"not JSON: {error}") from None


class ObjectCallbacks:
    """Reads one task object for each callback; a class overrides what its provider does besides.

    not_a_task: the reason that a body without a task object is rejected for.
    """

    per: ClassVar[Literal["task", "project"]] = "task"
    has_handshake: ClassVar[bool] = False
    not_a_task: ClassVar[str] = "this is not a task object"

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell that every upstream calls back."""
        del account, operation
        return True

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Nothing is signed: the token in the URL is all."""
        del account
        return None

    def answer_challenge(self, inbound: Inbound) -> bytes | None:
        """Return None: no URL is tested before it is used."""
        del inbound
        return None

    def acknowledge(self, inbound: Inbound) -> tuple[int, bytes] | None:
        """Return None: our own 200 will do."""
        del inbound
        return None

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Read the task object that the body is. Raises CallbackRejected when it is none."""
        said = self.read_object(parse_body(inbound))
        if said is None:
            raise CallbackRejected(self.not_a_task)
        return (said,)

    def read_object(self, parsed: Any) -> Observation | None:
        """Say what a task object tells; None when it is none."""
        raise NotImplementedError

    def find_missing_result(self, task: Task, said: Observation) -> str | None:
        """Callbacks hold all that a query would show."""
        del task, said
        return None
