"""Find values that were copied from an example, and addresses that show what should stay hidden."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.reach import ABOUT, is_inside
from tracker.settings import Settings

FEWEST_DIFFERENT = 5
"""Characters that a secret of eight or more has, if it was made by chance."""
_LONG = 8
_COPIED = re.compile(
    r"change[-_ ]?(?:me|this|it)|placeholder|replace[-_ ]?(?:me|this)|secret[-_ ]?here|"
    r"(?:your|enter|insert)[-_ ]?(?:own[-_ ]?)?(?:\w+[-_ ])?(?:key|secret|token)|"
    r"x{8}|^<.*>$|\.\.\.|…",
    re.IGNORECASE,
)
_EXAMPLE_HOST = re.compile(
    r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|invalid|"
    r"your-?(?:domain|host|server|site|app|company)\.[a-z]+)$",
    re.IGNORECASE,
)
"""RFC 2606 keeps the first ones for examples (read 2026-11-29)."""
_INWARD = re.compile(
    r"(?:^|[.-])(?:127|10|192[.-]168|172[.-](?:1[6-9]|2\d|3[01])|169[.-]254)(?:[.-]\d{1,3}){1,3}"
    r"\.(?:nip|sslip|xip)\.io$"
    r"|(?:^|[.-])(?:7f|0a|ac1[0-9a-f]|c0a8|a9fe)[0-9a-f]{4,6}\.nip\.io$"
    r"|(?:^|\.)(?:localtest\.me|lvh\.me|vcap\.me|lacolhost\.com)$"
)
"""Public names of addresses within (https://nip.io, https://sslip.io, read 2026-11-29)."""


def examine_placeholders(settings: Settings) -> list[Finding]:
    """Return a note for each value that is probably not the operator's own."""
    found = [
        Finding("note", about, text)
        for about, value in _iterate_secrets(settings)
        if (text := _find_flaw(value)) is not None
    ]
    for (provider, name), account in settings.list_accounts().by_name.items():
        if account.base_url.startswith("http://") and not is_inside(account.base_url):
            text = f"{account.base_url} is plain http: the account's key can be read on the way"
            found.append(Finding("note", f"{provider}/{name}", text))
    return [*found, *_examine_public_url(settings)]


def _examine_public_url(settings: Settings) -> Iterator[Finding]:
    url = settings.tracker_public_url
    if url is None:
        return
    host = (urlsplit(url).hostname or "").rstrip(".")
    if _EXAMPLE_HOST.search(host):
        yield Finding("note", ABOUT, f"{host} is a name of examples: no provider can reach it")
    elif _INWARD.search(host):
        text = f"{host} leads to a loopback or private address: no provider can reach it"
        yield Finding("error", ABOUT, text)
    providers = {
        urlsplit(one.base_url).hostname for one in settings.list_accounts().by_name.values()
    }
    if host in providers and not is_inside(url):
        text = f"{host} is the provider's own address: callbacks would go to it, not to us"
        yield Finding("error", ABOUT, text)
    if urlsplit(url).path.rstrip("/").endswith("/callbacks"):
        text = "ends with /callbacks, which is added to it: give the address without it"
        yield Finding("note", ABOUT, text)


def _iterate_secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each secret that was given, with what to call it."""
    for one in settings.tracker_callback_secrets:
        yield "TRACKER_CALLBACK_SECRETS", _reveal_secret(one)
    for one in settings.tracker_webhook_secrets:
        yield "TRACKER_WEBHOOK_SECRETS", _reveal_secret(one)
    for (provider, name), account in settings.list_accounts().by_name.items():
        for key, value in account.options:
            if isinstance(value, SecretStr):
                yield f"{provider}/{name}", value.get_secret_value()
            elif key == "webhook_secrets":
                yield from ((f"{provider}/{name}", _reveal_secret(one)) for one in value)


def _reveal_secret(secret: SecretStr | str) -> str:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def _find_flaw(secret: str) -> str | None:
    if len(secret) > 1 and secret[0] == secret[-1] and secret[0] in "\"'`":
        return "a secret stands in quotation marks, which are sent with it: leave them out"
    if _COPIED.search(secret):
        return "a secret looks like one of an example: set your own"
    value = secret.removeprefix("whsec_").rstrip("=")
    if len(value) >= _LONG and len(set(value)) < FEWEST_DIFFERENT:
        return (
            f"a secret of fewer than {FEWEST_DIFFERENT} different characters can be guessed: use "
            "random bytes"
        )
    return None
