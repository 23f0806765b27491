"""Parts of a front that most have alike: paths below a prefix alone, answers as they come."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task
from tracker.providers.ports.front_call import Fault, FrontAnswer, FrontCall, FrontRefusal


class PlainFront(ABC):
    """A front that owns nothing at the root and calls nobody back. The Protocol: ports/front.py.

    A class gives the prefixes, `read`, `show` and `refuse`, and whatever differs.
    """

    roots: Sequence[str] = ()
    schemes: Sequence[str] = ()
    key_fields: Sequence[str] = ()
    heeds_should_retry = False
    spares_reads = True
    shows_input = True

    def is_own_path(self, path: str) -> bool:
        """Own nothing at the root."""
        del path
        return False

    def resolve_address(self, call: FrontCall) -> FrontCall:
        """Take the address that it was sent to."""
        return call

    def get_scope(self, call: FrontCall) -> Scope:
        """Reading is a GET."""
        return Scope.TASKS_READ if call.is_read else Scope.TASKS_WRITE

    @abstractmethod
    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer a refused call in the provider's error envelope."""

    def relay(self, status: int, parsed: Any, request_id: str) -> FrontAnswer:
        """Answer as the provider did, but for what it says of this service's own key."""
        if status == 401:
            reason = "the provider refused this service's own key (401)"
            return self.refuse(FrontRefusal(Fault.INTERNAL, reason), request_id)
        if parsed is None:
            reason = f"the provider's answer (HTTP {status}) is no JSON"
            return self.refuse(FrontRefusal(Fault.PROVIDER_UNKNOWN, reason), request_id)
        return FrontAnswer(parsed, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Tell nothing: the provider calls nobody back."""
        del task, step, input_, base
        return None
