"""Find out whether callbacks can arrive at TRACKER_PUBLIC_URL: by its form, and by calling it."""

import json
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from tracker.bounded_http import BoundedTransport, limit_requests
from tracker.call_failures import explain_failure
from tracker.cli.doctor.finding import Finding
from tracker.clock import make_name
from tracker.domain import identity
from tracker.egress import policy
from tracker.settings import Settings, SettingsError

ABOUT = "TRACKER_PUBLIC_URL"
CALL_S = 5.0
"""For a whole answer to the call back to ourselves."""
_INSIDE = (
    *(".local", ".localdomain", ".internal", ".lan", ".home.arpa", ".test", ".localhost"),
    *(".corp", ".home", ".intranet", ".private", ".svc", ".onion"),
)
"""Ends of names that no public name server answers for (RFC 6761, 6762, 7686, 8375; read
2026-11-28)."""
_ANSWER_BYTES = 4096


def examine_public_url(settings: Settings) -> list[Finding]:
    """Return what the public URL's form says; asks nobody."""
    url = settings.tracker_public_url
    if url is None:
        text = "not set: providers cannot call back, every task is polled for"
        return [Finding("note", ABOUT, text)]
    found = [_examine_form(settings, url)]
    if url.startswith("http://"):
        text = "plain http: the tokens in callback URLs can be read on the way"
        found.append(Finding("note", ABOUT, text))
    return found


def _examine_form(settings: Settings, url: str) -> Finding:
    inside = is_inside(url)
    accounts = settings.list_accounts().by_name.values()
    public = sorted({a.base_url for a in accounts if not is_inside(a.base_url)})
    if not inside or not public:
        return Finding("ok", ABOUT, f"providers call back to {url}/callbacks/…")
    host = urlsplit(url).hostname
    text = (
        f"{public[0]} cannot reach {host}: a loopback, private or local address; give one that the "
        "Internet reaches (a tunnel will do), or unset it: then every task is polled for"
    )
    return Finding("error", ABOUT, text)


def is_inside(url: str) -> bool:
    """Tell whether a URL's host is certainly of no use outside; looks no name up."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if policy.explain_refusal(url, ()) is not None:
        return True
    has_one_label = "." not in host and ":" not in host
    return has_one_label or host.lower().endswith(_INSIDE)


def call_public_url(settings: Settings) -> list[Finding]:
    """Call the public URL as a provider would, and see whether this service answers there.

    Nothing is found where there is no public URL.
    """
    url = settings.tracker_public_url
    if url is None:
        return []
    if not settings.has_callback_secrets():
        text = "could not be tried: no service ever ran with these settings; start it, ask again"
        return [Finding("note", ABOUT, text)]
    try:
        secrets = settings.list_callback_secrets()
    except SettingsError as error:
        return [Finding("error", ABOUT, f"could not be tried: {error}")]
    flaw = _find_flaw(url, secrets, verify=True)
    if flaw is None:
        text = f"this service answers at {url}: callbacks arrive"
        return [Finding("ok", ABOUT, text)]
    if _find_flaw(_build_local_url(settings), secrets, verify=False) is None:
        text = f"the service runs here, and {url} does not lead to it: {flaw}"
        return [Finding("error", ABOUT, text)]
    text = (
        f"could not be tried: {url} {flaw}, and nothing of ours answers on port "
        f"{settings.port} here; start the service and run doctor again"
    )
    return [Finding("note", ABOUT, text)]


def _build_local_url(settings: Settings) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound
    host = everywhere.get(settings.tracker_host, settings.tracker_host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    scheme = "https" if settings.tracker_tls_cert else "http"
    return f"{scheme}://{host}:{settings.port}{settings.tracker_root_path}"


def _find_flaw(base_url: str, secrets: Sequence[bytes], *, verify: bool) -> str | None:
    """Ask an address whether it is this service; None when it proves to be.

    verify: whether its certificate must be good for its name. Not asked of ourselves on loopback,
    where the certificate is for another name.
    """
    nonce = make_name()
    trust = ssl.create_default_context()
    if not verify:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            limit_requests(CALL_S),
            httpx.Client(transport=BoundedTransport(verify=trust), timeout=CALL_S) as http,
            http.stream("GET", f"{base_url}{identity.build_path(secrets, nonce)}") as answer,
        ):
            said = next(answer.iter_bytes(_ANSWER_BYTES), b"")  # a page of another may never end
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return _describe_error(error)
    try:
        proof = json.loads(said)["proof"]
    except (ValueError, LookupError, TypeError):
        return _describe_status(answer)
    if isinstance(proof, str) and identity.is_proven(secrets, nonce, proof):
        return None
    return "is answered by a service with other TRACKER_CALLBACK_SECRETS"


def _describe_status(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f"redirects ({answer.status_code}), which providers do not follow"
    if answer.status_code == httpx.codes.NOT_FOUND:
        return (
            "answers 404: another service, another path, or other TRACKER_CALLBACK_SECRETS than "
            "this command sees"
        )
    return f"answers {answer.status_code} and not as this service does"


def _describe_error(error: Exception) -> str:
    text = str(error)
    if isinstance(error, httpx.TimeoutException):
        return f"gives no answer within {CALL_S:g} s"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "shows a certificate that is not trusted; providers refuse it as well"
    return f"cannot be called ({explain_failure(error)})"
