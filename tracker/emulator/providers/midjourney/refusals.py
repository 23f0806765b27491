"""Refusals and faults of Midjourney proxies, in the words of each kind. Tables.

Sources: ReturnCode of https://github.com/novicezk/midjourney-proxy; relay/mjproxy_handler.go of
https://github.com/QuantumNous/new-api; read 2026-11.
"""

from collections.abc import Callable, Mapping
from functools import partial

from tracker.emulator.core.calls import Reply
from tracker.emulator.core.faults import FaultTables, Trouble
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.midjourney.operations import ProxyKind
from tracker.emulator.providers.midjourney.words import MidjourneyWord

__all__ = [
    "FAULTS",
    "MidjourneyRefusal",
    "build_coded_refusal",
    "raise_after",
    "raise_before",
    "reply_of",
]

_EMPTY = Reply(b"", 200)


class MidjourneyRefusal(Refusal):
    """A refused call with an answer of its own."""

    def __init__(self, answer: Reply) -> None:
        """Take the answer."""
        super().__init__(RefusalKind.INVALID, "refused")
        self.answer = answer


def build_coded_refusal(code: int, description: str, status: int = 200) -> MidjourneyRefusal:
    """Make a refusal by a code, which comes with HTTP 200 unless a gateway says it."""
    body: dict[str, object] = {"code": code, "description": description, "properties": {}}
    if status == 200:
        return MidjourneyRefusal(Reply({**body, "result": None}))
    answer = {"description": description, "type": "upstream_error", "code": code}
    return MidjourneyRefusal(Reply(answer, status))


def _make_trouble(make: Callable[[], MidjourneyRefusal]) -> Trouble:
    return make


_SATURATED = "当前分组负载已饱和，请稍后再试，或升级账户以提升服务质量。"
FAULTS = FaultTables(
    before={
        MidjourneyWord.QUEUE_FULL: _make_trouble(
            partial(build_coded_refusal, 23, "队列已满，请稍后尝试")
        ),
        MidjourneyWord.NO_ACCOUNT: _make_trouble(
            partial(build_coded_refusal, 3, "无可用的账号实例")
        ),
        MidjourneyWord.SATURATED: _make_trouble(partial(build_coded_refusal, 30, _SATURATED, 429)),
    }
)
_LIMITS = {"concurrent": "并发数已达上限", "queue": "队列数已达上限"}
_MAY_BE_MADE: Mapping[str, Callable[[], MidjourneyRefusal]] = {
    MidjourneyWord.CODE_9: partial(build_coded_refusal, 9, "提交失败"),
    MidjourneyWord.EXCEPTION: partial(build_coded_refusal, 4, "提交Imagine任务异常"),
    MidjourneyWord.EMPTY_ANSWER: lambda: MidjourneyRefusal(_EMPTY),
}


def raise_before(scenario: Scenario) -> None:
    """Raise the refusal that a scenario wants of a create which makes nothing."""
    if scenario.has(MidjourneyWord.BANNED):
        refusal = build_coded_refusal(24, "可能包含敏感词")
        refusal.answer.body["properties"] = {"promptEn": "a cat", "bannedWord": "cat"}  # type: ignore[index]
        raise refusal
    if scenario.has(MidjourneyWord.LIMIT):
        raise build_coded_refusal(4, _LIMITS[scenario.read_word(MidjourneyWord.LIMIT)])
    if scenario.has(MidjourneyWord.QUOTA):
        raise build_coded_refusal(4, "quota_not_enough", 400)
    for word, make in _MAY_BE_MADE.items():
        if scenario.has(word) and scenario.read_word(word) == "lost":
            raise make()


def raise_after(scenario: Scenario) -> None:
    """Raise the refusal that a scenario wants of a create which made its task."""
    for word, make in _MAY_BE_MADE.items():
        if scenario.has(word):
            raise make()
    if scenario.has(MidjourneyWord.GATEWAY_ERROR):
        text = scenario.read_word(MidjourneyWord.GATEWAY_ERROR)
        raise build_coded_refusal(5 if text == "empty_response_body" else 4, text, 400)


def reply_of(kind: ProxyKind, refusal: Refusal) -> Reply:
    """Word a refusal as a kind of proxy does."""
    if isinstance(refusal, MidjourneyRefusal):
        return refusal.answer
    status = refusal.kind.http_status
    is_gateway = kind is ProxyKind.NEW_API
    match refusal.kind:
        case RefusalKind.NOT_FOUND | RefusalKind.GONE:
            return _build_absence(kind)
        case RefusalKind.UNAUTHORIZED if is_gateway:
            error = {"message": "无效的令牌", "type": "new_api_error"}
            return Reply({"error": error}, 401)
        case RefusalKind.UNAUTHORIZED:
            return Reply(b"" if kind is ProxyKind.NOVICEZK else "未登录".encode(), 401)
        case RefusalKind.BUSY if not is_gateway:
            return build_coded_refusal(23, "队列已满，请稍后尝试").answer
        case RefusalKind.RATE_LIMITED if not is_gateway:
            headers = {} if refusal.retry_after is None else {"retry-after": "1"}
            return Reply(b"", 429, headers)
        case RefusalKind.BUSY | RefusalKind.RATE_LIMITED:
            headers = {} if refusal.retry_after is None else {"retry-after": "1"}
            body = {"description": _SATURATED, "type": "upstream_error", "code": 30}
            return Reply(body, 429, headers)
        case RefusalKind.MODERATED:
            return build_coded_refusal(24, "可能包含敏感词").answer
        case RefusalKind.INVALID:
            return build_coded_refusal(4, refusal.message, 400 if is_gateway else 200).answer
        case _:
            return Reply({"error": {"message": refusal.message}}, status)


def _build_absence(kind: ProxyKind) -> Reply:
    match kind:
        case ProxyKind.NEW_API:
            return build_coded_refusal(4, "task_no_found", 400).answer
        case ProxyKind.TRUEAI:
            return Reply(b"", 204)
        case _:
            return _EMPTY
