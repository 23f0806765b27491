"""Templates: pages and parts of pages, in the reader's language, zone and theme."""

import gzip
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from tracker import __version__
from tracker.locale import translate
from tracker.web.edge.pages import render_inline
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_services
from tracker.web.ui.frame import formats
from tracker.web.ui.frame.files import find_static_path
from tracker.web.ui.frame.headers import SECURITY
from tracker.web.ui.frame.notices import NOTICE_COOKIE, find_notice
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.visible import escape_hidden
from tracker.web.ui.frame.words import build_translator, load_catalogue

FOLDER = Path(__file__).parents[1] / "templates"
ROOT = "/ui"
"""Where the dashboard is served; paths of pages are written without it."""
NAVIGATION = ("attention", "tasks", "callbacks", "deliveries", "providers", "try")
"""Pages that the header names, in order; each stands there once it is served."""
ADMINISTRATION = ("holds", "keys", "audit", "system")
"""Pages that the header names to a key of the scope `admin`."""
_OF_ANOTHER = {"endpoints": "deliveries", "bulk": "tasks"}
"""Pages that the header does not name, by those under which it counts them."""
_COMPRESSED_FROM = 1024
Query = Mapping[str, Any]


@cache
def build_environment() -> Environment:
    """Return the environment of all templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    del made.filters["safe"]
    made.filters["exact"] = escape_exactly
    made.filters["sentence"] = render_sentence
    made.filters["pairs"] = list_pairs
    made.filters["without_command"] = remove_command
    made.filters["place"] = formats.format_place
    return made


def escape_exactly(text: object) -> Markup:
    """Return a text escaped as HTML and otherwise unchanged: for values that forms send back."""
    return escape(text)


_COMMAND = re.compile(r"\s*[(（]`tracker [^`]*`[)）]")


def remove_command(text: str) -> str:
    """Return advice without the command in brackets, beside which a button does the same."""
    return _COMMAND.sub("", text)


def render_sentence(text: str) -> Markup:
    """Return a sentence of a catalogue: escaped, and `code` marked."""
    return Markup(render_inline(escape_hidden(text)))  # noqa: S704 - inline escapes it


def list_pairs(
    entries: Iterable[Mapping[str, Any]], name: str, field: str
) -> list[tuple[str, str]]:
    """Return the fields of a form: a name, and one value of each entry."""
    return [(name, str(entry[field])) for entry in entries]


def _finalize(value: object) -> object:
    """Show hidden characters in whatever a template prints; what is markup already stays."""
    return escape_hidden(value) if type(value) is str else value


def render_page(
    request: Request,
    reader: Reader,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Return a page or a part of one as an answer.

    template: a file of `templates`. values: what it names besides the frame's own words.
    headers:  further ones; a name of the frame's own replaces it.
    """
    body = render_part(request, reader, template, **values).encode()
    fields = {
        **SECURITY,
        "cache-control": "no-store",
        "content-language": reader.preferences.language,
        "vary": "Accept-Encoding, Accept-Language, Cookie",
        **(headers or {}),
    }
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if takes_gzip and len(body) > _COMPRESSED_FROM:
        body, fields["content-encoding"] = gzip.compress(body, 5), "gzip"
    answer = Response(body, status, fields, media_type="text/html")
    if NOTICE_COOKIE in request.cookies:  # it was shown
        answer.delete_cookie(NOTICE_COOKIE, find_root(request), httponly=True, samesite="strict")
    return answer


def render_part(request: Request, reader: Reader, template: str, **values: Any) -> str:
    """Return a template's text, e.g. for a stream. Raises what StrictUndefined raises."""
    return build_environment().get_template(template).render(build_frame(request, reader), **values)


def build_frame(request: Request, reader: Reader) -> dict[str, Any]:
    """Return what every template may name, bound to the reader.

    `_`: a word; `at`, `at_second`: `<time>`; `took`, `number`, `size`, `unit`: texts; `url`,
    `static`: addresses of ours; `age`: a duration until now; `is_late`: whether work that was due
    then waits for a worker; `told`: a text of ours in the reader's language;
    `here`, `this`: the page's path under `/ui`, without and with its query; `has_word`: whether `_`
    knows a key.
    """
    chosen, now = reader.preferences, get_services(request).clock.now()
    say = build_translator(chosen.language)

    def build_url(path: str = "", query: Query | None = None, **more: Any) -> str:
        return build_address(request, path, query, **more)

    def format_duration(length: timedelta | float) -> str:
        return formats.format_duration(length, say)

    def build_tooltip(at: datetime) -> str:
        age = format_duration(_round_to_seconds(abs(now - at)))
        key = "frame.ago" if at <= now else "frame.ahead"
        return f"{formats.format_instant(at, UTC)} · {say(key, age=age)}"

    @cache  # a page names many a time twice or more
    def build_time(when: datetime) -> Markup:
        text = formats.format_instant(when, chosen.zone)
        return formats.build_time_element(text, when, build_tooltip(when))

    def build_time_to_second(when: datetime) -> Markup:
        text = formats.format_second(when, chosen.zone, now)
        return formats.build_time_element(text, when, build_tooltip(when))

    return {
        "_": say,
        "reader": reader,
        "language": chosen.language,
        "theme": chosen.theme,
        "zone": chosen.zone.key,
        "version": __version__,
        "now": now,
        "url": build_url,
        "static": lambda name: build_url(find_static_path(name)),
        "is_late": lambda due: formats.is_late(due, now),
        "at": build_time,
        "at_second": build_time_to_second,
        "took": format_duration,
        "age": lambda when: format_duration(_round_to_seconds(abs(now - when))),
        "number": formats.format_number,
        "amount": formats.format_amount,
        "filter_text": lambda name, value: formats.filter_text(name, value, say),
        "actor_name": formats.get_actor_name,
        "size": formats.format_bytes,
        "unit": lambda priced: formats.format_unit(priced, say),
        "navigation": _list_served(request, NAVIGATION),
        "administration": _list_served(request, ADMINISTRATION) if reader.may("admin") else [],
        "told": lambda text: translate(text, chosen.language),
        "notice": find_notice(request, say),
        "here": (here := request.url.path.removeprefix(find_root(request))),
        "section": _OF_ANOTHER.get(section := here.split("/")[1] if here else "", section),
        "this": find_path(request),
        "needs": request.scope["state"].get("needs", ""),
        "has_word": load_catalogue(chosen.language).__contains__,
        "is_served": lambda path: path in request.scope["state"]["pages"],
    }


def find_root(request: Request) -> str:
    """Return the path of the dashboard on this host."""
    return add_root_path(request, ROOT)


def find_path(request: Request) -> str:
    """Return the path and query of a request, under `/ui`; without them for what changes things."""
    if request.method != "GET":
        return ""
    path, text = request.url.path.removeprefix(find_root(request)), request.url.query
    return f"{path}?{text}" if text else path


def build_address(request: Request, path: str = "", query: Query | None = None, **more: Any) -> str:
    """Return the address of a page on this host.

    path:  under `/ui`; may hold `#` and what follows.
    query: parameters; a list is several of one name; None leaves a name out. more: more of them.
    """
    path, mark, anchor = path.partition("#")
    pairs = {**(query or {}), **more}
    text = urlencode({k: v for k, v in pairs.items() if v not in (None, [], ())}, doseq=True)
    quoted = quote(add_root_path(request, ROOT + path), safe="/%:@!$&'()*+,;=~-._")
    return f"{quoted}{'?' if text else ''}{text}{mark}{anchor}"


def _round_to_seconds(length: timedelta) -> timedelta:
    return length - timedelta(microseconds=length.microseconds)


def _list_served(request: Request, names: tuple[str, ...]) -> list[str]:
    pages = request.scope["state"]["pages"]
    return [name for name in names if f"/{name}" in pages]
