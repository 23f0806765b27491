"""Named points between two effects. Nothing happens there in production; crash tests die there."""

from collections.abc import Callable
from enum import StrEnum

from tracker.domain.enum_members import find_members_directly


@find_members_directly
class CrashPoint(StrEnum):
    """Where a process may die with one effect done and the next not."""

    COMMIT_READY = "commit:ready"
    """Applied to the database, not committed."""
    COMMIT_DONE = "commit:done"
    """Committed; nobody has been answered."""
    LOG_CARRIED = "log:carried"
    """Some of SQLite's log is in the file; the writer has yet to do the rest."""
    ACCEPT_COMMITTED = "accept:committed"
    """A submission is durable; its caller has no answer."""
    CALLBACK_COMMITTED = "callback:committed"
    """A callback is durable; the provider has no answer."""
    JOB_CLAIMED = "job:claimed"
    """A lease is held; the work has not begun."""
    SUBMIT_BEGUN = "submit:begun"
    """The attempt is written down; the socket has not opened."""
    CALL_UNDER_WAY = "call:under_way"
    """It is committed that a create is under way whose answer is the result."""
    STREAM_RECORDED = "stream:recorded"
    """Some of an answer that is a stream is committed; more of it is to come."""
    SUBMIT_SENT = "submit:sent"
    """The provider answered; the answer is not recorded."""
    SUBMIT_RECORDED = "submit:recorded"
    POLL_BUILT = "poll:built"
    POLL_ANSWERED = "poll:answered"
    """The provider answered; the answer is not recorded."""
    POLL_RECORDED = "poll:recorded"
    FETCH_CLAIMED = "fetch:claimed"
    """A file is held to be fetched; nothing was asked for."""
    FETCH_HALF = "fetch:half"
    """Some of a file is written."""
    FETCH_STORED = "fetch:stored"
    """A file is whole in the store; no row says so."""
    FETCH_RECORDED = "fetch:recorded"
    ASSETS_DROPPED = "assets:dropped"
    """Rows say that assets are gone; their objects are still there."""
    ARCHIVE_BEGUN = "archive:begun"
    """The database says that files are written to the archive; none is there."""
    ARCHIVE_WRITTEN = "archive:written"
    """Files are whole in the archive; their rows are not dropped."""
    RETENTION_COMMITTED = "retention:committed"
    """A batch is dropped and committed; more of it is left."""
    RUN_APPLIED = "run:applied"
    """A piece of a run is applied to the database, not committed."""
    RUN_COMMITTED = "run:committed"
    """A piece of a run is committed; more of it may be left."""
    BACKUP_COPIED = "backup:copied"
    """The database is copied; the copy is not checked, and there is no manifest."""
    BACKUP_WRITTEN = "backup:written"
    """A backup is whole and on disk; it has not got its name."""
    RESTORE_SECRETS_KEPT = "restore:secrets_kept"
    """Nothing is refused any more, and the service has the secrets; no row is changed."""
    RESTORE_BEGUN = "restore:begun"
    """The database says that it is being restored; nothing else of it is changed."""
    RESTORE_READY = "restore:ready"
    """The database is ready; a SQLite file is not in its place."""
    RESTORE_NOTED = "restore:noted"
    """The note of its newest number is in its place, and the SQLite file is not."""
    REREAD_APPLIED = "reread:applied"
    """A page of receipts that are read again is applied to the database, not committed."""
    REREAD_COMMITTED = "reread:committed"
    DELIVERY_CLAIMED = "delivery:claimed"
    DELIVERY_SENT = "delivery:sent"
    """The receiver answered; the answer is not recorded."""
    DELIVERY_RECORDED = "delivery:recorded"


Signal = Callable[[CrashPoint], None]


def ignore_signal(_point: CrashPoint) -> None:
    """Do nothing: the signal in production."""
