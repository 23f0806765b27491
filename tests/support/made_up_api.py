"""The made-up provider's API as tests play it: its answers, and which of them a call gets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.made_up_answers import Statement
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult


def build_answer(
    status: int = 200, /, headers: Mapping[str, str] | None = None, **body: Any
) -> HttpResult:
    """An answer of its API."""
    return HttpResult(status, headers or {}, json.dumps(body).encode())


def build_poll_answer(*said: Statement) -> HttpResult:
    """An answer to a poll or a scan."""
    return build_answer(tasks=list(said))


Reply = HttpResult | HttpFailure


@dataclass
class Played:
    """Its API as a test plays it: an answer for each path, which the test changes as it goes on."""

    make: Reply = field(default_factory=lambda: build_answer(id="theirs"))
    poll: Reply = field(default_factory=build_poll_answer)
    pages: Sequence[Reply] = ()
    cancel: Reply = field(default_factory=lambda: build_answer(cancel="asked"))
    followed: Mapping[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, call: HttpCall) -> Reply:
        """Answer one call; `asked` has its first path segment."""
        path = "/" + call.url.split("/", 3)[3]
        name = path.strip("/").split("?")[0].split("/")[0]
        self.asked.append(name)
        match name:
            case "make":
                return self.make
            case "cancel":
                return self.cancel
            case "list":
                return self.pages[int(path.rpartition("=")[2]) - 1]
            case "tasks":
                return self.poll
            case _:
                return self.followed[path]
