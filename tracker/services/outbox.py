"""Write down what is owed to subscribers, in the transaction that makes it so.

Which endpoints there are is remembered per process. What is remembered is used only while the
tenant's stamp, read in the same transaction, is the one it was read under.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from tracker.domain import bodies, notices
from tracker.domain.custody import Asset, index_by_piece, may_have_assets
from tracker.domain.delivery import Endpoint, Payload, get_endpoint_lane
from tracker.domain.event_types import EventType
from tracker.domain.inline_files import insert_content_urls
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.providers.ports.provider import Provider
from tracker.store import assets, deliveries, endpoints, task_inputs
from tracker.store.deliveries import NewDelivery
from tracker.store.driver.transaction import Tx

CALLBACK, WEBHOOK = "callback_url", "webhook_url"
"""The names in place of an endpoint's id, for URLs that came with the task."""


_NOT_TO_CALLERS = (
    frozenset({EventType.TASK_OVERDUE, EventType.TASK_CORRECTED}) | notices.ASSET_TYPES
)
"""Changes that no provider's callback tells of."""
Subscribers = Callable[[], Mapping[str, tuple[Endpoint, ...]]]
"""The endpoints of some tenants, when they are called for."""


class Outbox:
    """One per process; used by its writer's thread alone."""

    def __init__(self, providers: Mapping[str, Provider], public_url: str = "") -> None:
        """providers: their fronts render what callers' callback URLs are sent.

        public_url: begins links in these; empty where there is none.
        """
        self._providers = providers
        self._public_url = public_url
        self._known: dict[str, tuple[str, tuple[Endpoint, ...]]] = {}

    def enqueue_changes(
        self,
        tx: Tx,
        changes: Sequence[tuple[Task, Transition]],
        subscribers: Subscribers,
        about: Mapping[tuple[int, int], UUID],
    ) -> None:
        """Owe these changes of tasks to whoever wants to hear of them.

        about:       ids of the assets that changes are about, by task key and version.
        subscribers: what `subscribers` returned for their tenants in this transaction.
        """
        if not changes:
            return
        theirs = subscribers()
        heard = [
            (task, step)
            for task, step in changes
            if task.webhook_url is not None or task.callback_url is not None or theirs[task.tenant]
        ]
        if not heard:
            return
        told = [
            (type_, task, step)
            for task, step in heard
            if (type_ := notices.choose_event_type(step)) is not None
        ]
        grown = [
            (task, step)
            for task, step in heard
            if task.callback_url is not None and notices.is_progress(step)
        ]
        batch = _DeliveryBatch(tx, self._public_url, [task for _, task, _ in told], about)
        for task, step in grown:
            self._enqueue_to_caller(batch, EventType.TASK_UPDATED, task, step)
        for type_, task, step in told:
            self._enqueue_to_urls(batch, type_, task, step)
            for endpoint in theirs[task.tenant]:
                if endpoint.filter.is_match(type_, provider=task.provider, task=task):
                    _enqueue_to_endpoint(batch, endpoint, type_, task, step)
        batch.write()

    def enqueue_event(  # noqa: PLR0913 - what an event is
        self,
        tx: Tx,
        tenant: str,
        type_: EventType,
        *,
        body: bytes,
        provider: str | None = None,
        about: Sequence[str],
        besides: int | None = None,
    ) -> None:
        """Owe something that is not about a task.

        about:   what makes it another event than the one before, for the ids.
        besides: the key of an endpoint that is not told.
        """
        wanting = [
            endpoint
            for endpoint in self.list_subscribers(tx, {tenant})()[tenant]
            if endpoint.key != besides
            and endpoint.filter.is_match(type_, provider=provider, task=None)
        ]
        self.enqueue_to(tx, wanting, type_, body=body, about=about)

    def enqueue_to(
        self,
        tx: Tx,
        wanting: Iterable[Endpoint],
        type_: EventType,
        *,
        body: bytes,
        about: Sequence[str],
    ) -> list[UUID]:
        """Owe the same to these endpoints; returns the ids of the deliveries."""
        batch = _DeliveryBatch(tx)
        ids = []
        for endpoint in wanting:
            parts = (type_.value, *about, str(endpoint.id))
            id_ = notices.derive_id(tx.now, "delivery", *parts)
            batch.add(
                NewDelivery(
                    id=id_,
                    tenant=endpoint.tenant,
                    event=type_.value,
                    body_id=batch.keep(endpoint.tenant, (type_.value, *about), lambda: body),
                    lane=get_endpoint_lane(endpoint.key),
                    created_at=tx.now,
                    endpoint_key=endpoint.key,
                )
            )
            ids.append(id_)
        batch.write()
        return ids

    def list_subscribers(self, tx: Tx, tenants: Collection[str]) -> Subscribers:
        """Return the endpoints of these tenants as they are in this transaction.

        Asked now; call what is returned once they are needed.
        """
        stamps = endpoints.list_stamps(tx.db, tenants)

        def find_subscribers() -> dict[str, tuple[Endpoint, ...]]:
            marked = stamps()
            return {
                tenant: self._recall_endpoints(tx, tenant, marked.get(tenant)) for tenant in tenants
            }

        return find_subscribers

    def _recall_endpoints(self, tx: Tx, tenant: str, stamp: str | None) -> tuple[Endpoint, ...]:
        if stamp is None:
            return ()
        known = self._known.get(tenant)
        if known is None or known[0] != stamp:
            known = self._known[tenant] = (stamp, endpoints.list_receiving(tx.db, tenant))
        return known[1]

    def _enqueue_to_urls(
        self, batch: "_DeliveryBatch", type_: EventType, task: Task, step: Transition
    ) -> None:
        if task.webhook_url is not None:
            body = batch.keep_change(type_, task, step, Payload.FULL)
            batch.add(
                _make_for_url((task.webhook_url, WEBHOOK), type_, task, at=step.at, body_id=body)
            )
        self._enqueue_to_caller(batch, type_, task, step)

    def _enqueue_to_caller(
        self, batch: "_DeliveryBatch", type_: EventType, task: Task, step: Transition
    ) -> None:
        """Owe a step to the callback URL that came with the task, in its provider's shape."""
        front = self._providers[task.provider].front
        if task.callback_url is None or front is None or type_ in _NOT_TO_CALLERS:
            return
        input_ = batch.get_input(task) if front.shows_input else {}
        shown = insert_content_urls(task, self._public_url)
        told = front.tell(shown, step, input_, base=self._public_url + front.prefixes[0])
        if told is not None:
            about = (CALLBACK, str(task.id), str(task.version))
            body = batch.keep(task.tenant, about, lambda: told)
            batch.add(
                _make_for_url((task.callback_url, CALLBACK), type_, task, at=step.at, body_id=body)
            )


class _DeliveryBatch:
    """Collects the rows of one transaction, so that each table is written once."""

    def __init__(
        self,
        tx: Tx,
        base: str = "",
        changed: Sequence[Task] = (),
        about: Mapping[tuple[int, int], UUID] = MappingProxyType({}),
    ) -> None:
        self._tx = tx
        self._base, self._changed, self._about = base, changed, about
        self._assets: Mapping[int, Sequence[Asset]] | None = None
        self._bodies: dict[UUID, tuple[UUID, str, bytes]] = {}
        self._owed: list[NewDelivery] = []
        self._ordered: set[int] = set()

    def keep(self, tenant: str, about: Sequence[str], render: Callable[[], bytes]) -> UUID:
        """Keep a body once, however many are to get it; returns its id."""
        id_ = notices.derive_id(self._tx.now, "body", tenant, *about)
        if id_ not in self._bodies:
            self._bodies[id_] = (id_, tenant, render())
        return id_

    def get_input(self, task: Task) -> Mapping[str, Any]:
        """Return what a task was made from; empty where that is not kept."""
        body = task_inputs.get_by_keys(self._tx.db, [task.key]).get(task.key)
        return {} if body is None else json.loads(body)

    def keep_change(self, type_: EventType, task: Task, step: Transition, payload: Payload) -> UUID:
        """Keep the body that tells of a task's change."""
        return self.keep(
            task.tenant,
            (str(task.id), str(task.version), payload.value),
            lambda: bodies.build_task_body(type_, task, step, payload, self._list_files(task)),
        )

    def _list_files(self, task: Task) -> bodies.Files:
        """Return what is kept of a task's result."""
        if not may_have_assets(task):
            return bodies.NO_FILES
        if self._assets is None:  # those of all in one statement
            keys = {task.key for task in self._changed if may_have_assets(task)}
            self._assets = assets.list_of_tasks(self._tx.db, keys)
        found = self._assets.get(task.key, ())
        id_ = self._about.get((task.key, task.version))
        about = next((asset for asset in found if asset.id == id_), None)
        return bodies.Files(index_by_piece(found), self._base, about)

    def add(self, owed: NewDelivery, *, is_ordered: bool = False) -> None:
        """Owe one. is_ordered: not before an earlier change of its task has ended there."""
        if is_ordered:
            self._ordered.add(len(self._owed))
        self._owed.append(owed)

    def write(self) -> None:
        """Write it all."""
        if not self._owed:
            return
        self._let_wait()
        deliveries.insert_bodies(self._tx.db, list(self._bodies.values()))
        deliveries.insert_many(self._tx.db, self._owed)
        self._tx.woken.add(JobKind.DELIVER)

    def _let_wait(self) -> None:
        pairs = {index: _make_pair(self._owed[index]) for index in sorted(self._ordered)}
        busy = deliveries.lock_unended(self._tx.db, set(pairs.values()))
        for index, pair in pairs.items():
            if pair in busy:
                self._owed[index] = replace(self._owed[index], waits=True)
            busy.add(pair)


def _make_pair(owed: NewDelivery) -> tuple[int, int]:
    return owed.endpoint_key or 0, owed.task_key or 0


def _enqueue_to_endpoint(
    batch: _DeliveryBatch, endpoint: Endpoint, type_: EventType, task: Task, step: Transition
) -> None:
    owed = NewDelivery(
        id=notices.build_delivery_id(step.at, task, str(endpoint.id)),
        tenant=task.tenant,
        event=type_.value,
        body_id=batch.keep_change(type_, task, step, endpoint.payload),
        lane=get_endpoint_lane(endpoint.key),
        created_at=step.at,
        endpoint_key=endpoint.key,
        task_key=task.key,
        version=task.version,
    )
    batch.add(owed, is_ordered=endpoint.ordered)


def _make_for_url(
    owed_to: tuple[str, str], type_: EventType, task: Task, *, at: datetime, body_id: UUID
) -> NewDelivery:
    url, stands_for = owed_to
    return NewDelivery(
        id=notices.build_delivery_id(at, task, stands_for),
        tenant=task.tenant,
        event=type_.value,
        body_id=body_id,
        lane=build_url_lane(task.tenant, url),
        created_at=at,
        url=url,
        task_key=task.key,
        version=task.version,
    )


def build_url_lane(tenant: str, url: str) -> str:
    """Return the fairness lane of a URL that came with a task: its tenant, host and port."""
    parts = urlsplit(url)
    return f"{tenant} {parts.scheme}://{parts.netloc}"
