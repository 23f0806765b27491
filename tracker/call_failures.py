"""Words on why a call failed, for people who do not know the classes of HTTP libraries."""

import os
import re
from collections.abc import Iterator

_BY_CLASS = {
    "ConnectTimeout": "the connection took too long to be made",
    "ConnectError": "could not connect",
    "ReadError": "the connection was cut before the whole answer came",
    "ReadTimeout": "no answer came in time",
    "WriteError": "the connection was cut while the request was sent",
    "WriteTimeout": "the request could not be sent in time",
    "PoolTimeout": "no connection became free in time",
    "RemoteProtocolError": "the answer is not proper HTTP",
    "LocalProtocolError": "the request cannot be written as HTTP",
    "ProxyError": "the proxy did not connect",
    "UnsupportedProtocol": "the address is not one of HTTP",
    "InvalidURL": "the address is not valid",
}
"""Words by the class, which httpx and httpcore name alike
(https://www.python-httpx.org/exceptions/, read 2026-11)."""
_OTHER = "the call failed"
_UNTOLD = "All connection attempts failed"
"""Words of httpcore after all addresses of a host failed; the cause is chained to the exception."""
_GUARDED = "could not connect to any validated address: "
_NO_TRUST = re.compile(
    r"\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify failed: (.*) \(_ssl\.c:\d+\)"
)
_NO_TLS = re.compile(r"\[SSL(?:: \w+)?\] (.*) \(_ssl\.c:\d+\)")
"""Words of OpenSSL as Python's `ssl` gives them, with the line of its own source."""
_NUMBER = re.compile(r"\[Errno -?\d+\] ")


def explain_failure(error: BaseException) -> str:
    """Return why a call failed: what happened, and what the library knows more about it."""
    names = (one.__name__ for one in type(error).__mro__)
    words = next((_BY_CLASS[name] for name in names if name in _BY_CLASS), _OTHER)
    detail = _NUMBER.sub("", str(error).removeprefix(_GUARDED)).strip()
    detail = _NO_TRUST.sub(r"its certificate is not accepted: \1", detail)
    detail = _NO_TLS.sub(r"no TLS comes about: \1", detail)
    if _UNTOLD in detail:
        cause = next((os.strerror(one) for one in _iterate_system_errors(error)), _UNTOLD)
        detail = detail.replace(_UNTOLD, cause)
    return f"{words}: {detail}" if detail else words


def _iterate_system_errors(error: BaseException) -> Iterator[int]:
    """Yield the numbers of the system's errors that led to an exception."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and (cause.errno or 0) > 0:
            yield cause.errno or 0
        cause = cause.__cause__ or cause.__context__
