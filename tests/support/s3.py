"""S3 as moto emulates it, of the dependency group `s3`; obstore is in the extra `assets`."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlsplit

BUCKET = "results"
MISSING = "moto and obstore are not installed (group s3 and extra assets): S3 is not tested"


def is_there() -> bool:
    """Return whether what it needs is installed."""
    return all(find_spec(name) is not None for name in ("moto", "obstore", "boto3"))


@contextmanager
def serve_emulated_s3() -> Iterator[dict[str, str]]:
    """A server in a thread with one bucket; yields the variables of who asks it, and where.

    It is emptied first: servers of one process share what earlier ones were given
    (https://docs.getmoto.org/en/latest/docs/server_mode.html, read 2026-11-30).
    """
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - of a group that need not be there

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    given = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    line = HTTPConnection(host, port)
    line.request("POST", "/moto-api/reset")
    assert line.getresponse().status == 200
    line.close()
    client = _make_client(given)
    client.create_bucket(Bucket=BUCKET)
    client.close()
    try:
        yield given
    finally:
        running.stop()


def make_bucket_client() -> Any:
    """Return a client of the server that the environment names, other than the service's own."""
    return _make_client(dict(os.environ))


def _make_client(given: dict[str, str]) -> Any:
    import boto3  # noqa: PLC0415 - of a group that need not be there

    return boto3.client(
        "s3",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def count_requests(url: str, count: Callable[[str], None]) -> Iterator[str]:
    """Stand before a server in this process; yields the address.

    count: called with each request's method, and what it asks for by name, before it goes on; and
        again with its answer.
    """
    host = urlsplit(url).netloc

    class Counted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            named = sorted(parse_qs(urlsplit(self.path).query, keep_blank_values=True))
            asked = " ".join((self.command, *named))
            count(asked)
            line = HTTPConnection(host)
            line.request(self.command, self.path, body, dict(self.headers))
            answer = line.getresponse()
            content = answer.read()
            count(f"{asked} {answer.status}")
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            size = answer.getheader("content-length") if self.command == "HEAD" else len(content)
            self.send_header("content-length", str(size or 0))
            self.end_headers()
            self.wfile.write(content)
            line.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - as they are found

    with ThreadingHTTPServer(("127.0.0.1", 0), Counted) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
