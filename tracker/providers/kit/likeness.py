"""The provider's list, where a lost submit is looked for among tasks of its time that are like it.

The list shows no mark of ours. What is alike may be the task or another; `Alike` says what comes of
that.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.domain.outcome import Alike, LookupOutcome, More, NotSeen, Unanswered
from tracker.providers.kit.scan import read_page
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking


class LikenessScan:
    """Searches a list, page by page, before it compares; see providers/ports/adapter.py, `Looks`.

    entries_in:    the field of the list's answer that holds the tasks.
    before, after: how far from the beginning of its submit a task may be dated: clocks differ,
                   calls last.
    is_decisive:   see `Alike`.
    nothing:       what to say where none is alike.
    """

    entries_in: ClassVar[str]
    before: ClassVar[timedelta]
    after: ClassVar[timedelta]
    is_decisive: ClassVar[bool]
    nothing: ClassVar[str]

    def __init__(self, adapter: TableAdapter) -> None:
        """adapter: reads refusals."""
        self._adapter = adapter

    def is_url_needed(self, account: Account) -> bool:
        """Tell that no URL of ours is looked for."""
        del account
        return False

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the call for a page of the list; None without a submit to look for."""
        if asking.since is None or asking.body is None:
            return None
        url = self.build_page_url(asking, asking.since - self.before, asking.since + self.after)
        return HttpCall("GET", url, self._adapter.build_headers(asking.account))

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Collect what is alike, through all pages."""
        page = read_page(self._adapter, answer, self.entries_in)
        if isinstance(page, Unanswered):
            return page
        parsed, entries = page
        before = () if asking.page is None else asking.page["found"]
        found = [*before, *(one for one in entries if self.is_like(asking, one))]
        following = self.read_next_page(asking, parsed, entries)
        if following is not None:
            return More({**following, "found": found})
        said = [said for one in found if (said := self.observe(one)) is not None]
        if not said:
            return NotSeen(self.nothing)
        return Alike(said, is_decisive=self.is_decisive)

    def build_page_url(self, asking: Asking, begin: datetime, end: datetime) -> str:
        """Return the URL of a page of the tasks of a time. asking.page: of `next_page`, or None."""
        raise NotImplementedError

    def read_next_page(
        self, asking: Asking, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Return what leads to the page after this one; None at the end."""
        raise NotImplementedError

    def is_like(self, asking: Asking, entry: Any) -> bool:
        """Tell whether an entry may be the task."""
        raise NotImplementedError

    def observe(self, entry: Any) -> Observation | None:
        """Say that a task exists, by its id; None where the entry has none."""
        raise NotImplementedError
