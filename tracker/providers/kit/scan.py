"""The provider's list of tasks, newest first: walked for those that a restored database lacks, and
searched for a lost submit by its mark, which the list repeats: our callback URL.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.outcome import LookupOutcome, More, NotSeen, Observed, Unanswered
from tracker.providers.kit.reading import find_first_instant, find_first_text
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Finds
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest

CLOCK_MARGIN = timedelta(minutes=10)
"""How far the provider's clock may be off, where a scan stops at what is older than the submit."""


class ListScan(TableAdapter):
    """Walks a list that is newest first. Classes with another mark override what concerns it.

    entries_in: the field of the list's answer that holds the tasks.
    mark_in:    the field of a task that repeats our callback URL, `a.b` for one within another;
                empty where none does.
    made_in:    the field of a task that holds the time of its create.
    """

    entries_in: ClassVar[str]
    mark_in: ClassVar[str] = ""
    made_in: ClassVar[str] = "created_at"

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that a lost submit is found by its mark, and that silence proves nothing."""
        del account
        return Finds.BY_SCAN

    def is_url_needed(self, account: Account) -> bool:
        """Tell that a scan looks for our callback URL, which is its mark."""
        del account
        return True

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the call for a page of the list; None without a URL of ours to look for."""
        if asking.callback_url is None and self.is_url_needed(asking.account):
            return None
        url = self.list_url(asking.account, asking.page)
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Look for our mark; go on while entries are younger than the submit."""
        page = read_page(self, answer, self.entries_in)
        if isinstance(page, Unanswered):
            return page
        parsed, entries = page
        for entry in entries:
            if not self.is_marked(asking, entry):
                continue
            if (said := self.observe(asking.account, asking.task, entry)) is not None:
                return Observed(said)
        following = self.read_next_page(asking, parsed, entries)
        if following is None or self._is_past(asking, entries):
            return NotSeen("no entry of the provider's list carries this task's mark")
        return More(following)

    def build_list(self, request: ListRequest) -> HttpCall | None:
        """Build the call for a page of the account's tasks."""
        url = self.list_url(request.account, request.page)
        return HttpCall("GET", url, self.build_headers(request.account))

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        """Read a page; it leads on until one holds nothing of the time asked for."""
        page = read_page(self, answer, self.entries_in)
        if isinstance(page, Unanswered):
            return page
        parsed, entries = page
        young = [one for one in entries if not self._is_older(one, request.since)]
        found = [
            ListedTask(
                self.read_operation(one),
                said.provider_task_id,
                callback_url=find_first_text(one, (self.mark_in,)),
            )
            for one in young
            if (said := self.observe(request.account, None, one)) is not None
            and said.provider_task_id is not None
        ]
        return ListedPage(found, self.read_next_page(request, parsed, entries) if young else None)

    def read_operation(self, entry: Any) -> str:
        """Return an operation as whose task an entry can be asked for: the first one there is."""
        del entry
        return next(iter(self.creates))

    def list_url(self, account: Account, page: Mapping[str, Any] | None) -> str:
        """Return the URL of a page of the list. page: of `next_page`; None for the first."""
        raise NotImplementedError

    def read_next_page(
        self, asking: Asking | ListRequest, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Return what leads to the page after this one; None at the end."""
        raise NotImplementedError

    def is_marked(self, asking: Asking, entry: Any) -> bool:
        """Tell whether an entry of the list carries the task's mark: our callback URL."""
        mark = find_first_text(entry, (self.mark_in,))
        return mark is not None and _find_target(mark) == _find_target(asking.callback_url or "")

    def _is_past(self, asking: Asking, entries: Sequence[Any]) -> bool:
        """Tell whether the list has reached tasks that are certainly older than the submit."""
        return (
            bool(entries) and asking.since is not None and self._is_older(entries[-1], asking.since)
        )

    def _is_older(self, entry: Any, than: datetime) -> bool:
        """Tell whether a task was certainly made before; not where no time says so."""
        made = find_first_instant(entry, (self.made_in,))
        return made is not None and made < than - CLOCK_MARGIN


def read_page(
    adapter: TableAdapter, answer: Answer, entries_in: str
) -> tuple[dict[str, Any], list[Any]] | Unanswered:
    """Return an answer that is a page of a list, and its entries.

    entries_in: the field of the answer that holds them.
    """
    if isinstance(answer, HttpFailure):
        return Unanswered(answer.reason)
    parsed = parse_answer(answer)
    entries = parsed.get(entries_in) if isinstance(parsed, dict) else None
    if answer.status >= 300 or not isinstance(entries, list):
        return Unanswered(
            adapter.describe_answer(answer, parsed),
            adapter.pause_s(answer, parsed),
            slow_down=answer.status == 429,
        )
    return parsed, entries


def _find_target(url: str) -> str:
    """Return the part of a callback URL that names the task.

    The address in front changes when the service moves, and the token behind it when its secrets
    are replaced: a task that was sent before either is found all the same.
    """
    try:
        names = urlsplit(url).path.split("/")[-3:-1]
    except ValueError:  # no URL
        names = []
    return "/".join(names) if len(names) == 2 and all(names) else url
