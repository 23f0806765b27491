"""Types of options: times, metadata, words of a list; each says what would be right."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import click

from tracker.domain.event_types import EventType
from tracker.domain.spelling import build_hint

_EXAMPLE = "2026-11-28T14:00:00Z"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Instant(click.ParamType[str]):
    """A time with its zone, as RFC 3339, or a day, which begins at midnight UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as the API takes it."""
        text = str(value)
        text = f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text
        try:
            zoned = datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            self.fail(f"{value!r} is no time like {_EXAMPLE} or {_EXAMPLE[:10]}", param, ctx)
        return text


class Duration(click.ParamType[timedelta]):
    """A span of time: a number of s, m, h or d."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return how long it is."""
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration like 90s, 30m, 1h or 2d", param, ctx)
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


class ReceiptId(click.ParamType[str]):
    """The id of a receipt, also as tables and the dashboard name it: `r120`."""

    name = "receipt"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as the API takes it."""
        del param, ctx
        text = str(value)
        return text[1:] if re.fullmatch(r"r\d+", text) else text


class WordChoice(click.Choice[str]):
    """One of a list, with what was probably meant in the error."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say what is wrong and what may be meant."""
        del ctx
        names = [str(one) for one in self.choices]
        return f"{str(value)!r} is none of {', '.join(names)}{build_hint(str(value), names)}"


def make_choice(values: Iterable[str]) -> WordChoice:
    """Make the type of an option that takes one of these."""
    return WordChoice([str(value) for value in values])


INSTANT = Instant()
DURATION = Duration()
RECEIPT_ID = ReceiptId()
EVENT_TYPE = make_choice(one.value for one in EventType)


def split_pair(text: str) -> tuple[str, str]:
    """Return the two sides of KEY=VALUE. Raises BadParameter."""
    key, sign, value = text.partition("=")
    if not (key and sign):
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--metadata")
    return key, value
