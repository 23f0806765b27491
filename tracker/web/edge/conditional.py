"""Arithmetic of ETags, dates and preconditions (RFC 9110 §8.8, §13)."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime


def build_etag(version: int) -> str:
    """Return a task's entity tag: its version."""
    return f'"{version}"'


def is_matching(header: str | None, tag: str) -> bool:
    """Compare If-None-Match with this tag; weak comparison, as RFC 9110 asks for GET."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return tag in {candidate.strip().removeprefix("W/") for candidate in header.split(",")}


def is_matching_strongly(header: str, tag: str) -> bool:
    """Compare If-Match with this strong tag; weak ones of the header match nothing."""
    return header.strip() == "*" or tag in {one.strip() for one in header.split(",")}


def read_date(header: str | None) -> datetime | None:
    """Return the time of a field; None where it holds none, as it is then ignored."""
    try:
        found = None if header is None else parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return None if found is None or found.tzinfo is None else found


def check_file_preconditions(
    headers: Mapping[str, str], tag: str, changed_at: datetime
) -> int | None:
    """Return 412 or 304 where a precondition of a GET says so; None where its answer is the file.

    In the order of section 13.2.2: of each pair the tag goes before the date.
    """
    at = changed_at.replace(microsecond=0)
    wanted, until = headers.get("if-match"), read_date(headers.get("if-unmodified-since"))
    if wanted is not None:
        if not is_matching_strongly(wanted, tag):
            return 412
    elif until is not None and at > until:
        return 412
    known, since = headers.get("if-none-match"), read_date(headers.get("if-modified-since"))
    if known is not None:
        return 304 if is_matching(known, tag) else None
    return 304 if since is not None and at <= since else None
