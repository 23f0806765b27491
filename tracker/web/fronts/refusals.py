"""Exception class → why a front refuses a call."""

from starlette.requests import ClientDisconnect

from tracker.domain.errors import (
    BeingSent,
    BudgetExceeded,
    Conflict,
    CredentialFault,
    FieldError,
    Forbidden,
    ForeignPage,
    IdempotencyInFlight,
    InvalidRequest,
    NotFound,
    RateLimited,
    TrackerError,
    Unauthenticated,
    Unavailable,
)
from tracker.domain.exchange import Certainty
from tracker.providers.ports.front_call import Fault, FrontRefusal
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import UnsupportedEncoding

_OF_KEYS = {
    CredentialFault.MISSING: Fault.NO_KEY,
    CredentialFault.INVALID: Fault.BAD_KEY,
    CredentialFault.NOT_YET: Fault.EARLY_KEY,
    CredentialFault.EXPIRED: Fault.EXPIRED_KEY,
}
_INTERNAL = "internal error; the fault is recorded under this request id"


class ProviderAway(TrackerError):
    """The provider gave no answer. certainty: whether it may have heard the question."""

    def __init__(self, reason: str, certainty: Certainty) -> None:
        super().__init__(reason)
        self.certainty = certainty


def build_refusal(error: Exception) -> FrontRefusal:
    """Return why the call is refused that raised `error`."""
    fault = _make_fault(error)
    message = _INTERNAL if fault is Fault.INTERNAL else str(error)
    fields = error.fields if isinstance(error, InvalidRequest) else ()
    return FrontRefusal(fault, message, fields)


def _make_fault(error: Exception) -> Fault:
    match error:
        case InvalidRequest(fields=[FieldError(path="operation")]):
            return Fault.NOT_SERVED
        case InvalidRequest(malformed=True, fields=fields) if not any(f.path for f in fields):
            return Fault.UNREADABLE
        case InvalidRequest():
            return Fault.INVALID
        case BeingSent() | IdempotencyInFlight():
            return Fault.BUSY
        case Unauthenticated(fault=fault):
            return _OF_KEYS[fault]
        case ProviderAway(certainty=certainty):
            was_heard = certainty is not Certainty.NOT_SENT
            return Fault.PROVIDER_UNKNOWN if was_heard else Fault.UNAVAILABLE
        case _:
            rows = (fault for kind, fault in _FAULTS.items() if isinstance(error, kind))
            return next(rows, Fault.INTERNAL)


_FAULTS: dict[type[Exception], Fault] = {
    NotFound: Fault.NOT_FOUND,
    Conflict: Fault.CONFLICT,
    Forbidden: Fault.FORBIDDEN,
    ForeignPage: Fault.FORBIDDEN,
    BudgetExceeded: Fault.NO_MONEY,
    RateLimited: Fault.RATE_LIMITED,
    Unavailable: Fault.UNAVAILABLE,
    WrongMediaType: Fault.MEDIA_TYPE,
    UnsupportedEncoding: Fault.ENCODING,
    BodyTooLarge: Fault.TOO_LARGE,
    BodyTooSlow: Fault.TOO_SLOW,
    ClientDisconnect: Fault.UNREADABLE,
}
