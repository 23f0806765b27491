"""When a signed URL dies, as its own query says.

Sources, read 2026-11-28:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-Date, -Expires),
https://cloud.google.com/storage/docs/authentication/signatures (X-Goog-Date, -Expires),
https://www.alibabacloud.com/help/en/oss/developer-reference/add-signatures-to-urls (Expires,
x-oss-date, x-oss-expires),
https://www.volcengine.com/docs/6349/131931 (X-Tos-Date, X-Tos-Expires),
https://cloud.tencent.com/document/product/436/7778 (q-sign-time),
https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas (se).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

_SIGNERS = ("x-amz", "x-goog", "x-oss", "x-tos")
"""Prefixes of a date and of seconds from then."""
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800
"""Seconds since 1970 that are taken for an instant: those of 2000 to 2099."""
_MOST_FIELDS = 200


def find_expiry(url: str) -> datetime | None:
    """Return when a URL dies by what it says itself; None where it says nothing that is read here.

    Raises nothing for a URL of any form.
    """
    if "?" not in url:  # most have no query, and splitting them takes long
        return None
    try:
        query = urlsplit(url).query
        if not query:
            return None
        given = {k.lower(): v for k, v in parse_qsl(query, max_num_fields=_MOST_FIELDS)}
        found = [
            _read_signed_span(given),
            _parse_seconds(given.get("expires")),
            _read_span(given),
            _read_azure(given),
        ]
    except (ValueError, OverflowError):
        return None
    known = [when for when in found if when is not None]
    return min(known) if known else None


def _read_signed_span(given: Mapping[str, str]) -> datetime | None:
    for signer in _SIGNERS:
        date, expires = given.get(f"{signer}-date"), given.get(f"{signer}-expires")
        if date and expires and expires.isdecimal():
            since = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return since + timedelta(seconds=int(expires))
    return None


def _read_span(given: Mapping[str, str]) -> datetime | None:
    return _parse_seconds(given.get("q-sign-time", "").partition(";")[2])


def _read_azure(given: Mapping[str, str]) -> datetime | None:
    if "se" not in given or "sig" not in given:
        return None
    ends = datetime.fromisoformat(given["se"])
    # At once: a time that UTC does not have could not be kept.
    return ends.astimezone(UTC) if ends.tzinfo is not None else ends.replace(tzinfo=UTC)


def _parse_seconds(text: str | None) -> datetime | None:
    if not text or not text.isdecimal() or not _EARLIEST < int(text) < _LATEST:
        return None
    return datetime.fromtimestamp(int(text), UTC)
