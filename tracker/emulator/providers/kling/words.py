"""Scenario words: what each does and what may follow its `=`. A table, no behaviour.

Source of the oddities: reference: Kling API, deviations of gateways, as of 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["SPECS", "Name", "Param", "Spec"]


class Name(StrEnum):
    """Every scenario word."""

    OK = "ok"
    FAILED = "failed"
    MODERATED = "moderated"
    REFUSED = "refused"
    SLOW = "slow"
    HOLD = "hold"
    STUCK = "stuck"
    NO_CALLBACK = "no_callback"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    DELAYED = "delayed"
    FORGED = "forged"
    BAD_SIGNATURE = "bad_signature"
    UNSIGNED = "unsigned"
    STALE_SIGNATURE = "stale_signature"
    CALLBACK_FIRST = "callback_first"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    DOWN = "down"
    ERROR_5000_LOST = "error_5000_lost"
    ERROR_5000_CREATED = "error_5000_created"
    ERROR_5002_LOST = "error_5002_lost"
    ERROR_5002_CREATED = "error_5002_created"
    HTML_ERROR = "html_error"
    HTML_ERROR_CREATED = "html_error_created"
    CUT_BEFORE_ACCEPT = "cut_before_accept"
    CUT_AFTER_ACCEPT = "cut_after_accept"
    TIMEOUT = "timeout"
    LAX_IDS = "lax_ids"
    UNKNOWN_WORD = "unknown_word"
    UPPER_CASE = "upper_case"
    SECONDS = "seconds"
    ENVELOPED = "enveloped"
    OTHER_ID = "other_id"
    THIN_CALLBACK = "thin_callback"
    CODE_STRING = "code_string"
    FORGOTTEN = "forgotten"
    MUTE_QUERY = "mute_query"
    SLOW_QUERY = "slow_query"
    HTML_QUERY = "html_query"
    HTML_OK = "html_ok"
    CODE = "code"
    SHAPE = "shape"
    MSG = "msg"
    NO_REQUEST_ID = "no_request_id"
    WORD_ERRORS = "word_errors"
    ID_FIELD = "id_field"
    ID_FORM = "id_form"
    STATUS_FIELD = "status_field"
    VOCABULARY = "vocabulary"
    TIMES = "times"
    TIME_FIELDS = "time_fields"
    RESULT = "result"
    DURATION = "duration"
    REASON = "reason"
    PROGRESS = "progress"
    INFO = "info"
    EXTERNAL = "external"
    CALLBACK_FIELD = "callback_field"
    MIXED = "mixed"


class Param(StrEnum):
    """What may follow the `=` of a scenario word."""

    NONE = "none"
    COUNT = "count"
    SECONDS = "seconds"
    TRIES = "tries"
    """A count (`3`) or a time (`2s`): how long something goes wrong."""
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Spec:
    """One scenario word: what it does and what it takes."""

    summary: str
    param: Param = Param.NONE
    default: str = ""
    choices: tuple[str, ...] = ()
    """Allowed words; empty: any."""


def _one(summary: str, *choices: str) -> Spec:
    """A word that takes one of these; the first when it stands alone."""
    return Spec(summary, Param.WORD, choices[0], choices)


SPECS: Mapping[Name, Spec] = MappingProxyType(
    {
        Name.OK: Spec("submitted, processing, succeed, each called back once"),
        Name.FAILED: Spec("accepted, later failed"),
        Name.MODERATED: Spec("accepted, later failed with the risk control text"),
        Name.REFUSED: Spec("refused at create: HTTP 400, code 1301"),
        Name.SLOW: Spec("every step takes N seconds", Param.SECONDS, "30"),
        Name.HOLD: Spec("nothing moves by itself; move it by the control route"),
        Name.STUCK: Spec("reaches processing and stays there"),
        Name.NO_CALLBACK: Spec("no callback is ever sent (also: silent)"),
        Name.DUPLICATED: Spec("each callback N times at once", Param.COUNT, "3"),
        Name.REORDERED: Spec("the verdict is called back before processing is"),
        Name.DELAYED: Spec("callbacks N seconds late", Param.SECONDS, "10"),
        Name.FORGED: Spec("two forged callbacks: wrong last path segment, and another task's ids"),
        Name.BAD_SIGNATURE: Spec("callbacks carry a signature that does not match"),
        Name.UNSIGNED: Spec("callbacks carry no signature although a secret is set"),
        Name.STALE_SIGNATURE: Spec("callbacks are signed with a time ten minutes ago"),
        Name.CALLBACK_FIRST: Spec(
            "callbacks are answered before the create is: up to the verdict, or to processing",
            Param.WORD,
            "verdict",
            ("verdict", "processing"),
        ),
        Name.BUSY: Spec("HTTP 429, code 1303 for the first N creates", Param.TRIES, "2"),
        Name.RATE_LIMITED: Spec("HTTP 429, code 1302, Retry-After, N creates", Param.TRIES, "2"),
        Name.UNAVAILABLE: Spec("HTTP 503, code 5001 for the first N creates", Param.TRIES, "2"),
        Name.DOWN: Spec("as the global scenario: every call is answered HTTP 503, code 5001"),
        Name.ERROR_5000_LOST: Spec("HTTP 500, code 5000, not created", Param.TRIES, "1"),
        Name.ERROR_5000_CREATED: Spec("HTTP 500, code 5000, but created"),
        Name.ERROR_5002_LOST: Spec("HTTP 504, code 5002, not created", Param.TRIES, "1"),
        Name.ERROR_5002_CREATED: Spec("HTTP 504, code 5002, but created"),
        Name.HTML_ERROR: Spec("HTTP 502 with an HTML page, not created", Param.TRIES, "1"),
        Name.HTML_ERROR_CREATED: Spec("HTTP 502 with an HTML page, but created"),
        Name.CUT_BEFORE_ACCEPT: Spec("connection aborted, not created", Param.TRIES, "1"),
        Name.CUT_AFTER_ACCEPT: Spec("created, then the connection is aborted with no answer"),
        Name.TIMEOUT: Spec("created, then never answered"),
        Name.LAX_IDS: Spec("an external id may be used twice: counts what was really sent"),
        Name.UNKNOWN_WORD: Spec("an extra status word before processing", Param.WORD, "marinating"),
        Name.UPPER_CASE: Spec("status words in capitals"),
        Name.SECONDS: Spec("times in whole seconds"),
        Name.ENVELOPED: Spec("callback bodies inside the answer envelope"),
        Name.OTHER_ID: Spec("callbacks name another task id than the create answer did"),
        Name.THIN_CALLBACK: Spec("callbacks list only images and videos, nothing else"),
        Name.CODE_STRING: Spec('code is "success" instead of 0'),
        Name.FORGOTTEN: Spec("not found by queries N s after creation", Param.SECONDS, "0"),
        Name.MUTE_QUERY: Spec("the first N queries answer HTTP 500, code 5000", Param.TRIES, "3"),
        Name.SLOW_QUERY: Spec("queries are answered after N seconds", Param.SECONDS, "2"),
        Name.HTML_QUERY: Spec("the first N queries answer HTTP 404 and a page", Param.TRIES, "3"),
        Name.HTML_OK: Spec("the first N queries answer HTTP 200 and a page", Param.TRIES, "3"),
        Name.CODE: _one("code of a success", "200", "1000", "success", "none"),
        Name.SHAPE: _one(
            "where the task lies in an answer: alone, in data.data, in data.data.data, in a list",
            *("bare", "nested", "deeper", "listed"),
        ),
        Name.MSG: Spec("msg instead of message"),
        Name.NO_REQUEST_ID: Spec("no request_id"),
        Name.WORD_ERRORS: Spec("errors have a word as code, and data: null"),
        Name.ID_FIELD: _one(
            "what the task id is called", "id", "taskId", "taskNo", "JobId", "request_id"
        ),
        Name.ID_FORM: _one("what task ids look like", "ulid", "uuid", "base64", "qvideo", "number"),
        Name.STATUS_FIELD: _one("what the status is called", "status", "state"),
        Name.VOCABULARY: _one(
            "whose status words",
            *("openai", "new_api", "piapi", "qiniu", "tencent", "relay", "cancelling"),
        ),
        Name.TIMES: _one("how times look", "digits", "rfc3339", "plain", "zero", "absent"),
        Name.TIME_FIELDS: _one("what times are called", "create_time", "submit_time"),
        Name.RESULT: _one(
            "where the result lies",
            *("url", "video_url", "output", "list", "result_url", "metadata"),
            *("ResultVideoUrl", "outputs", "images"),
        ),
        Name.DURATION: _one("durations as numbers", "int", "float"),
        Name.REASON: _one(
            "where the reason of a failure lies",
            *("message", "fail_reason", "error_message", "error", "error_info", "ErrorMessage"),
        ),
        Name.PROGRESS: _one("a progress is told", "percent", "number"),
        Name.INFO: _one("task_info", "empty", "null", "missing"),
        Name.EXTERNAL: _one("the external id at the top level", "external_task_id", "external_id"),
        Name.CALLBACK_FIELD: _one(
            "the callback URL is read from another field only", "callBackUrl", "callbackUrl"
        ),
        Name.MIXED: Spec("new-standard tasks: id and status, but legacy words and task_result"),
    }
)
