"""Scenario words of Kling and its gateways, besides the core's. A table, no behaviour.

Source of the deviations: pages of gateways that relay Kling, read 2026-11.
"""

from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, Words, WordSpec, describe_choice

__all__ = ["KLING_WORDS", "KlingWord"]


class KlingWord(StrEnum):
    """The scenario words of Kling."""

    ERROR_5000_LOST = "error_5000_lost"
    ERROR_5000_CREATED = "error_5000_created"
    ERROR_5002_LOST = "error_5002_lost"
    ERROR_5002_CREATED = "error_5002_created"
    UPPER_CASE = "upper_case"
    SECONDS = "seconds"
    ENVELOPED = "enveloped"
    OTHER_ID = "other_id"
    THIN_CALLBACK = "thin_callback"
    CODE_STRING = "code_string"
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


KLING_WORDS: Words = MappingProxyType(
    {
        KlingWord.ERROR_5000_LOST: WordSpec(
            "HTTP 500, code 5000, not created", ParameterKind.TRIES, "1", aliases=("error_5000",)
        ),
        KlingWord.ERROR_5000_CREATED: WordSpec("HTTP 500, code 5000, but created"),
        KlingWord.ERROR_5002_LOST: WordSpec(
            "HTTP 504, code 5002, not created", ParameterKind.TRIES, "1", aliases=("error_5002",)
        ),
        KlingWord.ERROR_5002_CREATED: WordSpec("HTTP 504, code 5002, but created"),
        KlingWord.UPPER_CASE: WordSpec("status words in capitals"),
        KlingWord.SECONDS: WordSpec("times in whole seconds"),
        KlingWord.ENVELOPED: WordSpec("callback bodies inside the answer envelope"),
        KlingWord.OTHER_ID: WordSpec("callbacks name another task id than the create answer did"),
        KlingWord.THIN_CALLBACK: WordSpec("callbacks list only images and videos, nothing else"),
        KlingWord.CODE_STRING: WordSpec('code is "success" instead of 0'),
        KlingWord.CODE: describe_choice("code of a success", "200", "1000", "success", "none"),
        KlingWord.SHAPE: describe_choice(
            "where the task lies in an answer: alone, in data.data, in data.data.data, in a list",
            *("bare", "nested", "deeper", "listed"),
        ),
        KlingWord.MSG: WordSpec("msg instead of message"),
        KlingWord.NO_REQUEST_ID: WordSpec("no request_id"),
        KlingWord.WORD_ERRORS: WordSpec("errors have a word as code, and data: null"),
        KlingWord.ID_FIELD: describe_choice(
            "what the task id is called", "id", "taskId", "taskNo", "JobId", "request_id"
        ),
        KlingWord.ID_FORM: describe_choice(
            "what task ids look like", "ulid", "uuid", "base64", "qvideo", "number"
        ),
        KlingWord.STATUS_FIELD: describe_choice("what the status is called", "status", "state"),
        KlingWord.VOCABULARY: describe_choice(
            "whose status words",
            *("openai", "new_api", "piapi", "qiniu", "tencent", "relay", "cancelling"),
        ),
        KlingWord.TIMES: describe_choice(
            "how times look", "digits", "rfc3339", "plain", "zero", "absent"
        ),
        KlingWord.TIME_FIELDS: describe_choice(
            "what times are called", "create_time", "submit_time"
        ),
        KlingWord.RESULT: describe_choice(
            "where the result lies",
            *("url", "video_url", "output", "list", "result_url", "metadata"),
            *("ResultVideoUrl", "outputs", "images"),
        ),
        KlingWord.DURATION: describe_choice("durations as numbers", "int", "float"),
        KlingWord.REASON: describe_choice(
            "where the reason of a failure lies",
            *("message", "fail_reason", "error_message", "error", "error_info", "ErrorMessage"),
        ),
        KlingWord.PROGRESS: describe_choice("a progress is told", "percent", "number"),
        KlingWord.INFO: describe_choice("task_info", "empty", "null", "missing"),
        KlingWord.EXTERNAL: describe_choice(
            "the external id at the top level", "external_task_id", "external_id"
        ),
        KlingWord.CALLBACK_FIELD: describe_choice(
            "the callback URL is read from another field only", "callBackUrl", "callbackUrl"
        ),
        KlingWord.MIXED: WordSpec(
            "new-standard tasks: id and status, but legacy words and task_result"
        ),
    }
)
