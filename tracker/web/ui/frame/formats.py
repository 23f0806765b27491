"""Times, durations and numbers as pages show them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from tracker.domain.cost import Cost, Price
from tracker.domain.task import TaskState

LATE = timedelta(minutes=1)
_MOST_DIGITS = 40
"""Of an amount whose thousands are set apart."""
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def format_offset(at: datetime) -> str:
    """Return a time's distance from UTC, as `+08:00`."""
    return at.isoformat()[-6:] if at.utcoffset() else "+00:00"


def format_instant(at: datetime, zone: tzinfo) -> str:
    """Return a time in a zone, to the millisecond: `2026-11-28 22:10:26.123 +08:00`."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03} {format_offset(local)}"


def is_late(due: datetime, now: datetime) -> bool:
    """Return whether work was due for so long that a page says that no worker takes it."""
    return now - due > LATE


def format_second(at: datetime, zone: tzinfo, now: datetime) -> str:
    """Return a time to the second; without the year where it is this year's."""
    local = at.astimezone(zone)
    day = "%m-%d" if local.year == now.astimezone(zone).year else "%Y-%m-%d"
    return f"{local:{day} %H:%M:%S} {format_offset(local)}"


def format_hour(at: datetime, zone: tzinfo) -> str:
    """Return an hour of a zone: `11-28 22:00 +08:00`."""
    local = at.astimezone(zone)
    return f"{local:%m-%d %H:%M} {format_offset(local)}"


def build_time_element(text: str, at: datetime, tooltip: str) -> Markup:
    """Return `<time>` with a text, the exact UTC time, and a tooltip."""
    exact = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = f'<time datetime="{exact}" title="{escape(tooltip)}">{escape(text)}</time>'
    return Markup(told)  # noqa: S704 - its parts are escaped; `Markup.format` takes three times as long


def format_duration(took: timedelta | float, say: Callable[..., str]) -> str:
    """Return a duration with its two largest units: `9 ms`, `1.25 s`, `78 s`, `3 min 12 s`.

    took: a number is seconds. say: returns the words of units.
    """
    seconds = took.total_seconds() if isinstance(took, timedelta) else float(took)
    if seconds < 0:
        return "−" + format_duration(-seconds, say)
    if 0 < seconds < 1:
        return say("unit.ms", value=round(seconds * 1000))
    if seconds < 10:
        return say("unit.s", value=f"{seconds:.3g}")
    if seconds < 100:
        return say("unit.s", value=round(seconds))
    left = round(seconds)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(say(f"unit.{unit}", value=count) if count else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts))


def format_number(number: float | Decimal) -> str:
    """Return a number with its thousands apart; fractions stay as exact as they are."""
    return f"{number:,}"


def format_amount(amount: str | Decimal) -> str:
    """Return an amount with its thousands apart; one that is no number, or a vast one, as it is."""
    try:
        number = Decimal(amount)
    except ArithmeticError:
        return str(amount)
    is_vast = not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS
    return str(amount) if is_vast else f"{number:,f}"


_FILTER_WORDS = {
    "state": "tasks.state",
    "provider": "tasks.provider",
    "operation": "tasks.operation",
    "account": "tasks.account",
    "external_task_id": "tasks.external-id",
    "provider_task_id": "tasks.provider-id",
    "created_after": "tasks.submitted-after",
    "created_before": "tasks.submitted-before",
    "updated_after": "tasks.changed-after",
    "updated_before": "tasks.changed-before",
    "overdue": "state.overdue",
}
"""Words of the filters of tasks; others are shown as the API names them."""


def filter_text(name: str, value: object, say: Callable[..., str]) -> str:
    """Return a filter of tasks as it is read: `State: failed`."""
    text = str(value)
    if name == "state" and text in set(TaskState):
        text = say(f"state.{text}")
    if name == "overdue" and text.lower() == "true":
        return say("state.overdue")
    label = say(_FILTER_WORDS[name]) if name in _FILTER_WORDS else name
    return f"{label}{say('frame.colon')}{text}"


_KEY = re.compile(r"key (?P<id>[0-9a-f-]{36}) \((?P<name>.+)\)", re.DOTALL)


def get_actor_name(actor: str) -> str:
    """Return the name of the key that acted; the whole text where it names none."""
    found = _KEY.fullmatch(actor)
    return found["name"] if found else actor


_UNIT_WORDS = frozenset({"credits", "quota", "seconds", "tokens"})


def format_unit(priced: Cost | Price, say: Callable[..., str]) -> str:
    """Return what an amount counts: a currency, the provider's own unit, or the word for units."""
    own = say("tasks.units") if priced.kind == "unit" else priced.kind
    unit = priced.unit or ""
    return priced.currency or (say(f"tasks.unit.{unit}") if unit in _UNIT_WORDS else unit) or own


def format_bytes(count: int) -> str:
    """Return a size: `292 B`, `1.4 KiB`."""
    if count < 1024:
        return f"{count} B"
    size, unit = float(count), ""
    for unit in ("KiB", "MiB", "GiB", "TiB"):  # noqa: B007 - the last one is meant
        size /= 1024
        if size < 1024:
            break
    return f"{size:.3g} {unit}" if size < 100 else f"{size:.0f} {unit}"


def shorten(text: str, longest: int) -> str:
    """Return a text of at most so many characters; where it is longer, an ellipsis ends it."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def format_place(url: str) -> str:
    """Return the host, port and path of an address; the address itself where it has no host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.netloc.rpartition("@")[2] + parts.path.rstrip("/") if parts.netloc else url
