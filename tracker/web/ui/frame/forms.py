"""Urlencoded forms of pages: read within bounds, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.body import read_capped
from tracker.web.edge.body_errors import WrongMediaType
from tracker.web.edge.forms import URLENCODED
from tracker.web.edge.operation import SMALL_BODY
from tracker.web.edge.state import get_services

MOST_FIELDS = 2000


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form, each with its values in order."""

    fields: Mapping[str, Sequence[str]]

    def get_text(self, name: str) -> str:
        """Return the last value of a field; empty where there is none."""
        values = self.fields.get(name)
        return values[-1] if values else ""

    def list_texts(self, name: str) -> list[str]:
        """Return the values of a field, each once."""
        return list(dict.fromkeys(self.fields.get(name, ())))


async def read_form(request: Request) -> SentForm:
    """Read the body of a form.

    Raises WrongMediaType, InvalidRequest for what is no form in UTF-8 or has too many fields, and
    what `read_capped` raises.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != URLENCODED:
        raise WrongMediaType(f"send the form as {URLENCODED}")
    limits = get_services(request).limits
    body = await read_capped(
        request.headers,
        request.receive,
        limit=min(SMALL_BODY, limits.body_bytes),
        timeout_s=limits.body_timeout_s,
    )
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        reason = f"is no form of at most {MOST_FIELDS} fields in UTF-8"
        raise InvalidRequest(FieldError("", reason), malformed=True) from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return SentForm(fields)
