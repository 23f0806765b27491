"""The record that a provider's module makes of itself, and the way to check keys."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tracker.emulator.core.calls import ApiCall, ApiRoute, ApiService, Reply, RouteTable
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import EmulatedTask

if TYPE_CHECKING:
    from tracker.emulator.core.engine import Engine

__all__ = [
    "EmulatedProvider",
    "MainJob",
    "ProtocolJob",
    "RoutedService",
    "find_account_by_header",
    "find_account_by_key",
]

DetailsT = TypeVar("DetailsT")


def _list_facts(task: EmulatedTask[Any]) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "task_status": task.status,
        "task_status_msg": task.message,
        "progress": task.progress,
        "stage": task.stage,
        "artifacts": list(task.ready_artifacts),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


@dataclass(frozen=True, kw_only=True)
class ProtocolJob:
    """A job that is submitted in the provider's own protocol.

    path:  of the create, by POST. The task is shown at this path and its id behind it.
    input: the request's body; see MainJob.
    id_at: the keys that lead to the task's id in the answer.
    """

    path: str
    input: Mapping[str, Any]
    id_at: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class MainJob:
    """A task of the kind that the provider is used for most, which succeeds here.

    address:   of the API below the emulator's own.
    operation: as its adapter names it.
    input:     its request body; a text that begins with `/media/` is a file of the emulator.
    options:   of the account, besides address and key.
    protocol_job: the job of a demonstration that names no provider; one provider alone has it.
    """

    address: str
    operation: str
    input: Mapping[str, Any]
    options: Mapping[str, str] = field(default_factory=dict)
    protocol_job: ProtocolJob | None = None


@dataclass(frozen=True, kw_only=True)
class EmulatedProvider(Generic[DetailsT]):
    """One provider: its tasks, and the services that show them."""

    name: str
    engine: "Engine[DetailsT]"
    services: Sequence[ApiService]
    """Its own protocol, and those of gateways in front of it."""
    describe: Callable[[EmulatedTask[DetailsT]], Mapping[str, Any]] = _list_facts
    """A task for the control routes."""
    main_job: MainJob | None = None
    """The job that a demonstration submits."""
    test_callback: Callable[[], CallbackContent] | None = None
    """The callback of the provider console's test button, where it has one."""


class RoutedService:
    """A service made of a table of routes."""

    def __init__(
        self,
        prefixes: Sequence[str],
        routes: Callable[[], Sequence[ApiRoute]],
        refuse: Callable[[Refusal, ApiCall], Reply],
    ) -> None:
        """Serve the routes under each prefix; `refuse` words a refusal, without Retry-After.

        routes: is asked at the first call: most emulators serve few of their providers.
        """
        self.prefixes = prefixes
        self._routes = routes
        self._refuse = refuse

    @cached_property
    def _table(self) -> RouteTable:
        return RouteTable(self._routes())

    async def answer(self, call: ApiCall) -> Reply:
        """Answer by the table; raises Refusal or BrokenAnswerSignal."""
        return await self._table.answer(call)

    def refuse(self, refusal: Refusal, call: ApiCall) -> Reply:
        """Word a refusal."""
        return self._refuse(refusal, call)


def find_account_by_key(key: str | None, config: EmulatorConfig) -> str:
    """Return the account behind a key; raises Refusal (unauthorized)."""
    if key and any(hmac.compare_digest(key.encode(), known.encode()) for known in config.api_keys):
        return config.accounts.get(key, key)
    raise Refusal(RefusalKind.UNAUTHORIZED, "the key is missing or unknown")


def find_account_by_header(
    call: ApiCall,
    config: EmulatorConfig,
    *,
    header: str = "authorization",
    schemes: Sequence[str] = ("Bearer ",),
) -> str:
    """Return the account behind a key in a header; raises Refusal (unauthorized).

    schemes: what may stand before the key; an empty one allows the bare key.
    """
    value = call.headers.get(header, "")
    for scheme in schemes:
        if value.startswith(scheme):
            return find_account_by_key(value.removeprefix(scheme), config)
    raise Refusal(RefusalKind.UNAUTHORIZED, f"{header} is missing or malformed")
