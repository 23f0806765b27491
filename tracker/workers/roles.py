"""Job kind → service, and how much of it at once; and what is done now and then."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from tracker.domain.work import JobKind
from tracker.services.backup.walking import ListWalk
from tracker.services.context import Context
from tracker.services.custody.handing_on import WaitingFiles
from tracker.services.custody.sweeping import AssetSweeper
from tracker.services.deliver.endpoints import Endpoints
from tracker.services.owned_results import OwnedResults
from tracker.services.receive.rereads import Rereads
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.bulk import BulkActions
from tracker.services.submit.lost_calls import settle_lost_calls
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep import retention, retention_lease
from tracker.services.upkeep.backlog import watch_backlog
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.due_time_repair import DueTimeRepair
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.services.upkeep.learning import DurationLearner
from tracker.services.upkeep.retention import RetentionChore
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store.jobs import Job
from tracker.workers.jobs import Role
from tracker.workers.loop import IDLE_S
from tracker.workers.supervisor import Chore


def build_roles(context: Context) -> list[Role]:
    """Return everything a worker process does."""
    attempting = SubmitAttempts(context)
    return [
        # Bodies of tens of MB are in hand here: not as many at once as of the small ones.
        Role(
            JobKind.SUBMIT,
            run_one_at_a_time(attempting.run),
            concurrency=64,
            per_lane=24,
            aside=attempting.aside,
        ),
        Role(
            JobKind.RECONCILE,
            Reconciliation(context).run,
            concurrency=256,
            per_lane=64,
            together=64,
        ),
    ]


def run_one_at_a_time(
    run: Callable[[Job], Awaitable[None]],
) -> Callable[[Sequence[Job]], Awaitable[None]]:
    """Make a service that carries out one job at a time take several."""

    async def run_each(jobs: Sequence[Job]) -> None:
        for job in jobs:
            await run(job)

    return run_each


def list_chores(context: Context) -> list[Chore]:
    """List the periodic tasks of every worker process."""
    sweeping, learning = Sweeper(context), DurationLearner(context)
    counting = EndCounter(context)
    return [
        *_list_custody_chores(context),
        Chore("deadlines", SWEEP_S, sweeping.sweep_all),
        Chore("old keys", FORGET_S, sweeping.forget),
        Chore("calls that nobody makes", FORGET_S, partial(settle_lost_calls, context)),
        Chore("runs", IDLE_S, _make_runs(context).run_pieces, kind=JobKind.RUN),
        Chore("receipts read again", IDLE_S, Rereads(context).run_pages, kind=JobKind.RUN),
        Chore("seals of endpoint secrets", FORGET_S, Endpoints(context).reseal),
        Chore("learning", context.policy.learn_every.total_seconds(), learning.learn_durations),
        Chore(
            "accounts' health",
            context.policy.learn_every.total_seconds(),
            AccountHealthCheck(context).look,
        ),
        Chore("work too far ahead", PULL_S, DueTimeRepair(context).pull_back),
        Chore("counting", COUNT_S, counting.fold_all),
        Chore("what chores have left", BACKLOG_S, partial(watch_backlog, context.store)),
        Chore("results of tenants", RECORD_S, OwnedResults(context).record_now_and_then),
        Chore("lists after a restore", WALK_S, ListWalk(context).walk_once),
        Chore("old counts", FORGET_S, counting.forget),
        Chore(
            retention_lease.NAME,
            retention.PERIOD.total_seconds(),
            RetentionChore(context).drop_for_while,
        ),
    ]


def _make_runs(context: Context) -> BulkRuns:
    intake = SubmissionIntake(context)
    bulk = BulkActions(context, TaskActions(context, intake), intake)
    return BulkRuns(context, bulk)


def _list_custody_chores(context: Context) -> list[Chore]:
    room = context.room
    if room is None:
        return []
    files = AssetSweeper(context)
    waiting = context.storage is not None and context.storage.spooled is not None
    return [
        *([Chore("files that wait", HAND_ON_S, WaitingFiles(context).hand_on)] if waiting else []),
        Chore("old assets", DROP_S, files.drop_expired),
        Chore("room for assets", ROOM_S, room.report),
        Chore("strays among assets", SWEEP_STORE_S, files.sweep_now_and_then),
    ]


DROP_S = 5.0
HAND_ON_S = 30.0
ROOM_S = 60.0
SWEEP_STORE_S = 6 * 3600.0
SWEEP_S = 2.0
PULL_S = 60.0
WALK_S = 60.0
COUNT_S = 2.0
BACKLOG_S = 60.0
RECORD_S = 2.0
FORGET_S = 1200.0
"""Seconds between two rounds."""
