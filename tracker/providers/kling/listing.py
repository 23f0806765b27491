"""List an account's tasks: each operation's path lists its own, page by page."""

from datetime import timedelta

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.outcome import Unanswered
from tracker.providers.kit.reading import find_first_instant
from tracker.providers.kling import answers, calls, profiles
from tracker.providers.kling.operations import OPERATIONS
from tracker.providers.kling.options import KlingOptions
from tracker.providers.kling.parsing import observe
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest

_SIZE = 500
"""Tasks of a page; the most that it takes (https://kling.ai/document-api, read 2026-11)."""
_LAST_PAGE = 1000
_MARGIN = timedelta(minutes=10)
"""How far the provider's clock may be off."""
_NOT_SERVED = frozenset({400, 404, 405, 422})
"""Statuses of gateways that do not have a path."""
_PATHS = tuple(OPERATIONS)


class KlingLists:
    """Lists the tasks of the legacy dialect, whose paths gateways of its shapes have too."""

    def build_list(self, request: ListRequest) -> HttpCall | None:
        """Build the call for a page of the first operation, or of what follows."""
        account = request.account
        if (
            not profiles.find_profile(account).lists
            or account.get_options(KlingOptions).dialect == "standard"
        ):
            return None
        place, number = _decode_position(request)
        url = (
            f"{calls.build_legacy_root(account)}/{_PATHS[place]}?pageNum={number}&pageSize={_SIZE}"
        )
        return HttpCall("GET", url, calls.build_headers(account, request.now))

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        """Read a page; it leads to the next one until a page holds nothing of the time asked for.

        Paths that an account does not have list nothing.
        """
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        place, number = _decode_position(request)
        said = answers.Envelope(answer)
        is_missing = answer.status in _NOT_SERVED
        if not is_missing and (answer.status >= 300 or not isinstance(said.data, list)):
            return said.is_silent(answer)
        since = request.since - _MARGIN
        entries = said.data if isinstance(said.data, list) and not is_missing else []
        young = [
            one for one in entries if (find_first_instant(one, ("created_at",)) or since) >= since
        ]
        found = [
            ListedTask(_PATHS[place], read.provider_task_id, read.external_task_id)
            for one in young
            if (read := observe(one)) is not None and read.provider_task_id is not None
        ]
        if young and number < _LAST_PAGE:
            return ListedPage(found, {"place": place, "number": number + 1})
        last = place + 1 == len(_PATHS)
        return ListedPage(found, None if last else {"place": place + 1, "number": 1})


def _decode_position(request: ListRequest) -> tuple[int, int]:
    """Return the place of the operation and the number of the page."""
    page = request.page or {"place": 0, "number": 1}
    return int(page["place"]), int(page["number"])
