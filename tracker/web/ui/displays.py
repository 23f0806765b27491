"""Things on display in a browser: which changes concern them, and the parts that show them now."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

from tracker.domain.events import EventKind
from tracker.store import tasks
from tracker.store.endpoint_troubles import MOST_OWED
from tracker.store.feed import Change
from tracker.store.filters import TaskFilter
from tracker.web.edge.state import get_services
from tracker.web.ui.attention import GROUPS, build_groups, digest_of, remove_passing
from tracker.web.ui.frame.needs import find_needs, format_needs
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_part
from tracker.web.ui.task import build_task_values, load_story
from tracker.web.ui.task_parts import build_rows
from tracker.web.ui.tasks import COLUMNS, PATIENCE_S, build_chip_values, build_news_query

ROWS = 50
"""Of one piece."""
COUNTS_S = 5.0
"""Between two counts, two numbers of new tasks, and two looks at what needs a person."""
_MOST_NEWS = 100
"""New tasks are counted up to here."""
_LOOK_PATIENCE_S = 2.0
"""How long a stream waits for a look that is being made."""
_ENTRY = re.compile(r"e[0-9a-f]{12}")
"""The id of an element; see `AttentionGroup.shown`."""


class Display(ABC):
    """The things on display: which changes concern them, and how they look now."""

    def __init__(self, request: Request, reader: Reader) -> None:
        """Nothing has changed yet."""
        self.reader = reader
        self._scope, self._receive = request.scope, request.receive

    @property
    def request(self) -> Request:
        """Return the request, made anew: one that was read from keeps its address in pieces."""
        return Request(self._scope, self._receive)

    @abstractmethod
    def note(self, changes: Sequence[Change]) -> None:
        """Take up changes of the tenant's tasks."""

    @abstractmethod
    def note_all(self) -> None:
        """Take everything for changed."""

    @abstractmethod
    def is_due(self) -> bool:
        """Return whether there is something to send."""

    @abstractmethod
    def get_due_time(self) -> float | None:
        """Return when something will be due that is not yet; None where nothing waits."""

    @abstractmethod
    async def render_parts(self) -> str:
        """Return the parts that have changed, empty where none has.

        Raises NotFound once there is nothing to show.
        """


class RowIds:
    """Ids of the rows on display, in their order: 16 bytes each, where a UUID's own take 150."""

    __slots__ = ("_packed",)

    def __init__(self, ids: Iterable[UUID]) -> None:
        """Take each once."""
        self._packed = b"".join(id_.bytes for id_ in dict.fromkeys(ids))

    def __contains__(self, id_: UUID) -> bool:
        at = self._packed.find(id_.bytes)
        while at > 0 and at % 16:  # parts of two ids beside each other
            at = self._packed.find(id_.bytes, at + 1)
        return at >= 0

    def __iter__(self) -> Iterator[UUID]:
        starts = range(0, len(self._packed), 16)
        return (UUID(bytes=self._packed[start : start + 16]) for start in starts)


class ListDisplay(Display):
    """Rows of a list, the chips above them, and how many new tasks there are."""

    def __init__(
        self, request: Request, reader: Reader, ids: Sequence[UUID], filter_: TaskFilter
    ) -> None:
        super().__init__(request, reader)
        self._ids = RowIds(ids)
        self._filter = filter_
        self._tells_news = request.query_params.get("news") == "1"
        # They are most of the address, which stands for as long as the stream does.
        others = [pair for pair in request.query_params.multi_items() if pair[0] != "ids"]
        request.scope["query_string"] = urlencode(others).encode()
        self._changed: dict[UUID, None] = {}
        self._new: dict[UUID, None] = {}
        self._counts_due = False
        self._counted_at = self._told_at = float("-inf")
        self._told = 0

    def note(self, changes: Sequence[Change]) -> None:
        """Take up which rows changed, and which tasks are new."""
        for change in changes:
            self._counts_due = True
            if change.task_id in self._ids:
                self._changed[change.task_id] = None
            elif self._tells_news and len(self._new) < _MOST_NEWS and self._is_new(change):
                self._new[change.task_id] = None

    def note_all(self) -> None:
        """Take every row for changed."""
        self._changed |= dict.fromkeys(self._ids)
        self._counts_due = True

    def is_due(self) -> bool:
        """Return true for rows at once, for counts every few seconds."""
        return bool(self._changed) or self._is_time_to_count() or self._is_time_to_tell()

    def get_due_time(self) -> float | None:
        """Return when counts, or the number of new tasks, are due."""
        times = [self._counted_at] if self._counts_due else []
        times += [self._told_at] if self._told < len(self._new) else []
        return min(times) + COUNTS_S if times else None

    async def render_parts(self) -> str:
        """Return the changed rows, and counts where they are due."""
        chosen = list(self._changed)[:ROWS]
        for id_ in chosen:
            del self._changed[id_]
        request = self.request
        our, language = get_services(request), self.reader.preferences.language
        rows = []
        if chosen:
            found = await our.store.read(lambda db: tasks.load_by_id(db, chosen))
            ours = [task for task in found.values() if task.tenant == self.reader.tenant]
            rows = build_rows(ours, our.clock.now(), language)
        values: dict[str, Any] = {"rows": rows, "new": 0, "has_counts": False}
        if self._is_time_to_count():
            self._counts_due, self._counted_at = False, read_loop_time()
            counts = await our.state_counting.look(self.reader.tenant, patience_s=PATIENCE_S)
            values |= {"has_counts": True, **build_chip_values(counts, our.clock.now())}
        if self._is_time_to_tell():
            self._told, self._told_at = len(self._new), read_loop_time()
            values["new"] = self._told
        columns = request.query_params.getlist("column")
        return render_part(
            request,
            self.reader,
            "live_list.html",
            columns=[name for name in COLUMNS if name in columns],
            most_news=_MOST_NEWS,
            news=build_news_query(request),
            **values,
        )

    def _is_time_to_count(self) -> bool:
        return self._counts_due and read_loop_time() >= self._counted_at + COUNTS_S

    def _is_time_to_tell(self) -> bool:
        return self._told < len(self._new) and read_loop_time() >= self._told_at + COUNTS_S

    def _is_new(self, change: Change) -> bool:
        if not self._filter.states and change.step.kind is not EventKind.CREATED:
            return False
        return self._filter.is_change_match(change)


class TaskDisplay(Display):
    """One task: what its page says, but for what never changes."""

    def __init__(self, request: Request, reader: Reader, id_: UUID) -> None:
        super().__init__(request, reader)
        self._id = id_
        self._is_changed = False

    def note(self, changes: Sequence[Change]) -> None:
        """Take up whether the task changed."""
        self._is_changed = self._is_changed or any(one.task_id == self._id for one in changes)

    def note_all(self) -> None:
        """Take it for changed."""
        self._is_changed = True

    def is_due(self) -> bool:
        """Return whether it changed."""
        return self._is_changed

    def get_due_time(self) -> float | None:
        """Return None: nothing waits."""
        return None

    async def render_parts(self) -> str:
        """Return the parts of its page."""
        self._is_changed = False
        story, _ = await load_story(self.request, self.reader, self._id)
        values = build_task_values(self.request, self.reader, story)
        back = f"/tasks/{self._id}"
        return render_part(self.request, self.reader, "live_task.html", **values, this=back)


class AttentionDisplay(Display):
    """Entries of what needs a person: which are settled, which changed, how many more there are.

    Callbacks, endpoints and accounts are in no feed: so it looks every COUNTS_S, and all who look
    in one process share one look. What is on display stays where it is.
    """

    def __init__(self, request: Request, reader: Reader, shown: str) -> None:
        """shown: the digest of what the page shows."""
        super().__init__(request, reader)
        named = request.query_params.get("ids", "").split(",")
        self._ids = dict.fromkeys(filter(_ENTRY.fullmatch, named))
        groups = request.query_params.get("groups", "").split(",")
        self._groups = [name for name in groups if name in GROUPS]
        self._shown: str | None = shown
        self._seen: Mapping[str, Any] | None = None
        self._look_at = float("-inf")

    def note(self, changes: Sequence[Change]) -> None:
        """Take up nothing: what asks for a person is not told by changes."""

    def note_all(self) -> None:
        """Look at once."""
        self._look_at = float("-inf")

    def is_due(self) -> bool:
        """Return whether it is time to look."""
        return read_loop_time() >= self._look_at

    def get_due_time(self) -> float | None:
        """Return when it looks next."""
        return self._look_at

    async def render_parts(self) -> str:
        """Return the parts that show what has changed; empty where nothing has."""
        self._look_at = read_loop_time() + COUNTS_S
        found = await find_needs(self.request, self.reader, patience_s=_LOOK_PATIENCE_S)
        if found is None or found is self._seen:
            return ""
        before, self._seen = self._seen, found
        if before is None:
            is_known = digest_of(found) == self._shown
        else:
            is_known = remove_passing(found) == remove_passing(before)
        return "" if is_known else self._describe_groups(found)

    def _describe_groups(self, found: Mapping[str, Any]) -> str:
        groups = build_groups(found)
        entries = [(group, id_, one) for group in groups for id_, one in group.shown]
        standing = {id_ for group, _, _ in entries for id_ in group.ids}
        counts = {group.name: (group.count, len(group.entries)) for group in groups}
        return render_part(
            self.request,
            self.reader,
            "live_attention.html",
            needs=format_needs(found),
            most_owed=MOST_OWED,
            heads=[(name, *counts.get(name, ("0", 0))) for name in self._groups],
            entries=[(group, id_, one) for group, id_, one in entries if id_ in self._ids],
            settled=[id_ for id_ in self._ids if id_ not in standing],
            new=sum(id_ not in self._ids for _, id_, _ in entries),
            this="/attention",
            instant_of=datetime.fromisoformat,
        )


def read_loop_time() -> float:
    """Return seconds that only go forward."""
    return asyncio.get_running_loop().time()
