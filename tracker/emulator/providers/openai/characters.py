"""OpenAI's characters: the short video of one under a name, which creates of videos name by id.

Source: https://github.com/openai/openai-python (3.57.0, resources/videos.py), read 2026-12-01.
"""

from collections.abc import Callable, Mapping, Sequence

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.journal import BoundedDict
from tracker.emulator.core.multipart import parse_form
from tracker.emulator.core.refusals import CodedRefusal

__all__ = ["CharacterApi"]

_PATH = "/v1/videos/characters"
_MOST = 1000


class CharacterApi:
    """The handlers of the paths."""

    def __init__(self, account_of: Callable[[ApiCall], str], now_s: Callable[[], int]) -> None:
        """Start with none; the oldest go beyond a thousand."""
        self._account_of, self._now_s = account_of, now_s
        self._made = 0
        self._known: BoundedDict[tuple[str, str], Mapping[str, object]] = BoundedDict(_MOST)

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (ApiRoute("POST", _PATH, self._add), ApiRoute("GET", f"{_PATH}/{{id}}", self._get))

    async def _add(self, call: ApiCall) -> Reply:
        account = self._account_of(call)
        parts = {part.name: part for part in parse_form(call)}
        name, video = parts.get("name"), parts.get("video")
        if name is None or video is None or not video.filename:
            raise CodedRefusal(400, "invalid_request", "name and video are required")
        self._made += 1
        id_ = f"char_{self._made:032x}"
        shown = name.content.decode("utf-8", "replace")
        made = {"id": id_, "name": shown, "created_at": self._now_s()}
        self._known[account, id_] = made
        return Reply(made)

    async def _get(self, call: ApiCall) -> Reply:
        found = self._known.get((self._account_of(call), call.values["id"]))
        if found is None:
            raise CodedRefusal(404, "not_found", "there is no such character")
        return Reply(found)
