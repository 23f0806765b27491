"""Settings → store, egress and services: the parts of a process, opened and closed together."""

import logging
import platform
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from tracker import lean  # noqa: F401  # before what it is about
from tracker.clock import ServerClock, SystemClock, draw_jitter
from tracker.domain.custody import Custody
from tracker.domain.errors import StorageError
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.preview import MAX_BYTES
from tracker.domain.signals import Signal, ignore_signal
from tracker.domain.signature import format_secret
from tracker.egress.client import EgressClient
from tracker.egress.download import Downloading
from tracker.objects import parquet
from tracker.objects.bucket import Bucket
from tracker.objects.folder import Folder
from tracker.objects.spooled import SpooledStore
from tracker.precedence import Precedence
from tracker.services.access.keyring import Keyring
from tracker.services.access.keys import Keys
from tracker.services.access.rates import OwnRates, Rates, SharedRates
from tracker.services.access.sessions import Sessions
from tracker.services.context import Context
from tracker.services.custody.front_files import FrontFiles
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.uploading import UploadReceiver
from tracker.services.deliver.endpoints import Endpoints
from tracker.services.deliver.redelivery import Redelivery
from tracker.services.fronts.lost_answers import LostAnswers
from tracker.services.fronts.passing import PassThrough
from tracker.services.read.previewing import Previews
from tracker.services.read.watch import Watch
from tracker.services.receive.comparing import RereadComparer
from tracker.services.receive.dismissing import ReceiptDismisser
from tracker.services.receive.reception import Reception
from tracker.services.receive.rejudging import ReceiptRejudger
from tracker.services.receive.rereads import Rereads
from tracker.services.storage import ObjectStore, Storage
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import BulkActions
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.scenarios import Scenarios
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.clock_step_watch import ClockStepWatch
from tracker.services.upkeep.database_identity import note_identity
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.probing import AccountProber
from tracker.services.upkeep.stalls import Stalls
from tracker.services.upkeep.state_counts import StateCounting
from tracker.services.upkeep.sweeping import Sweeper
from tracker.settings import Settings, SettingsError
from tracker.store.store import Store
from tracker.web.edge import connections
from tracker.web.edge.auth import Authenticator
from tracker.web.edge.connections import ConnectionLimits, ConnectionRegistry
from tracker.web.edge.heads import HeadLimits
from tracker.web.edge.state import Limits, Services

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
async def open_parts(settings: Settings, signal: Signal = ignore_signal) -> AsyncIterator[Parts]:
    """Open the store and the way out; close them at the end.

    signal: see domain.signals; crash tests hand one in.
    Raises SettingsError.
    """
    async with (
        open_context(settings, signal) as (context, egress),
        Watch(
            context.store, poll_s=settings.tracker_watch_poll_s, precedence=context.precedence
        ) as watch,
    ):
        context.on_text.append(watch.wake_task)
        made = _make_services(settings, context, egress, watch)
        await made.lost_answers.look_back()
        async with nullcontext() if settings.tracker_read_only else made.presence:
            yield Parts(settings, context, made)


@asynccontextmanager
async def open_context(
    settings: Settings, signal: Signal = ignore_signal
) -> AsyncIterator[tuple[Context, EgressClient]]:
    """Open what services work with, and the way out that it holds; close it at the end.

    Raises SettingsError, Unavailable.
    """
    clock = ServerClock(SystemClock())
    secrets = settings.list_callback_secrets()
    redactor = settings.make_redactor()
    precedence = Precedence()
    egress = EgressClient(settings.tracker_egress_allow, redactor=redactor, precedence=precedence)
    accounts = settings.list_accounts()
    try:
        url, wait_s = settings.resolve_database_url(), settings.tracker_commit_timeout_s
        is_read_only = settings.tracker_read_only
        opened = Store(url, clock, signal, wait_s=wait_s, is_read_only=is_read_only)
        async with opened as store, AsyncExitStack() as stack:
            storage = stack.enter_context(_open_storage(settings))
            archive = stack.enter_context(open_archive(settings))
            context = Context(
                store=store,
                egress=egress,
                clock=clock,
                jitter=draw_jitter,
                policy=_make_policy(settings),
                providers=settings.get_providers(),
                accounts=accounts.by_name,
                rules=accounts.rules,
                prices=accounts.prices,
                secrets=secrets,
                public_url=settings.tracker_public_url,
                adopt=settings.tracker_adopt_unknown,
                webhook_secrets=settings.list_webhook_secrets(),
                redactor=redactor,
                precedence=precedence,
                storage=storage,
                archive=archive,
                archives_parquet=parquet.is_installed(),
                retention=settings.build_retention(),
                at=signal,
            )
            await context.recovery.look(store)
            yield context, egress
    finally:
        await egress.close()


@contextmanager
def _open_storage(settings: Settings) -> Iterator[Storage | None]:
    """Open what keeps the files of results; None where custody is off."""
    if not settings.has_custody():
        yield None
        return
    rules = Custody(
        max_bytes=settings.tracker_asset_max_bytes,
        min_free_bytes=settings.tracker_asset_min_free_bytes,
        is_default=settings.tracker_assets == "on",
    )
    downloads = Downloading(
        settings.tracker_egress_allow, cap=rules.max_bytes, silence_s=rules.silence_s
    )
    store = open_asset_store(settings)
    spool = _open_spool(settings)
    if spool is None:
        with closing(store):
            yield Storage(rules, store, downloads)
        return
    spooled = SpooledStore(store, spool, host=platform.node(), min_free_bytes=rules.min_free_bytes)
    with closing(spooled):
        yield Storage(rules, spooled, downloads, spooled=spooled)


def _open_spool(settings: Settings) -> Folder | None:
    """Open where files of answers wait for a store elsewhere; None where none can wait."""
    place = settings.tracker_data_dir / "spool"
    if not settings.tracker_asset_store:
        return None
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        log.warning(
            "files of answers cannot wait for the store in %(file)s: %(reason)s",
            {"file": place, "reason": error.strerror},
        )
        return None
    return Folder(place, is_new=True)


def open_asset_store(settings: Settings) -> Folder | Bucket:
    """Open where files are kept. Close it at the end. Raises SettingsError."""
    if settings.tracker_asset_store.startswith("s3://"):
        return _open_bucket("TRACKER_ASSET_STORE", settings.tracker_asset_store)
    return Folder(settings.get_asset_folder())


@contextmanager
def open_archive(settings: Settings) -> Iterator[ObjectStore | None]:
    """Open the archive; None where there is none. Raises SettingsError."""
    place = settings.tracker_archive
    if not place:
        yield None
        return
    if place.startswith("s3://"):
        opened: Folder | Bucket = _open_bucket("TRACKER_ARCHIVE", place)
    else:
        opened = Folder(Path(place), is_new=True)
    with closing(opened) as objects:
        yield objects


def _make_rates(settings: Settings, context: Context) -> Rates:
    if settings.tracker_rate_limit_shared and not settings.tracker_read_only:  # a standby counts
        return SharedRates(context.store, context.clock, settings.tracker_rate_limit)
    return OwnRates(context.clock, settings.tracker_rate_limit)


def _open_bucket(setting: str, url: str) -> Bucket:
    """Open the bucket that a setting names. Raises SettingsError."""
    try:
        return Bucket(url)
    except StorageError as error:
        raise SettingsError(f"{setting}: {error}") from None


def _make_policy(settings: Settings) -> Policy:
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


def _make_services(
    settings: Settings, context: Context, egress: EgressClient, watch: Watch
) -> Services:
    intake = SubmissionIntake(context)
    actions = TaskActions(context, intake)
    bulk = BulkActions(context, actions, intake)
    keyring = Keyring(context.store, context.clock, context.secrets)
    reception, lost_answers = Reception(context), LostAnswers(context)
    return Services(
        store=context.store,
        public_url=context.public_url,
        storage=context.storage,
        intake=intake,
        actions=actions,
        bulk=bulk,
        runs=BulkRuns(context, bulk),
        reception=reception,
        passing=PassThrough(context, egress),
        lost_answers=lost_answers,
        endpoints=Endpoints(context),
        redelivery=Redelivery(context),
        serving=AssetReader(context),
        uploading=UploadReceiver(context),
        front_files=FrontFiles(context),
        own_asset_urls=settings.list_own_asset_urls() if context.storage is not None else (),
        stalls=Stalls(context.store),
        state_counting=StateCounting(context.store, context.clock),
        sweeping=Sweeper(context),
        presence=_make_presence(context, reception, lost_answers),
        dismissing=ReceiptDismisser(context),
        rejudging=ReceiptRejudger(context),
        rereads=Rereads(context),
        probing=AccountProber(context),
        scenarios=Scenarios(context),
        previews=Previews(context, _make_preview_download(settings)),
        comparing=RereadComparer(context),
        clock=context.clock,
        keyring=keyring,
        keys=Keys(context.store, context.clock, context.secrets),
        sessions=Sessions(context.store, context.clock, keyring),
        authenticator=Authenticator(
            keyring,
            _make_rates(settings, context),
            auth=settings.tracker_auth,
            is_loopback=settings.is_loopback(),
        ),
        cursor_secrets=context.secrets,
        accounts=context.accounts,
        providers=context.providers,
        expectations=context.expectations,
        watch=watch,
        limits=_make_limits(settings),
        connections=ConnectionRegistry(_make_connection_limits(settings)),
        callback_secret=next(map(format_secret, settings.list_webhook_secrets()), None),
    )


def _make_presence(
    context: Context, reception: Reception, lost_answers: LostAnswers
) -> ProcessPresence:
    """Make the heartbeat of this process, with what each process does at every beat."""
    presence = ProcessPresence(context)
    presence.chores += [
        reception.forgeries.flush,
        reception.renew_keys,
        lost_answers.flush,
        partial(note_identity, context),
        ClockStepWatch(context).look,
        partial(context.recovery.look_again, context.store),
    ]
    return presence


def _make_limits(settings: Settings) -> Limits:
    return Limits(
        body_bytes=settings.tracker_max_body_bytes,
        callback_bytes=settings.tracker_callback_max_bytes,
        body_timeout_s=settings.tracker_body_timeout_s,
        heartbeat_s=settings.tracker_heartbeat_s,
        slow_reader_s=settings.tracker_slow_reader_s,
        upload_bytes=settings.tracker_upload_max_bytes,
    )


def _make_preview_download(settings: Settings) -> Downloading:
    """Open the way to files that pages show; callers' networks are the same as for all files."""
    return Downloading(settings.tracker_egress_allow, cap=MAX_BYTES, silence_s=PREVIEW_SILENCE_S)


def _make_connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        heads=HeadLimits(
            head_bytes=settings.tracker_head_max_bytes,
            head_lines=settings.tracker_head_max_lines,
            url_bytes=settings.tracker_url_max_bytes,
        ),
        head_s=settings.tracker_head_timeout_s,
        idle_s=settings.tracker_idle_timeout_s,
        unread_s=settings.tracker_slow_reader_s,
        most=settings.tracker_max_connections or connections.compute_most_connections(),
    )
