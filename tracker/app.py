"""The composition root: Settings → store, egress, services, ASGI app, workers."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

from starlette.applications import Starlette

from tracker import (
    __version__,
    lean,  # noqa: F401  # before what it is about
)
from tracker.clock import ServerClock, SystemClock, jitter
from tracker.domain.custody import Custody
from tracker.domain.errors import StorageError, Unavailable
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.preview import MAX_BYTES
from tracker.domain.signals import Signal, no_signal
from tracker.domain.signature import text_of
from tracker.egress.client import EgressClient
from tracker.egress.download import Downloading
from tracker.metrics import BUILD_INFO, WAITERS
from tracker.objects.bucket import Bucket
from tracker.objects.folder import Folder
from tracker.open_access import advise_key, make_first_key, refuse_open_access
from tracker.services.access.keyring import Keyring
from tracker.services.access.keys import Keys
from tracker.services.access.revocation import Revocation
from tracker.services.access.sessions import Sessions
from tracker.services.context import Context
from tracker.services.custody.fetching import Fetching
from tracker.services.custody.serving import Serving
from tracker.services.custody.uploading import Uploading
from tracker.services.deliver.delivery import Delivering
from tracker.services.deliver.endpoints import Endpoints
from tracker.services.deliver.redelivery import Redelivery
from tracker.services.fronts.lost_answers import LostAnswers
from tracker.services.fronts.passing import Passing
from tracker.services.leases import Leases
from tracker.services.read.previewing import Previews
from tracker.services.read.watch import Watch
from tracker.services.receive.comparing import Comparing
from tracker.services.receive.dismissing import Dismissing
from tracker.services.receive.reception import Reception
from tracker.services.receive.rejudging import Rejudging
from tracker.services.storage import Storage
from tracker.services.submit.actions import Actions
from tracker.services.submit.bulk import BulkActions
from tracker.services.submit.resubmission import Resubmission
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.scenarios import Scenarios
from tracker.services.submit.submission import Acceptance
from tracker.services.upkeep.identity import Identity
from tracker.services.upkeep.learning import Learning
from tracker.services.upkeep.presence import Presence
from tracker.services.upkeep.probing import Probing
from tracker.services.upkeep.sampling import SAMPLE_S, Sampling
from tracker.services.upkeep.stalls import Stalls
from tracker.services.upkeep.state_counts import StateCounting
from tracker.services.upkeep.steps import Steps
from tracker.services.upkeep.sweeping import Sweeping
from tracker.settings import Settings, SettingsError
from tracker.store.revision import SCHEMA_REVISION
from tracker.store.store import Store
from tracker.telemetry import configure_logging
from tracker.web.edge import connections
from tracker.web.edge.auth import Authenticator
from tracker.web.edge.connections import ConnectionLimits, ConnectionRegistry
from tracker.web.edge.ending import on_stop_signal
from tracker.web.edge.heads import HeadLimits
from tracker.web.edge.rootpath import CALLBACK_PREFIX
from tracker.web.edge.state import Limits, Services
from tracker.web.fronts.host import ServedFronts
from tracker.web.routes import State, build_app
from tracker.workers.deliveries import DeliveryLoop
from tracker.workers.fetches import FetchLoop
from tracker.workers.roles import chores, roles
from tracker.workers.supervisor import Chore, Supervisor

log = logging.getLogger(__name__)

PREVIEW_SILENCE_S = 15.0
"""How long a provider may send nothing of a file that a page shows."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a process."""

    settings: Settings
    context: Context
    services: Services


@asynccontextmanager
async def open_parts(settings: Settings, signal: Signal = no_signal) -> AsyncIterator[Parts]:
    """Open the store and the way out; close them at the end.

    signal: see domain.signals; crash tests hand one in.
    Raises SettingsError.
    """
    clock = ServerClock(SystemClock())
    secrets = settings.callback_secrets()
    redactor = settings.redactor()
    egress = EgressClient(settings.tracker_egress_allow, redactor=redactor)
    accounts = settings.accounts()
    try:
        url, wait_s = settings.resolved_database_url(), settings.tracker_commit_timeout_s
        async with Store(url, clock, signal, wait_s=wait_s) as store, AsyncExitStack() as stack:
            storage = stack.enter_context(_storage(settings))
            context = Context(
                store=store,
                egress=egress,
                clock=clock,
                jitter=jitter,
                policy=_policy(settings),
                providers=settings.providers(),
                accounts=accounts.by_name,
                rules=accounts.rules,
                prices=accounts.prices,
                secrets=secrets,
                public_url=settings.tracker_public_url,
                adopt=settings.tracker_adopt_unknown,
                webhook_secrets=settings.webhook_secrets(),
                redactor=redactor,
                storage=storage,
                at=signal,
            )
            async with Watch(store, poll_s=settings.tracker_watch_poll_s) as watch:
                context.on_text.append(watch.wake_task)
                made = _services(settings, context, egress, watch)
                await made.lost_answers.look_back()
                async with made.presence:
                    yield Parts(settings, context, made)
    finally:
        await egress.close()


@contextmanager
def exposing(parts: Parts) -> Iterator[None]:
    """Serve `/metrics` until the block ends, if the settings say so."""
    address = parts.settings.tracker_metrics_addr
    if address is None:
        yield
        return
    from tracker.exposition import exposed  # noqa: PLC0415 - only who wants it loads it

    parts.context.store.show_metrics()
    WAITERS.ask = lambda: float(parts.services.watch.waiting)
    BUILD_INFO.replace({(__version__, SCHEMA_REVISION): 1.0})
    with exposed(*address):
        yield


@asynccontextmanager
async def running_workers(parts: Parts) -> AsyncIterator[Supervisor]:
    """Work in the background until the block ends; then settle or hand back."""
    supervisor = make_supervisor(parts)
    working = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.stop()
        await working


@asynccontextmanager
async def recalling(context: Context) -> AsyncIterator[None]:
    """Know how long tasks take, in a process that answers callers and does no other work."""

    async def repeat() -> None:
        learning = Learning(context)
        while True:
            try:
                await learning.recall()
            except Unavailable as error:
                log.warning("what is usual is not known anew: %s", error)
            await context.clock.sleep(context.policy.learn_every.total_seconds())

    repeating = asyncio.create_task(repeat())
    try:
        yield
    finally:
        repeating.cancel()
        await asyncio.wait([repeating])


def make_supervisor(parts: Parts) -> Supervisor:
    """The loops of this process, woken by its own commits."""
    context = parts.context
    drain_s = context.policy.drain.total_seconds()
    fetches = None
    if context.storage is not None:
        lease_s = context.policy.lease.total_seconds()
        fetches = FetchLoop(Fetching(context), context.clock, lease_s=lease_s, drain_s=drain_s)
    sampling = Sampling(context, parts.services.presence)
    supervisor = Supervisor(
        roles(context),
        Leases(context),
        [*chores(context), Chore("gauges", SAMPLE_S, sampling.sample)],
        context.clock,
        deliveries=DeliveryLoop(Delivering(context), context.clock, drain_s=drain_s),
        fetches=fetches,
        lease_s=context.policy.lease.total_seconds(),
        drain_s=drain_s,
    )
    context.store.on_commit(supervisor.wake)
    parts.services.presence.is_working = supervisor.is_running
    return supervisor


def make_app(settings: Settings, *, workers: bool, signal: Signal = no_signal) -> Starlette:
    """The ASGI app. workers: whether this process also does the background work."""
    refuse_open_access(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with open_parts(settings, signal) as parts, parts.services.keyring.recording():
            await make_first_key(settings, parts.context)
            await advise_key(settings, parts.context.store)
            async with _revocation(parts).watching():
                with exposing(parts), on_stop_signal(parts.services.watch.close):
                    if not workers:
                        async with recalling(parts.context):
                            yield {"services": parts.services}
                        return
                    async with running_workers(parts):
                        yield {"services": parts.services}

    return build_app(
        lifespan,
        SystemClock(),
        root_path=settings.tracker_root_path,
        fronts=ServedFronts(
            settings.providers(), settings.front_prefixes(), settings.front_hosts()
        ),
        has_ui=settings.tracker_ui == "on",
    )


def _revocation(parts: Parts) -> Revocation:
    watch = parts.services.watch
    return Revocation(parts.context.store, parts.context.clock, lambda: watch.holders, watch.revoke)


def create_app() -> Starlette:
    """For `uvicorn --factory tracker.app:create_app`: web only, set by the environment."""
    return _create(workers=False)


def create_app_with_workers() -> Starlette:
    """Create the app of `create_app` with the background work in each process."""
    return _create(workers=True)


def server_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn is to serve the app, besides where."""
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
        "backlog": _backlog(),
        "log_config": None,
        "access_log": False,  # RequestScope writes one
    }


def _backlog() -> int:
    """Return the length of the queue of connections, as event loops take it.

    asyncio's own loop accepts as many in one turn, uvloop one (libuv does so since 1.45,
    github.com/libuv/libuv pull request 3696, 2026-11-28). See `cli.listeners.Listener`.
    """
    is_uvloop = find_spec("uvloop") is not None  # then uvicorn takes it
    return connections.QUEUE if is_uvloop else connections.accepted_at_once()


def tune_interpreter() -> None:
    """Suit the interpreter to a process that serves.

    The garbage collector looks at less, and less often: what has been made by now stays, and most
    of what a request makes goes without it. A thread that comes back from the database gets its
    turn sooner than after 5 ms: the writer does so several times for each batch, and every caller
    of the batch waits with it. Where threads may run on several cores, giving way costs more.
    """
    connections.raise_file_limit()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    sys.setswitchinterval(0.0001 if cores == 1 else 0.001)


def _create(*, workers: bool) -> Starlette:
    tune_interpreter()
    settings = Settings.from_env()
    configure_logging(
        settings.tracker_log_level, settings.tracker_log_format, settings.log_redactor()
    )
    return make_app(settings, workers=workers)


@contextmanager
def _storage(settings: Settings) -> Iterator[Storage | None]:
    """Open what keeps the files of results; None where custody is off."""
    if settings.tracker_assets == "off":
        yield None
        return
    rules = Custody(
        keep=timedelta(seconds=settings.tracker_asset_keep_s) or None,
        max_bytes=settings.tracker_asset_max_bytes,
        min_free_bytes=settings.tracker_asset_min_free_bytes,
    )
    downloads = Downloading(
        settings.tracker_egress_allow, cap=rules.max_bytes, silence_s=rules.silence_s
    )
    with closing(_object_store(settings)) as objects:
        yield Storage(rules, objects, downloads)


def _object_store(settings: Settings) -> Folder | Bucket:
    """Open the bucket or the folder that the settings name. Raises SettingsError."""
    if not settings.tracker_asset_store.startswith("s3://"):
        return Folder(settings.asset_folder())
    try:
        return Bucket(settings.tracker_asset_store)
    except StorageError as error:
        raise SettingsError(str(error)) from None


def _policy(settings: Settings) -> Policy:
    return Policy(
        polls=PollPlan(
            first=timedelta(seconds=settings.tracker_poll_first_s),
            ceiling=timedelta(seconds=settings.tracker_poll_max_s),
            quiet=timedelta(seconds=settings.tracker_poll_quiet_s),
            confirm=timedelta(seconds=settings.tracker_poll_confirm_s),
        ),
        deadline=timedelta(seconds=settings.tracker_deadline_s),
        give_up=timedelta(seconds=settings.tracker_give_up_after_s),
        lease=timedelta(seconds=settings.tracker_lease_s),
        drain=timedelta(seconds=settings.tracker_drain_s),
        confirm=settings.tracker_confirm_terminal,
        learn_every=timedelta(seconds=settings.tracker_learn_s),
        submit_timeout_s=settings.tracker_submit_timeout_s,
        deliver_timeout_s=settings.tracker_deliver_timeout_s,
        patience=timedelta(seconds=settings.tracker_endpoint_patience_s),
    )


def _services(settings: Settings, context: Context, egress: EgressClient, watch: Watch) -> Services:
    acceptance = Acceptance(context)
    actions, resubmission = Actions(context, acceptance), Resubmission(context, acceptance)
    bulk = BulkActions(context, actions, resubmission)
    keyring = Keyring(context.store, context.clock, context.secrets)
    reception, presence = Reception(context), Presence(context)
    lost_answers = LostAnswers(context)
    presence.chores += [
        reception.forgeries.flush,
        reception.renew_keys,
        lost_answers.flush,
        Identity(context).note,
        Steps(context).look,
    ]
    return Services(
        store=context.store,
        public_url=context.public_url,
        storage=context.storage,
        acceptance=acceptance,
        actions=actions,
        resubmission=resubmission,
        bulk=bulk,
        runs=BulkRuns(context, bulk),
        reception=reception,
        passing=Passing(context, egress),
        lost_answers=lost_answers,
        endpoints=Endpoints(context),
        redelivery=Redelivery(context),
        serving=Serving(context),
        uploading=Uploading(context),
        own_asset_urls=settings.own_asset_urls() if context.storage is not None else (),
        stalls=Stalls(context.store),
        state_counting=StateCounting(context.store, context.clock),
        sweeping=Sweeping(context),
        presence=presence,
        dismissing=Dismissing(context),
        rejudging=Rejudging(context),
        probing=Probing(context),
        scenarios=Scenarios(context),
        previews=Previews(context, _previewed(settings)),
        comparing=Comparing(context),
        clock=context.clock,
        keyring=keyring,
        keys=Keys(context.store, context.clock, context.secrets),
        sessions=Sessions(context.store, context.clock, keyring),
        authenticator=Authenticator(
            keyring,
            context.clock,
            auth=settings.tracker_auth,
            is_loopback=settings.is_loopback(),
            per_minute=settings.tracker_rate_limit,
        ),
        cursor_secrets=context.secrets,
        accounts=context.accounts,
        providers=context.providers,
        expectations=context.expectations,
        watch=watch,
        limits=Limits(
            body_bytes=settings.tracker_max_body_bytes,
            callback_bytes=settings.tracker_callback_max_bytes,
            body_timeout_s=settings.tracker_body_timeout_s,
            heartbeat_s=settings.tracker_heartbeat_s,
            slow_reader_s=settings.tracker_slow_reader_s,
            upload_bytes=settings.tracker_upload_max_bytes,
        ),
        connections=ConnectionRegistry(_connection_limits(settings)),
        callback_secret=next(map(text_of, settings.webhook_secrets()), None),
    )


def _previewed(settings: Settings) -> Downloading:
    """Open the way to files that pages show; callers' networks are the same as for all files."""
    return Downloading(settings.tracker_egress_allow, cap=MAX_BYTES, silence_s=PREVIEW_SILENCE_S)


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        heads=HeadLimits(
            head_bytes=settings.tracker_head_max_bytes,
            head_lines=settings.tracker_head_max_lines,
            url_bytes=settings.tracker_url_max_bytes,
        ),
        head_s=settings.tracker_head_timeout_s,
        idle_s=settings.tracker_idle_timeout_s,
        unread_s=settings.tracker_slow_reader_s,
        most=settings.tracker_max_connections or connections.most_connections(),
    )
