"""Vidu's subjects: pictures under a name, which videos refer to by the id of the answer.

Source: the provider's page as public code has it (https://api.vidu.cn/ent/v2/subjects, read
2026-11-30).
"""

from collections.abc import Callable, Mapping, Sequence

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.journal import BoundedDict
from tracker.emulator.core.refusals import CodedRefusal

__all__ = ["SubjectApi"]

_PATH = "/ent/v2/subjects"
_MOST, _CREDITS = 1000, 5


class SubjectApi:
    """The handlers of the path."""

    def __init__(self, account_of: Callable[[ApiCall], str], new_id: Callable[[], object]) -> None:
        """Start with none; the oldest go beyond a thousand."""
        self._account_of, self._new_id = account_of, new_id
        self._subjects: BoundedDict[tuple[str, str], Mapping[str, object]] = BoundedDict(_MOST)

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", _PATH, self._add),
            ApiRoute("GET", _PATH, self._list),
            ApiRoute("PUT", f"{_PATH}/{{id}}", self._change),
        )

    async def _add(self, call: ApiCall) -> Reply:
        body, account = call.parse_object(), self._account_of(call)
        if not body.get("name"):
            raise CodedRefusal(400, "FieldInvalid", "name is required")
        id_ = str(self._new_id())
        subject = {**body, "id": id_, "credits": _CREDITS}
        self._subjects[account, id_] = subject
        return Reply(subject)

    async def _change(self, call: ApiCall) -> Reply:
        body, key = call.parse_object(), (self._account_of(call), call.values["id"])
        known = self._subjects.get(key)
        if known is None:
            raise CodedRefusal(404, "NotFound", "there is no such subject")
        if body.get("id") != key[1]:
            raise CodedRefusal(400, "FieldInvalid", "id is required")
        self._subjects[key] = subject = {**known, **body}
        return Reply(subject)

    async def _list(self, call: ApiCall) -> Reply:
        account = self._account_of(call)
        found = [one for (owner, _), one in self._subjects.items() if owner == account]
        return Reply({"subjects": found, "next_page_token": "", "count": len(found)})
