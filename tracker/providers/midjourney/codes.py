"""Answers of a submit without a task: the codes of each kind of proxy, and what they prove.

Errors come with HTTP 200 and a `code`; gateways use 4xx besides. One code may say that nothing was
made, or that nobody knows: then the text decides, and what no table knows is unknown.

Sources: ReturnCode and SubmitController of https://github.com/novicezk/midjourney-proxy,
https://github.com/trueai-org/midjourney-proxy (ReturnCode, DiscordInstance), and
https://github.com/QuantumNous/new-api (relay/mjproxy_handler.go), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from types import MappingProxyType

from tracker.domain.outcome import DeferralScope, Deferred, Refused, SubmitOutcome, Unknown
from tracker.providers.midjourney.options import Kind

QUOTA = "quota_not_enough"
"""The gateway's word for a lack of money, and our code for it."""


class Proves(Enum):
    """The conclusion from a code, or from its text."""

    REFUSED = auto()
    MONEY = auto()
    """Refused for the account's money."""
    WAIT = auto()
    """Not made: the proxy's queue, or its accounts, are used up."""
    UNKNOWN = auto()


Rule = Proves | Sequence[tuple[re.Pattern[str], Proves]]
"""A conclusion, or conclusions by text, of which the first that fits counts."""
_ANY = re.compile("")
_LIMIT = re.compile(
    r"上限|队列已满|queue.{0,12}full|负载已饱和|too many|limit (reached|exceeded)|封锁|封禁",
    re.IGNORECASE,
)
_NO_ACCOUNT = re.compile(
    r"无可用的?账[号户]|没有可用的?账[号户]|no (available|usable) account", re.IGNORECASE
)
_BROKEN = re.compile(
    r"异常|exception|do_request_failed|read_response_body_failed|unmarshal\w*_failed"
    r"|insert_midjourney_task_failed|get_channel_info_failed|timeout|超时",
    re.IGNORECASE,
)
_MONEY = re.compile(
    rf"{QUOTA}|insufficient.{{0,12}}(quota|balance)|额度不足|余额不足", re.IGNORECASE
)
_MISSING: Rule = ((_NO_ACCOUNT, Proves.WAIT), (_ANY, Proves.REFUSED))
_BY_TEXT: Rule = (
    (_BROKEN, Proves.UNKNOWN),
    (_MONEY, Proves.MONEY),
    (_LIMIT, Proves.WAIT),
    (_NO_ACCOUNT, Proves.WAIT),
    (_ANY, Proves.REFUSED),
)
_VALIDATION: Rule = ((_BROKEN, Proves.UNKNOWN), (_ANY, Proves.REFUSED))
_FAILURE: Rule = ((re.compile(r"队列已满|queue.{0,12}full", re.IGNORECASE), Proves.WAIT),)
_COMMON: Mapping[str, Rule] = {
    "3": _MISSING,
    "4": _BY_TEXT,
    "9": _FAILURE,
    "23": Proves.WAIT,
    "24": Proves.REFUSED,
}
_OF_GATEWAYS: Mapping[str, Rule] = {
    "5": Proves.UNKNOWN,
    "30": Proves.WAIT,
    # Statuses of HTTP that relays tell as a code in an answer of 200.
    **dict.fromkeys(("400", "413", "422"), _VALIDATION),
    "402": Proves.MONEY,
    "429": Proves.WAIT,
}
CODES: Mapping[Kind, Mapping[str, Rule]] = MappingProxyType(
    {
        # Its code 4 is validation alone; a text about an exception comes from a fork of it.
        Kind.NOVICEZK: {**_COMMON, "4": _VALIDATION, "9": Proves.UNKNOWN},
        Kind.TRUEAI: _COMMON,
        Kind.NEW_API: {**_COMMON, **_OF_GATEWAYS},
        Kind.PLAIN: {**_COMMON, **_OF_GATEWAYS},
    }
)
ACCEPTED = frozenset({"1", "21", "22"})


def get_proof(kind: Kind, code: str, text: str) -> Proves:
    """Return what a code of a kind of proxy proves about a create that has no task."""
    rule = CODES[kind].get(code, Proves.UNKNOWN)
    if isinstance(rule, Proves):
        return rule
    return next((proves for words, proves in rule if words.search(text)), Proves.UNKNOWN)


def judge_code(
    kind: Kind, code: str, text: str, *, words: str, pause_s: float | None
) -> SubmitOutcome:
    """Return the outcome of a submit that was answered by a code and without a task.

    words: the answer for people. pause_s: seconds that it asks us to wait.
    """
    match get_proof(kind, code, text):
        case Proves.REFUSED:
            return Refused(code, words)
        case Proves.MONEY:
            return Refused(QUOTA, words, blames_account=True)
        case Proves.WAIT:
            return Deferred(code, words, pause_s, scope=DeferralScope.ACCOUNT)
        case Proves.UNKNOWN:
            return Unknown(words, code)
