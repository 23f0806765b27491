"""Processes: what serves the ASGI app, and what works in the background, from the same parts."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from starlette.applications import Starlette

from tracker import (
    __version__,
    lean,  # noqa: F401  # before what it is about
)
from tracker.accounts import list_unknown_lengths
from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.domain.signals import Signal, ignore_signal
from tracker.large_blocks import give_large_blocks_back
from tracker.open_access import advise_key, make_first_key, refuse_open_access
from tracker.parts import Parts, open_parts
from tracker.services.access.revocation import Revocation
from tracker.services.context import Context
from tracker.services.custody.fetching import AssetFetcher
from tracker.services.deliver.sending import DeliverySender
from tracker.services.leases import Leases
from tracker.services.upkeep.learning import DurationLearner
from tracker.services.upkeep.sampling import NAME, SAMPLE_S, GaugeSampler
from tracker.settings import Settings
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.revision import SCHEMA_REVISION
from tracker.telemetry.log_stream import stop_waiting_for_stderr
from tracker.telemetry.logs import configure_logging
from tracker.telemetry.metrics import BUILD_INFO, WAITERS
from tracker.web.edge import connections
from tracker.web.edge.ending import call_on_stop_signal
from tracker.web.edge.rootpath import CALLBACK_PREFIX
from tracker.web.fronts.host import ServedFronts
from tracker.web.routes import AppState, build_app
from tracker.workers.deliveries import DeliveryLoop
from tracker.workers.fetches import FetchLoop
from tracker.workers.roles import build_roles, list_chores
from tracker.workers.supervisor import Chore, Supervisor

log = logging.getLogger(__name__)


@contextmanager
def observe(parts: Parts) -> Iterator[None]:
    """Serve `/metrics` and send spans until the block ends, as far as the settings say so."""
    with _begin_tracing(parts.settings), _serve_metrics(parts):
        yield


@contextmanager
def _begin_tracing(settings: Settings) -> Iterator[None]:
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield
        return
    try:
        from tracker.telemetry.otel import export_traces  # noqa: PLC0415 - an extra that others do without
    except ImportError:
        # Platforms set the variable for all that they run, so that it stops nobody.
        log.warning("no traces: OTEL_EXPORTER_OTLP_ENDPOINT needs callback-tracker[otel]")
        yield
        return
    share = settings.tracker_trace_callbacks
    with export_traces(endpoint, service=settings.otel_service_name, callback_share=share):
        yield


@contextmanager
def _serve_metrics(parts: Parts) -> Iterator[None]:
    address = parts.settings.tracker_metrics_addr
    if address is None:
        yield
        return
    from tracker.telemetry.exposition import serve_metrics  # noqa: PLC0415 - only who wants it loads it

    parts.context.store.show_metrics()
    WAITERS.ask = lambda: float(parts.services.watch.waiting)
    BUILD_INFO.replace({(__version__, SCHEMA_REVISION): 1.0})
    with serve_metrics(*address):
        yield


@asynccontextmanager
async def run_workers(parts: Parts) -> AsyncIterator[Supervisor]:
    """Work in the background until the block ends; then settle or hand back."""
    supervisor = make_supervisor(parts)
    working = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.stop()
        await working


@asynccontextmanager
async def recall_durations(context: Context) -> AsyncIterator[None]:
    """Know how long tasks take, in a process that answers callers and does no other work."""

    async def repeat() -> None:
        learning = DurationLearner(context)
        while True:
            try:
                await learning.recall()
            except Unavailable as error:
                log.warning("what is usual is not known anew: %(reason)s", {"reason": error})
            await context.clock.sleep(context.policy.learn_every.total_seconds())

    repeating = asyncio.create_task(repeat())
    try:
        yield
    finally:
        repeating.cancel()
        await asyncio.wait([repeating])


def make_supervisor(parts: Parts) -> Supervisor:
    """Make the loops of this process, woken by its own commits."""
    context = parts.context
    drain_s = context.policy.drain.total_seconds()
    fetches = None
    if context.storage is not None:
        lease_s = context.policy.lease.total_seconds()
        fetches = FetchLoop(AssetFetcher(context), context.clock, lease_s=lease_s, drain_s=drain_s)
    supervisor = Supervisor(
        build_roles(context),
        Leases(context),
        [*list_chores(context), *_list_metric_chores(parts)],
        context.clock,
        deliveries=DeliveryLoop(DeliverySender(context), context.clock, drain_s=drain_s),
        fetches=fetches,
        lease_s=context.policy.lease.total_seconds(),
        drain_s=drain_s,
    )
    context.store.call_on_commit(supervisor.wake)
    parts.services.presence.is_working = supervisor.is_running
    parts.services.presence.failing = supervisor.list_failing_chores
    return supervisor


def _list_metric_chores(parts: Parts) -> list[Chore]:
    if parts.settings.tracker_metrics_addr is None:
        return []
    sampling = GaugeSampler(parts.context, parts.services.presence)
    return [Chore(NAME, SAMPLE_S, sampling.sample)]


def make_app(settings: Settings, *, workers: bool, signal: Signal = ignore_signal) -> Starlette:
    """Make the ASGI app. workers: whether this process also does the background work."""
    refuse_open_access(settings)

    @asynccontextmanager
    async def run_lifespan(_app: Starlette) -> AsyncIterator[AppState]:
        is_read_only = settings.tracker_read_only
        async with AsyncExitStack() as stack:
            stack.enter_context(stop_waiting_for_stderr())
            parts = await stack.enter_async_context(open_parts(settings, signal))
            if not is_read_only:
                await stack.enter_async_context(parts.services.keyring.record_uses())
                await make_first_key(settings, parts.context)
            await advise_key(settings, parts.context.store)
            for text in list_unknown_lengths(settings.list_accounts(), settings.get_providers()):
                log.warning("of prices: %(reason)s", {"reason": text})
            await stack.enter_async_context(_make_revocation(parts).watch_keys())
            stack.enter_context(observe(parts))
            stack.enter_context(call_on_stop_signal(parts.services.watch.close))
            if workers and not is_read_only:
                await stack.enter_async_context(run_workers(parts))
            else:
                await stack.enter_async_context(recall_durations(parts.context))
            yield {"services": parts.services}

    return build_app(
        run_lifespan,
        SystemClock(),
        root_path=settings.tracker_root_path,
        fronts=ServedFronts(
            settings.get_providers(), settings.list_front_prefixes(), settings.list_front_hosts()
        ),
        has_ui=settings.tracker_ui == "on",
        is_read_only=settings.tracker_read_only,
    )


def _make_revocation(parts: Parts) -> Revocation:
    watch = parts.services.watch
    return Revocation(parts.context.store, parts.context.clock, lambda: watch.holders, watch.revoke)


def create_app() -> Starlette:
    """Build the app for `uvicorn --factory`: web only, set by the environment."""
    return _create(workers=False)


def create_app_with_workers() -> Starlette:
    """Create the app of `create_app` with the background work in each process."""
    return _create(workers=True)


def build_server_options(settings: Settings) -> dict[str, Any]:
    """Return how uvicorn is to serve the app, besides where."""
    # Without httptools, an optional package, all requests go the same way; so they do below a root
    # path that looks like a callback's own.
    is_plain = not f"{settings.tracker_root_path}/".startswith(CALLBACK_PREFIX)
    protocol = "tracker.web.wire.plain:BoundedH11"
    if find_spec("httptools") is not None:
        protocol = "tracker.web.wire.parsed:BoundedHttpTools"
        if is_plain:
            protocol = "tracker.web.receive.protocol:CallbackProtocol"
    return {
        "http": protocol,
        "ws": "none",  # an offer to upgrade is declined, whatever packages there are
        "h11_max_incomplete_event_size": settings.tracker_head_max_bytes,
        "backlog": _read_backlog(),
        "log_config": None,
        "access_log": False,  # RequestScope writes one
    }


def _read_backlog() -> int:
    """Return the length of the queue of connections, as event loops take it.

    asyncio's own loop accepts as many in one turn, uvloop one (libuv does so since 1.45,
    github.com/libuv/libuv pull request 3696, 2026-11-28). See `cli.listeners.Listener`.
    """
    is_uvloop = find_spec("uvloop") is not None  # then uvicorn takes it
    return connections.QUEUE if is_uvloop else connections.compute_accepts_per_turn()


def tune_interpreter(settings: Settings) -> None:
    """Suit the interpreter to a process that serves.

    The garbage collector looks at less, and less often: what has been made by now stays, and most
    of what a request makes goes without it. A thread that comes back from the database gets its
    turn sooner than after 5 ms: the writer does so several times for each batch, and every caller
    of the batch waits with it. Where threads may run on several cores, giving way costs more.
    """
    connections.raise_file_limit()
    give_large_blocks_back()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    sys.setswitchinterval(0.0001 if cores == 1 else 0.001)
    if cores == 1 and find_sqlite_file(settings.resolve_database_url()):
        _let_threads_finish()


def _let_threads_finish() -> None:
    """Let no thread interrupt another one by waking up; threads made from now on are alike.

    With SQLite on one core, the event loop and the writer would take turns at every statement. With
    a server the writer waits for that, and is better woken at once.
    (SCHED_BATCH: https://man7.org/linux/man-pages/man7/sched.7.html, read 2026-11-29.) Whoever runs
    us under another policy than the usual one, such as `chrt`, has chosen it.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):  # a container may forbid it
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _create(*, workers: bool) -> Starlette:
    settings = Settings.read_environment()
    tune_interpreter(settings)
    configure_logging(
        settings.tracker_log_level,
        settings.tracker_log_format,
        settings.log_redactor(),
        role="web+worker" if workers and not settings.tracker_read_only else "web",
    )
    return make_app(settings, workers=workers)
