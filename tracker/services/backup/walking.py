"""Walk the providers' lists for tasks that a restored database does not know."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from tracker.clock import make_id
from tracker.domain import lifecycle, token
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.outcome import Unanswered
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest, Lists
from tracker.services.adoption import UpstreamTask, insert_adopted
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import tasks
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

MOST_PAGES = 5000
"""Of one account."""


@dataclass(frozen=True, slots=True)
class WalkedList:
    """Result of walking an account's list.

    seen:    entries since the time of the backup.
    adopted: those that this database did not know.
    reason:  why the list was not walked to its end; None where it was.
    """

    provider: str
    account: str
    seen: int = 0
    adopted: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Entries:
    provider: str
    account: str
    tasks: Sequence[ListedTask]


class ListWalk:
    """Walks lists while the database is being recovered."""

    def __init__(self, context: Context) -> None:
        """One per process: it remembers which lists it has walked."""
        self._context = context
        self._walked: set[tuple[str, str]] = set()

    async def walk_once(self) -> None:
        """Walk, as a chore. Raises Unavailable."""
        await self.walk()

    async def walk(self) -> list[WalkedList]:
        """Walk the list of each account that has one, but for those walked to their end before.

        Nothing where nothing is being recovered. Raises Unavailable.
        """
        context, since = self._context, self._context.recovery.since
        if since is None:
            return []
        results = []
        for (provider, name), account in sorted(context.accounts.items()):
            lists = context.providers[provider].lists
            if lists is None or (provider, name) in self._walked:
                continue
            done = await self._walk(provider, account, lists, since)
            results.append(done)
            if done.reason is None:
                self._walked.add((provider, name))
            else:
                log.warning(
                    "the list of %(provider)s/%(account)s is not whole: %(reason)s",
                    {"provider": provider, "account": name, "reason": done.reason},
                )
        return results

    async def _walk(
        self, provider: str, account: Account, lists: Lists, since: datetime
    ) -> WalkedList:
        context = self._context
        done = WalkedList(provider, account.name)
        request = ListRequest(account, since, context.clock.now())
        for _ in range(MOST_PAGES):
            call = lists.build_list(request)
            if call is None:
                return replace(done, reason="this kind of account lists no tasks")
            timed = replace(call, timeout_s=max(context.policy.poll_timeout_s, call.lasts_s))
            answer = await context.calls.call(provider, account, timed)
            try:
                page = lists.parse_list(request, answer)
            except Exception:
                # A list that breaks an adapter does not tell that nothing is on it.
                log.exception("a provider's list broke the adapter")
                page = Unanswered("the list could not be read; see the log")
            if not isinstance(page, ListedPage):
                return replace(done, reason=page.reason)
            entries = _Entries(provider, account.name, page.tasks)
            adopted = await context.store.write(self._take_in, entries)
            done = replace(done, seen=done.seen + len(page.tasks), adopted=done.adopted + adopted)
            if page.following is None:
                return done
            request = replace(request, page=page.following, now=context.clock.now())
        return replace(done, reason=f"not walked beyond {MOST_PAGES} pages")

    def _take_in(self, tx: Tx, pages: Sequence[_Entries]) -> list[int]:
        """Adopt what is not known; returns how many of each page were not."""
        return [self._take_in_one(tx, page) if page.tasks else 0 for page in pages]

    def _take_in_one(self, tx: Tx, page: _Entries) -> int:
        context = self._context
        ours = [one for one in page.tasks if not _is_others(page.provider, one)]
        found = {self._find_id(page.provider, one): one for one in ours}
        known = tasks.lock_by_names(
            tx.db,
            page.provider,
            context.list_accounts(page.provider),
            {one.external_task_id for one in ours if one.external_task_id},
            {one.provider_task_id for one in ours},
        )
        known += tasks.lock_by_id(tx.db, found.keys()).values()
        recorder = Recorder(context, tx, known)
        new: list[UpstreamTask] = []
        for id_, one in found.items():
            task = next((task for task in known if _is_it(task, id_, one)), None)
            if task is None:
                names = one.external_task_id, one.provider_task_id, one.operation
                new.append(UpstreamTask(id_, page.provider, page.account, *names))
            elif task.state is TaskState.UNCERTAIN:
                seen = EventKind.SEEN_SUBMITTED
                event = Event(seen, Source.POLL, provider_task_id=one.provider_task_id)
                recorder.record(task.key, event)
        adopted = [one for one in insert_adopted(context, tx, new) if one is not None]
        for task in adopted:
            recorder.start(lifecycle.adopt_task(task, Source.POLL))
            recorder.poll_soon(task.key)  # brings how it stands, with its evidence
        recorder.flush()
        return len(adopted)

    def _find_id(self, provider: str, listed: ListedTask) -> UUID:
        """Return the id that a task had here, where the list still tells it; else a new one."""
        path = _split_path(listed.callback_url)
        if path[-4:-2] == ["callbacks", provider]:
            id_ = _normalise_id(path[-2])
            secrets = self._context.secrets
            if id_ is not None and token.is_valid(secrets, provider, path[-2], path[-1]):
                return id_
        return _normalise_id(listed.external_task_id or "") or make_id()


def _split_path(url: str | None) -> list[str]:
    try:
        return urlsplit(url or "").path.split("/")
    except ValueError:  # no URL
        return []


def _is_others(provider: str, listed: ListedTask) -> bool:
    """Tell whether a task calls somebody else back: the key has further users, then."""
    path = _split_path(listed.callback_url)
    return listed.callback_url is not None and path[-4:-2] != ["callbacks", provider]


def _normalise_id(text: str) -> UUID | None:
    """Return the id that a text spells as we spell ids; None for another text."""
    try:
        id_ = UUID(text)
    except ValueError:
        return None
    return id_ if id_.version == 7 and str(id_) == text else None


def _is_it(task: Task, id_: UUID, listed: ListedTask) -> bool:
    if task.id == id_ or task.provider_task_id == listed.provider_task_id:
        return True
    return listed.external_task_id is not None and task.external_task_id == listed.external_task_id
