"""`tracker healthcheck`: ask the service of this machine whether it is ready, for containers."""

import click

from tracker.call_failures import explain_failure
from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED
from tracker.cli.shared import fail, load_settings, print_note

TIMEOUT_S = 4.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound


@click.command(
    cls=Command, epilog=format_examples("tracker healthcheck", "PORT=9000 tracker healthcheck")
)
def healthcheck() -> None:
    """Ask the web process that these settings start for /readyz; fail where it is not ready."""
    import httpx  # noqa: PLC0415 - the help needs no client

    from tracker.bounded_http import BoundedTransport, limit_requests  # noqa: PLC0415

    settings = load_settings()
    bound = settings.tracker_host
    host = _EVERYWHERE.get(bound, f"[{bound}]" if ":" in bound else bound)
    scheme = "https" if settings.tracker_tls_cert else "http"
    url = f"{scheme}://{host}:{settings.port}{settings.tracker_root_path}/readyz"
    try:
        # The certificate is of another name than this machine's own address.
        with (
            httpx.Client(transport=BoundedTransport(verify=False)) as http,
            limit_requests(TIMEOUT_S),
        ):
            answer = http.get(url, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        fail(f"{url} does not answer: {explain_failure(error)}", code=FAILED)
    if answer.status_code != 200:
        fail(f"{url} answers {answer.status_code}: {answer.text[:500]}", code=FAILED)
    print_note(f"{url} is ready")
