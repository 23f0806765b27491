"""The person in front of the page: what the key allows, and how pages are to be shown."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from starlette.requests import Request

from tracker.domain.access import Principal, Scope
from tracker.domain.errors import Forbidden
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE, Language, choose_by_header

Theme = Literal["system", "light", "dark"]
LANGUAGE_COOKIE = "tracker-language"
"""`en` or `zh`; without it the browser's Accept-Language decides."""
THEME_COOKIE = "tracker-theme"
ZONE_COOKIE = "tracker-zone"
"""The zone that the reader chose: a name of the IANA's list; without it the browser's."""
BROWSER_ZONE_COOKIE = "tracker-browser-zone"
"""The browser's own zone; the script sets it."""
DENSITY_COOKIE = "tracker-density"
PREVIEWS_COOKIE = "tracker-previews"
SHORTCUTS_COOKIE = "tracker-shortcuts"
UTC = "UTC"
_LANGUAGES: dict[str, Language] = {"en": ENGLISH, "zh": SIMPLIFIED_CHINESE}
_THEMES: dict[str, Theme] = {"light": "light", "dark": "dark"}
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """Choices of the reader, from cookies.

    zone: of all times that are shown. is_zone_known: false until a browser has told its zone.
    is_compact:     rows stand close together.
    loads_previews: previews of results load without a click.
    has_shortcuts:  keys of the keyboard lead somewhere.
    """

    language: Language
    theme: Theme
    zone: ZoneInfo
    is_zone_known: bool
    is_compact: bool = False
    loads_previews: bool = False
    has_shortcuts: bool = True


@dataclass(frozen=True, slots=True)
class SettingChoice:
    """Something that the reader chooses from a few words. values: the first one is the default."""

    name: str
    cookie: str
    values: tuple[str, ...]


CHOICES = (
    SettingChoice("language", LANGUAGE_COOKIE, ("auto", "en", "zh")),
    SettingChoice("theme", THEME_COOKIE, ("system", "light", "dark")),
    SettingChoice("density", DENSITY_COOKIE, ("comfortable", "compact")),
    SettingChoice("previews", PREVIEWS_COOKIE, ("ask", "auto")),
    SettingChoice("shortcuts", SHORTCUTS_COOKIE, ("on", "off")),
)
"""Settings that are chosen from words; the zone is not among them."""


def read_chosen(request: Request) -> dict[str, str]:
    """Return the word that is chosen of each, by its name."""
    return {
        one.name: word
        if (word := request.cookies.get(one.cookie, "")) in one.values
        else one.values[0]
        for one in CHOICES
    }


@dataclass(frozen=True, slots=True)
class Reader:
    """The caller of a page.

    principal: None where nobody has signed in; only pages without a scope are shown then.
    is_open:   whether the service asks for no key here.
    """

    preferences: Preferences
    principal: Principal | None = None
    is_open: bool = False

    @property
    def tenant(self) -> str:
        """Return whose data the reader sees. Raises Forbidden where nobody has signed in."""
        if self.principal is None:
            raise Forbidden(Scope.TASKS_READ)
        return self.principal.tenant

    @property
    def actor(self) -> str:
        """Return who acts, for history. Raises Forbidden where nobody has signed in."""
        if self.principal is None:
            raise Forbidden(Scope.TASKS_READ)
        return self.principal.actor

    @property
    def key(self) -> int | None:
        """Return the row of the key, which what is submitted counts against."""
        return None if self.principal is None else self.principal.key

    @property
    def key_name(self) -> str:
        """Return the name of the key; empty where none was asked for, or nobody has signed in."""
        return "" if self.principal is None or self.is_open else (self.principal.name or "–")

    def may(self, scope: Scope | str) -> bool:
        """Return true if the reader's key allows it."""
        return self.principal is not None and self.principal.may(Scope(scope))


def read_preferences(request: Request) -> Preferences:
    """Read the reader's choices; what cannot be read counts as not chosen."""
    cookies, words = request.cookies, read_chosen(request)
    found = find_zone(cookies.get(ZONE_COOKIE, "")) or find_zone(
        cookies.get(BROWSER_ZONE_COOKIE, "")
    )
    asked = choose_by_header(request.headers.get("accept-language", ""))
    return Preferences(
        language=_LANGUAGES.get(words["language"], asked),
        theme=_THEMES.get(words["theme"], "system"),
        zone=found or ZoneInfo(UTC),
        is_zone_known=found is not None,
        is_compact=words["density"] == "compact",
        loads_previews=words["previews"] == "auto",
        has_shortcuts=words["shortcuts"] == "on",
    )


@lru_cache(maxsize=256)
def find_zone(name: str) -> ZoneInfo | None:
    """Return a zone by its name; None where there is none of this name."""
    if not _ZONE.fullmatch(name) or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):  # unknown; a folder of zones; no zone's file
        return None
