"""Refusals and failures of a service in one line: what is wrong, and what to do next."""

import re
from typing import Any

import httpx

from tracker.call_failures import explain_failure
from tracker.cli.visible import escape_hidden

_NO_KEY = "set TRACKER_API_KEY or --api-key; make a key with `tracker keys create`"
_USER_INFO = re.compile(r"//[^/?#]*@")


def hide_password(url: object) -> str:
    """Return an address as it may be printed: without the user, the password and the query."""
    return _USER_INFO.sub("//***@", re.split("[?#]", str(url))[0], count=1)


def explain_silence(url: str, error: httpx.HTTPError) -> str:
    """Say why there was no answer from this address."""
    url = hide_password(url)
    text = str(error)
    if isinstance(error, httpx.TimeoutException):
        return f"{url}: no answer in time; is the service overloaded, or the address wrong?"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            f"{url}: its certificate is not trusted: name its authority's file with --cacert or "
            "SSL_CERT_FILE"
        )
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return f"{url}: speaks no TLS; is it http://?"
    if "refused" in text:
        return (
            f"{url}: nothing answers there: start it with `tracker serve`, or say where it is "
            "with --url or TRACKER_URL"
        )
    if isinstance(error, httpx.ConnectError) and "Errno -" in text:
        return f"{url}: the name of the host is not known; check --url or TRACKER_URL"
    if isinstance(error, httpx.RemoteProtocolError):
        said = escape_hidden(text or "it broke off")
        return f"{url}: the answer is no HTTP ({said}); is it https://?"
    return f"{url}: {escape_hidden(explain_failure(error))}"


def explain_refusal(response: httpx.Response) -> str:
    """Say why the service refused."""
    problem = _parse_problem(response)
    if problem is None:
        return (
            f"HTTP {response.status_code} from {hide_password(response.url)}: is this a tracker "
            "service? check --url or TRACKER_URL"
        )
    reason = _describe_fields(problem) or str(problem["detail"])
    match response.status_code:
        case httpx.codes.UNAUTHORIZED:
            return f"{reason.rstrip('.')}: {_NO_KEY}"
        case httpx.codes.FORBIDDEN if "scope" in reason:
            scope = reason.rpartition(" ")[2].strip(".")
            return f"{reason}: make one with `tracker keys create --scope {scope}`"
        case httpx.codes.TOO_MANY_REQUESTS if "retry-after" in response.headers:
            return f"{reason}: try again in {response.headers['retry-after']} s"
    return reason


def _parse_problem(response: httpx.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("detail"), str) else None


def _describe_fields(problem: dict[str, Any]) -> str:
    fields = problem.get("errors")
    if not isinstance(fields, list):
        return ""
    told = [one for one in fields if isinstance(one, dict)]
    return "; ".join(f"{one.get('path')}: {one.get('reason')}".lstrip(": ") for one in told)
