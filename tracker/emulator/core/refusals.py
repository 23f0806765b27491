"""Reasons for which a call is refused or broken, before a provider words them."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["BrokenAnswer", "BrokenAnswerSignal", "CodedRefusal", "Refusal", "RefusalKind"]


class RefusalKind(StrEnum):
    """A reason to refuse a call; each provider gives it a status, a code and a text."""

    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    MODERATED = "moderated"
    DUPLICATE_ID = "duplicate_id"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    INTERNAL_TIMEOUT = "internal_timeout"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not_found"
    GONE = "gone"
    TOO_LATE = "too_late"
    TOO_LARGE = "too_large"
    NO_SUCH_PATH = "no_such_path"
    WRONG_METHOD = "wrong_method"

    @property
    def http_status(self) -> int:
        """The usual HTTP status, for providers that have no other."""
        return _HTTP_STATUS[self]


_HTTP_STATUS = {
    RefusalKind.INVALID: 400,
    RefusalKind.UNAUTHORIZED: 401,
    RefusalKind.MODERATED: 400,
    RefusalKind.DUPLICATE_ID: 409,
    RefusalKind.BUSY: 429,
    RefusalKind.RATE_LIMITED: 429,
    RefusalKind.INTERNAL: 500,
    RefusalKind.INTERNAL_TIMEOUT: 504,
    RefusalKind.UNAVAILABLE: 503,
    RefusalKind.NOT_FOUND: 404,
    RefusalKind.GONE: 410,
    RefusalKind.TOO_LATE: 409,
    RefusalKind.TOO_LARGE: 413,
    RefusalKind.NO_SUCH_PATH: 404,
    RefusalKind.WRONG_METHOD: 405,
}


class Refusal(Exception):
    """A refused call: the reason, a text and perhaps when to come back."""

    def __init__(
        self,
        kind: RefusalKind,
        message: str,
        *,
        retry_after: int | None = None,
        status: int | None = None,
    ) -> None:
        """Take a reason, the text for the caller, seconds to wait, and an unusual HTTP status."""
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.status = kind.http_status if status is None else status

    def find_status_and_code(
        self, known: Mapping[RefusalKind, tuple[int, int | str]], code: int | str
    ) -> tuple[int, int | str]:
        """Return its HTTP status and its provider's code, which the table may know."""
        return known.get(self.kind, (self.status, code))


class CodedRefusal(Refusal):
    """A refused call with the HTTP status and the code that its provider gives it."""

    def __init__(self, status: int, code: int | str, message: str) -> None:
        """Take the HTTP status, the provider's own code, and the text for the caller."""
        super().__init__(RefusalKind.INVALID, message, status=status)
        self.code = code

    def find_status_and_code(
        self, known: Mapping[RefusalKind, tuple[int, int | str]], code: int | str
    ) -> tuple[int, int | str]:
        """Return its own: no table knows better."""
        del known, code
        return self.status, self.code


class BrokenAnswer(StrEnum):
    """Answers that are no answer of any protocol."""

    CUT = "cut"
    """The connection is aborted."""
    SILENCE = "silence"
    """Nothing is ever answered."""
    HTML = "html"
    """HTTP 502 with a page, as a proxy in between sends it."""
    HTML_NOT_FOUND = "html 404"
    """HTTP 404 with a page, as a wrong host sends it."""
    HTML_OK = "html 200"
    """HTTP 200 with a page, as a captive portal sends it."""


class BrokenAnswerSignal(Exception):
    """Carries a broken answer out of a handler."""

    def __init__(self, how: BrokenAnswer) -> None:
        """Remember which."""
        super().__init__(how)
        self.how = how
