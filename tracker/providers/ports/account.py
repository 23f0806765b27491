"""An account at a provider: its options as an operator sets them, checked.

A provider's own options are a subclass of AccountOptions. The settings, the configuration file and
`doctor` read the fields from there, so that no other place knows them.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from tracker.domain.exchange import HttpCall
from tracker.pasted import find_lone_mark, is_invisible, strip_secret

_USER_INFO = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/?#:]*)(?::(?P<password>[^\s/?#]*))?@"
)


def check_http_url(value: str) -> str:
    """Return an address to call, without a slash at its end.

    Raises ValueError when it is not an http(s) URL of a host, or holds a user, query or fragment.
    """
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value) or not _is_with_host(value):
        raise ValueError("must be an http(s) URL with a host, and no user, query or fragment")
    return value.rstrip("/")


def _is_with_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # half of a bracket, a port that is no number or too large
        return False


HttpUrl = Annotated[str, AfterValidator(check_http_url)]


def check_credential(value: SecretStr) -> SecretStr:
    """Return a secret without what pasting and files leave around it; see `pasted.bare`.

    Raises ValueError, which does not hold it, for what is blank, has control characters, or
    others that show nothing.
    """
    return _check(strip_secret(value.get_secret_value()))


def check_own_secret(value: SecretStr) -> SecretStr:
    """Return a secret that nobody else has to know: `check_credential` that keeps quotation marks.

    Without them, what it signed before would not verify any more.
    """
    return _check(value.get_secret_value().strip().strip("\ufeff\u200b").strip())


def _check(text: str) -> SecretStr:
    if not text:
        raise ValueError("is blank: set it, or leave it out")
    for place, char in enumerate(text, 1):
        if not char.isprintable() or is_invisible(char):
            raise ValueError(f"has U+{ord(char):04X} at character {place}: write it on one line")
    return SecretStr(text)


def check_header_secret(value: SecretStr) -> SecretStr:
    """Return a secret that is sent in a header as it is; raises ValueError like `check_credential`.

    Also for a quotation mark at one end only: the other was lost on the way.
    """
    return _check_for_header(value, least="!")


def check_cookie_secret(value: SecretStr) -> SecretStr:
    """Return `check_header_secret` of a cookie: spaces stand between its parts."""
    return _check_for_header(value, least=" ")


def _check_for_header(value: SecretStr, *, least: str) -> SecretStr:
    text = check_credential(value).get_secret_value()
    if (mark := find_lone_mark(text)) is not None:
        raise ValueError(f"has the quotation mark {mark} at one end only: copy it again")
    return SecretStr(_check_header_text(text, least=least))


def check_header_text(value: str) -> str:
    """Return an option, no secret, that is sent in a header. Raises ValueError like those."""
    return _check_header_text(value.strip(), least="!")


def _check_header_text(text: str, *, least: str) -> str:
    for place, char in enumerate(text, 1):
        if not least <= char <= "~":
            raise ValueError(
                f"has U+{ord(char):04X} at character {place}, which cannot stand in a header: "
                "copy it again"
            )
    return text


def check_proxy_url(value: SecretStr) -> SecretStr:
    """Return the URL of an HTTP proxy. Raises ValueError, which does not hold it."""
    text = check_credential(value).get_secret_value()
    form = (
        r"https?://([^\s/?#@:]*(:[^\s/?#@]*)?@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?/?"
    )
    port = text.rstrip("/").rpartition(":")[2]
    if not re.fullmatch(form, text) or (port.isdecimal() and not 0 < int(port) < 65536):
        raise ValueError(
            "must be http://HOST:PORT or https://HOST:PORT, where needed with USER:PASSWORD@ "
            "before the host, written with %40 for @ and %2F for /; SOCKS is not supported"
        )
    return SecretStr(text.rstrip("/"))


Secret = Annotated[SecretStr, AfterValidator(check_credential)]
OwnSecret = Annotated[SecretStr, AfterValidator(check_own_secret)]
HeaderSecret = Annotated[SecretStr, AfterValidator(check_header_secret)]
CookieSecret = Annotated[SecretStr, AfterValidator(check_cookie_secret)]
HeaderText = Annotated[str, AfterValidator(check_header_text)]
ProxyUrl = Annotated[SecretStr, AfterValidator(check_proxy_url)]


class AccountOptions(BaseModel):
    """The options that accounts of every provider have.

    base_url:        may carry a path (a gateway's `/kling`); None for the region's own address.
    region:          a key of the provider's `regions`; None for the first.
    profile:         which kind of upstream answers at the base URL, in the adapter's own words;
                     None where the adapter can tell from the address.
    webhook_secrets: the secrets its callbacks are signed with; several during a rotation, none
                     where they are not signed.
    max_in_flight:   tasks at the provider at once; None for no limit of ours.
    weight:          its share of the tasks whose caller names no account; 0: none of them.
    poll_spacing_s:  least seconds between two looks at one task; None for the provider's own.
    calls_per_s:     calls of all kinds that one process may make in a second, 0 for any number;
                     None for the limits that the provider documents.
    proxy:           URL of the HTTP proxy that all of its calls go through; None for none.
    assets:          whether the files of its results are fetched and kept; None for what
                     TRACKER_ASSETS says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    base_url: HttpUrl | None = None
    region: str | None = None
    profile: str | None = None
    api_key: HeaderSecret | None = None
    webhook_secrets: tuple[Secret, ...] = Field((), max_length=10, strict=False)
    max_in_flight: int | None = Field(None, ge=1, le=10_000_000)
    weight: int = Field(1, ge=0, le=1000)
    poll_spacing_s: float | None = Field(None, ge=0, le=3600)
    calls_per_s: float | None = Field(None, ge=0, le=10_000)
    proxy: ProxyUrl | None = None
    assets: Literal["on", "off"] | None = None

    def has_credentials(self) -> bool:
        """Tell whether anything could be submitted with these options."""
        return self.api_key is not None

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for each way in which the credentials contradict themselves."""
        return ()

    def iterate_secrets(self) -> Iterator[str]:
        """Yield the text of every secret among the options, so that redaction knows them all.

        Those of a provider's own fields too, in lists, tables and models inside them, and the
        user and the password of a URL (a proxy's).
        """
        for name in type(self).model_fields:
            yield from _iterate_secrets(getattr(self, name))


Options = TypeVar("Options", bound=AccountOptions)


@dataclass(frozen=True, slots=True)
class Account:
    """One account at a provider.

    base_url: where its calls go: the options' own address, or the region's. No slash at the end.
    """

    name: str
    base_url: str
    options: AccountOptions = field(default_factory=AccountOptions, repr=False)

    def get_options(self, kind: type[Options]) -> Options:
        """Return its options as those of one provider; the usual ones where they are another's."""
        return self.options if isinstance(self.options, kind) else kind()

    @property
    def api_key(self) -> str | None:
        """The key that calls carry; None where the account has none."""
        return reveal(self.options.api_key)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that its callbacks are signed with."""
        return tuple(one.get_secret_value() for one in self.options.webhook_secrets)

    @property
    def max_in_flight(self) -> int | None:
        """Return how many tasks it may have at the provider at once; None for no limit of ours."""
        return self.options.max_in_flight

    @property
    def weight(self) -> int:
        """Its share of the tasks whose caller names no account."""
        return self.options.weight

    @property
    def proxy_address(self) -> str | None:
        """The proxy of its calls, without user and password; None where they go straight."""
        proxy = reveal(self.options.proxy)
        if proxy is None:
            return None
        scheme, _, rest = proxy.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def set_route(self, call: HttpCall) -> HttpCall:
        """Return a call to the provider as it leaves: through the account's proxy, if any."""
        return replace(call, proxy=reveal(self.options.proxy))

    @property
    def profile(self) -> str | None:
        """Return the kind of upstream that answers; None where the address tells the adapter."""
        return self.options.profile


def list_slot_caps(accounts: Mapping[tuple[str, str], Account]) -> dict[tuple[str, str], int]:
    """Return how many slots each account has at once, of those that have a limit."""
    return {
        name: one.max_in_flight for name, one in accounts.items() if one.max_in_flight is not None
    }


def _iterate_secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield text
        yield from _iterate_credentials(text)
    elif isinstance(value, str):
        yield from _iterate_credentials(value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _iterate_secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _iterate_secrets(one)
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from _iterate_secrets(one)


def _iterate_credentials(url: str) -> Iterator[str]:
    """Yield the password in a URL, or the user where that is all; as written and as sent."""
    found = _USER_INFO.match(url)
    if found is None:
        return
    user, password = unquote(found["user"]), unquote(found["password"] or "")
    yield b64encode(f"{user}:{password}".encode()).decode()  # as `Basic` has it
    secret = found["password"] or found["user"]
    yield secret
    if unquote(secret) != secret:
        yield unquote(secret)


def reveal(secret: SecretStr | None) -> str | None:
    """Return a secret's text; None for None."""
    return None if secret is None else secret.get_secret_value()
