"""The client for ordinary code. What it does is in `flows`; here are its sockets and its pauses."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from tracker.bounded_http import EnvironmentTransport, limit_requests
from tracker.client import audit, flows, operating
from tracker.client.audit import AuditRecord
from tracker.client.calls import TRIES, Call, Outcome
from tracker.client.costs import CostSum
from tracker.client.downloads import CUT, Download, Progress
from tracker.client.flows import Flow, Item, ItemFlow, Pause, Send
from tracker.client.holds import HoldMethods
from tracker.client.http import WHOLE, build_headers, read_outcome, report_no_answer, request_of
from tracker.client.models import Asset, BulkOutcome, Change, Resubmitted, Task, Transition
from tracker.client.operating import KeyRecord, ProviderAccount
from tracker.client.receipts import ReceiptMethods
from tracker.client.run_methods import RunMethods

T = TypeVar("T")


class Client(RunMethods, HoldMethods, ReceiptMethods):
    """A connection to one service. `with` it, or `close` it. Threads may share it.

    Every method raises `ClientError`s (docs in `errors`) and sends again what may be sent again:
    reads, submits (which carry an Idempotency-Key), and whatever was surely not done; with pauses
    that double, or as long as the service asks for.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        tries: int = TRIES,
        http: httpx.Client | None = None,
    ) -> None:
        """url: of the service, with its path if it stands below one.

        timeout_s: of silence in each request; what the service is asked to wait comes on top. The
                   whole may take ten times as long, but for downloads.
        tries:     how often a request is sent at most.
        http:      for proxies, certificates or a transport of your own; it is not closed here.
        """
        self._url = url.rstrip("/")
        self._headers = build_headers(api_key)
        self._timeout_s = timeout_s
        self._tries = tries
        self._http = http or httpx.Client(transport=EnvironmentTransport())
        self._owns_http = http is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        if self._owns_http:
            self._http.close()

    def submit(  # noqa: PLR0913 - one parameter per field
        self,
        operation: str,
        input: Mapping[str, Any],  # noqa: A002 - the field's name
        *,
        provider: str | None = None,
        account: str | None = None,
        external_task_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        webhook_url: str | None = None,
        deadline_s: float | None = None,
        idempotency_key: str | None = None,
    ) -> Task:
        """Hand a task in. It is durable when this returns.

        input:            the provider's own request body.
        provider:         needed where several have accounts at the service.
        external_task_id: your own id; must be new at the provider account.
        webhook_url:      where each change of the task is to be told.
        deadline_s:       seconds after which an open task is flagged overdue.
        idempotency_key:  one is made when there is none, so that a repeat after a broken
                          connection is the same task. Give your own where your process may die
                          between the request and its answer.
        """
        return self._run(
            flows.submit(
                operation,
                input,
                provider=provider,
                account=account,
                external_task_id=external_task_id,
                metadata=metadata,
                webhook_url=webhook_url,
                deadline_s=deadline_s,
                idempotency_key=idempotency_key,
                tries=self._tries,
            )
        )

    def get(self, task_id: str) -> Task:
        """Return a task as it is now."""
        return self._run(flows.get(task_id, tries=self._tries))

    def wait(self, task_id: str, *, timeout_s: float | None = None) -> Task:
        """Wait for a task's end, however it ended. Costs one request in 30 seconds.

        timeout_s: None to wait for ever. Raises TimedOut.
        """
        return self._run(flows.wait(task_id, timeout_s=timeout_s, tries=self._tries))

    def watch(self, task_id: str, *, timeout_s: float | None = None) -> Iterator[Task]:
        """Yield a task now, and each time it has changed until it is over. Raises TimedOut."""
        return self._iterate(flows.watch(task_id, timeout_s=timeout_s, tries=self._tries))

    def tasks(self, *, page_size: int = 100, **filters: Any) -> Iterator[Task]:
        """Yield every task that matches, newest first; pages are fetched as they are needed.

        filters: see `flows.build_task_filters`: provider, account, operation, state (one or
                 several), external_task_id, provider_task_id, created_after, created_before,
                 updated_after, updated_before, overdue, metadata, order.
        """
        params = flows.build_task_filters(**filters)
        return self._iterate(flows.iterate_tasks(params, page_size=page_size, tries=self._tries))

    def input_of(self, task_id: str) -> dict[str, Any]:
        """Return the request body of a task, as it is kept. Raises NotFound."""
        return self._run(flows.get_input(task_id, tries=self._tries))

    def stats(self, *, hours: int = 24, by_hour: bool = False) -> dict[str, Any]:
        """Return counts, latencies and costs, as `GET /v1/stats` shows them.

        hours: how far back. by_hour: hour by hour besides.
        """
        return self._run(flows.get_stats(hours=hours, by_hour=by_hour, tries=self._tries))

    def transitions(self, task_id: str) -> list[Transition]:
        """Return a task's history, oldest first."""
        return self._run(flows.list_transitions(task_id, tries=self._tries))

    def changes(
        self, after: str | None = None, *, follow: bool = True, **filters: Any
    ) -> Iterator[Change]:
        """Yield changes of all tasks behind a cursor, each once and in order.

        after:   a `Change.cursor` that you kept; `now` for what is still to come; None for the
                 beginning.
        follow:  go on for ever, also when the service was away for a while; else end at the
                 feed's present end.
        filters: as for `tasks`, without `order`. Raises CursorGone.
        """
        params = flows.build_task_filters(**filters)
        return self._iterate(flows.follow_changes(after, params, follow=follow, tries=self._tries))

    def audit(
        self, *, action: str | None = None, target: str | None = None, page_size: int = 100
    ) -> Iterator[AuditRecord]:
        """List who did what, newest first. Needs a key with the scope admin.

        action: such as `tasks.cancel`. target: the id of what it was done to.
        """
        found = audit.list_all(action=action, target=target, page_size=page_size, tries=self._tries)
        return self._iterate(found)

    def accounts(self) -> list[ProviderAccount]:
        """List the provider accounts and how they fare; empty for another tenant than `default`."""
        return self._run(operating.list_accounts(tries=self._tries))

    def operations(
        self, *, provider: str | None = None, operation: str | None = None
    ) -> list[Mapping[str, Any]]:
        """List what can be submitted: mappings of provider, operation, schema and example."""
        flow = operating.list_operations(provider=provider, operation=operation, tries=self._tries)
        return self._run(flow)

    def system(self) -> Mapping[str, Any]:
        """Return versions, processes and what is behind, as `GET /v1/system` shows it."""
        return self._run(operating.get_system(tries=self._tries))

    def api_keys(self, *, page_size: int = 100) -> Iterator[KeyRecord]:
        """Yield your tenant's API keys, oldest first, revoked ones too. Needs the scope admin."""
        return self._iterate(operating.iterate_keys(page_size=page_size, tries=self._tries))

    def create_key(
        self,
        *,
        name: str = "",
        scopes: Sequence[str] = ("tasks:read", "tasks:write"),
        per_minute: int | None = None,
        kind: str = "key",
    ) -> KeyRecord:
        """Create a key of your tenant; what lets somebody in is in this answer alone.

        kind: `key`, or `pair` for clients that sign JWTs.
        """
        flow = operating.create_key(
            name=name, scopes=scopes, per_minute=per_minute, kind=kind, tries=self._tries
        )
        return self._run(flow)

    def revoke_key(self, key_id: str) -> None:
        """End a key of your tenant. Raises NotFound."""
        self._run(operating.revoke_key(key_id, tries=self._tries))

    def costs(
        self, *, since: date | None = None, until: date | None = None, by: Sequence[str] = ()
    ) -> list[CostSum]:
        """Return what tasks cost that were created on these days, by group and currency.

        since, until: UTC days, both inclusive; from the first of that month to today.
        by:           some of day, provider, account, operation, key; day and provider for none.
        """
        flow = flows.get_costs(since=since, until=until, by=by, tries=self._tries)
        return self._run(flow)

    def refresh(self, task_id: str) -> Task:
        """Have the provider asked about a task now; its news comes as a change."""
        return self._run(flows.act(task_id, "refresh", tries=self._tries))

    def cancel(self, task_id: str) -> Task:
        """Cancel a task, or ask its provider to. Raises Conflict where neither can be done."""
        return self._run(flows.act(task_id, "cancel", tries=self._tries))

    def resubmit(self, task_id: str, *, idempotency_key: str | None = None) -> Task:
        """Submit the input of a task that failed, was cancelled or expired again, as a new task."""
        return self._run(
            flows.resubmit(task_id, idempotency_key=idempotency_key, tries=self._tries)
        )

    def resubmit_many(self, *, dry_run: bool = True, **filters: Any) -> Resubmitted:
        """Submit the input of all ended tasks again that match; each once. One call is bounded.

        dry_run: only say how many match, which is the default.
        filters: see `flows.build_many_tasks`: state (one or several of failed, cancelled, expired;
                 all where none is given), provider, operation, account, error_code, created_after,
                 created_before, metadata, include_resubmitted, and `cursor`, the `next_cursor` of
                 the call before.
        """
        body = flows.build_many_tasks(**filters) | {"dry_run": dry_run}
        return self._run(flows.resubmit_many(body, tries=self._tries))

    def act_on_many(self, action: str, *, dry_run: bool = True, **filters: Any) -> BulkOutcome:
        """Refresh, cancel or resubmit all tasks that match, or that are named; 1,000 at most.

        action:  `refresh`, `cancel` or `resubmit`.
        dry_run: only say what would be done, which is the default; its `token`, given to
                 `start_run`, has workers do it to the same tasks.
        filters: see `flows.build_many_tasks`: ids, state (one or several; what the action is for
                 where none is given), provider, operation, account, error_code, created_after,
                 created_before, metadata, cursor.
        """
        body = flows.build_many_tasks(**filters) | {"action": action, "dry_run": dry_run}
        return self._run(flows.act_on_many(body, tries=self._tries))

    def resolve(self, task_id: str, verb: str, *, provider_task_id: str | None = None) -> Task:
        """Settle an `uncertain` task whose submit nothing else can find out about.

        verb: `exists`, with the provider's id; `never_made`, which sends it again; `give_up`.
        Raises Conflict when it is not uncertain any more.
        """
        flow = flows.resolve(task_id, verb, provider_task_id, tries=self._tries)
        return self._run(flow)

    def download(
        self,
        task_id: str,
        path: str | Path,
        *,
        artifact: int = 0,
        progress: Progress | None = None,
        timeout_s: float | None = None,
    ) -> Path:
        """Put a file of a task's result on the disk, once the service has it; returns its path.

        A download that was cut goes on, in this call and in a later one: what is here stands
        beside `path`, in a file that ends in `.part`. The bytes are checked before they get the
        name.

        artifact:  which piece of the result, from 0.
        progress:  called with the bytes that are here and all there are.
        timeout_s: how long the task and its file are waited for; None: for ever.
        Raises NotKept where the service will not have it, TimedOut, OSError where the disk does
        not take it (BlockingIOError: another download of `path` is under way).
        """
        asset = self._run(
            flows.wait_until_kept(task_id, artifact, timeout_s=timeout_s, tries=self._tries)
        )
        return self._download(asset, Path(path), progress)

    def download_asset(self, asset: Mapping[str, Any], path: str | Path) -> Path:
        """Put a kept file on the disk, as `GET /v1/assets/{id}` shows it; see `download`."""
        return self._download(Asset.parse(asset), Path(path), None)

    def _download(self, asset: Asset, path: Path, progress: Progress | None) -> Path:
        with closing(Download(asset, path, progress)) as download:
            failures = 0
            while not download.is_whole:
                had = download.done
                outcome = self._receive(download)
                if outcome is None:
                    continue
                failures = 1 if download.done > had else failures + 1
                self._do(
                    flows.pause_or_raise(download.call, outcome, tried=failures, tries=self._tries)
                )
            return download.finish()

    def _receive(self, download: Download) -> Outcome | None:
        """Read one answer into a file; returns why it ended before the end, or None."""
        url, headers = self._url + download.call.path, {**self._headers, **download.build_headers()}
        try:
            with self._http.stream(
                "GET", url, headers=headers, timeout=self._timeout_s, follow_redirects=True
            ) as response:
                if not response.is_success:
                    response.read()
                    return read_outcome(response)
                download.begin(response.status_code)
                for chunk in response.iter_bytes():
                    download.write(chunk)
        except httpx.HTTPError as error:
            return report_no_answer(error)
        return None if download.is_whole else CUT

    def _run(self, flow: Flow[T]) -> T:
        outcome: Outcome | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            outcome = self._do(step)

    def _iterate(self, flow: ItemFlow[T]) -> Iterator[T]:
        outcome: Outcome | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration:
                return
            if isinstance(step, Item):
                outcome = None
                yield step.value
            else:
                outcome = self._do(step)

    def _do(self, step: Send | Pause) -> Outcome | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        return self._send(step.call)

    def _send(self, call: Call) -> Outcome:
        options = request_of(call, self._url, self._headers, self._timeout_s)
        try:
            with limit_requests(WHOLE * options["timeout"]):
                return read_outcome(self._http.request(**options))
        except httpx.HTTPError as error:
            return report_no_answer(error)
