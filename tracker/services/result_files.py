"""Files of results in one transaction: which are to be fetched, which are here, which are replaced.

They are written with the step that names them: nothing that a verdict brought is forgotten.
"""

from datetime import datetime

from tracker.domain import custody, inline_files
from tracker.domain.custody import Asset, WantedFile
from tracker.domain.events import EventKind
from tracker.domain.task import Task, TaskState
from tracker.domain.work import build_lane
from tracker.services.context import Context
from tracker.store import assets
from tracker.store.driver.transaction import Tx

_SUCCEEDED = TaskState.SUCCEEDED
_RESULTS = frozenset({EventKind.SEEN_SUCCEEDED, EventKind.RESULT_COMPLETED, EventKind.REREAD})
"""Kinds of steps that bring what is to be kept."""
_HOLDING = _RESULTS | {EventKind.SEEN_FAILED}
"""Kinds of steps whose answers may hold files: a failure's tell why, such as a blurred picture."""


class ResultFiles:
    """Collects them step by step. Nothing is written before `save`."""

    def __init__(self, context: Context, now: datetime) -> None:
        """Begin empty. now: of the transaction."""
        self._context = context
        self._now = now
        self._wanted: list[tuple[WantedFile, str]] = []
        self._inline: list[Asset] = []
        self._replaced: list[tuple[int, str]] = []

    def take(self, before: Task, task: Task, kind: EventKind) -> list[Asset]:
        """Take in the files of a task with artifacts, after a step of a kind.

        Returns those that came within its answer: that they are here is a step of its own.
        """
        if self._context.storage is None or kind not in _HOLDING:
            return []
        if before.artifacts and custody.may_have_assets(before):
            known = {piece.url for piece in before.artifacts}
            self._replaced += [(task.key, name) for name in custody.list_replaced(before, task)]
        else:
            known = set()
        kept: list[Asset] = []
        if any(inline_files.is_name(piece.url) for piece in task.artifacts):
            keep, secrets = self._context.keep_files(task), self._context.secrets
            kept = inline_files.list_assets(task, secrets, known=known, keep=keep, now=self._now)
            self._inline += kept
        is_result = task.state is _SUCCEEDED and kind in _RESULTS
        if is_result and self._context.is_fetching_files(task):
            lifetime = self._context.providers[task.provider].results.lifetime
            account = build_lane(task.provider, task.account)
            self._wanted += [
                (one, custody.fetch_lane(account, one.url))
                for one in custody.list_wanted(task, lifetime=lifetime, now=self._now)
            ]
        return kept

    def save(self, tx: Tx) -> bool:
        """Write it down. Returns whether anything is to be fetched."""
        db = tx.db
        assets.replace_pieces(db, self._replaced, now=self._now)
        assets.insert_wanted(db, self._wanted, now=self._now)
        assets.insert_kept(db, self._inline)
        return bool(self._wanted)
