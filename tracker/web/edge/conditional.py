"""ETag and If-None-Match arithmetic (RFC 9110 §8.8, §13.1.2)."""


def etag(version: int) -> str:
    """A task's entity tag: its version."""
    return f'"{version}"'


def matches(header: str | None, tag: str) -> bool:
    """Compare If-None-Match with this tag; weak comparison, as RFC 9110 asks for GET."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return tag in {candidate.strip().removeprefix("W/") for candidate in header.split(",")}
