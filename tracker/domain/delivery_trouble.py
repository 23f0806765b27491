"""Why an endpoint takes nothing, told by its latest failure, and what mends it. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.domain.delivery import GONE


class Trouble(StrEnum):
    """A kind of fault that keeps deliveries from an endpoint."""

    UNREACHABLE = "unreachable"
    """Nothing accepts connections at its address."""
    NO_NAME = "no_name"
    """Its host name leads to no address."""
    CERTIFICATE = "certificate"
    """It shows a certificate that is not accepted."""
    TOO_SLOW = "too_slow"
    """It gives no whole answer in time."""
    CUT = "cut"
    """It breaks the connection, or does not speak HTTP."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    """This service may not call its address."""
    GONE = "gone"
    """It answered 410: it wants nothing any more."""
    REDIRECTS = "redirects"
    """It answers with a redirect, which is never followed."""
    REFUSES = "refuses"
    """It answers with another status of 4xx."""
    BREAKS = "breaks"
    """It answers with 5xx."""
    OTHER = "other"
    """Anything else; the error says what is known."""


ADVICE: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.UNREACHABLE: (
            "nothing accepts connections at its address: start the receiver or open its port, then "
            "test it; if it has moved, change its address (`tracker endpoints change`)"
        ),
        Trouble.NO_NAME: (
            "its host name leads to no address: mend its DNS entry, then test it; if it has moved, "
            "change its address (`tracker endpoints change`)"
        ),
        Trouble.CERTIFICATE: (
            "its certificate is not accepted: renew it on the receiver, with its whole chain and "
            "for this host name, then test it"
        ),
        Trouble.TOO_SLOW: (
            "it gives no whole answer in time: have it answer first and work afterwards, then test "
            "it; TRACKER_DELIVER_TIMEOUT_S says how long it has"
        ),
        Trouble.CUT: (
            "it breaks the connection or does not speak HTTP: look at the receiver and at the "
            "proxy before it, then test it"
        ),
        Trouble.FORBIDDEN_ADDRESS: (
            "tracker may not call its address, which is not a public one: give it a public "
            "address, or permit its network in TRACKER_EGRESS_ALLOW and start tracker again"
        ),
        Trouble.GONE: (
            "it said that it wants nothing any more: resume it if that was a mistake, else delete "
            "it"
        ),
        Trouble.REDIRECTS: (
            "it answers with a redirect, which is never followed: change its address to where that "
            "leads (`tracker endpoints change`)"
        ),
        Trouble.REFUSES: (
            "it refuses what it is sent: look at the answer in one of its deliveries; 401 or 403 "
            "mostly means another secret, 404 another path"
        ),
        Trouble.BREAKS: (
            "it fails at its own work: look at the answer in one of its deliveries and at the "
            "receiver's log, mend it, then test it"
        ),
        Trouble.OTHER: "look at one of its deliveries, mend the receiver, then test it",
    }
)
"""Words on what mends each."""

_NO_NAME = re.compile(
    "Name or service not known|name resolution|nodename nor servname|No address associated"
)
_BY_ERROR: tuple[tuple[re.Pattern[str], Trouble], ...] = (
    (re.compile("may not be called"), Trouble.FORBIDDEN_ADDRESS),
    (re.compile("no whole answer within|Timeout|too long to be made"), Trouble.TOO_SLOW),
    (re.compile("CERTIFICATE_VERIFY_FAILED|certificate is not accepted"), Trouble.CERTIFICATE),
    (re.compile(r"\[SSL|no TLS comes|was cut|not proper HTTP"), Trouble.CUT),
    (re.compile("ReadError|WriteError|ProtocolError"), Trouble.CUT),
    (_NO_NAME, Trouble.NO_NAME),
    (re.compile("could not connect|ConnectError"), Trouble.UNREACHABLE),
)
"""Parts of the reasons of failed calls, the most telling first; classes are of older releases."""


def read_trouble(status: int | None, error: str | None) -> Trouble:
    """Return what a failed attempt tells. status: of its answer; None where none came."""
    if status is not None:
        if status == GONE:
            return Trouble.GONE
        if 300 <= status < 400:
            return Trouble.REDIRECTS
        if 400 <= status < 500:
            return Trouble.REFUSES
        return Trouble.BREAKS if status >= 500 else Trouble.OTHER
    said = error or ""
    return next((trouble for part, trouble in _BY_ERROR if part.search(said)), Trouble.OTHER)
