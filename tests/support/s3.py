"""S3 as moto emulates it, of the dependency group `s3`; obstore is in the extra `assets`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

BUCKET = "results"
MISSING = "moto and obstore are not installed (group s3 and extra assets): S3 is not tested"


def is_there() -> bool:
    """Return whether what it needs is installed."""
    return all(find_spec(name) is not None for name in ("moto", "obstore", "boto3"))


@contextmanager
def emulated_s3() -> Iterator[dict[str, str]]:
    """A server in a thread with one bucket; yields the variables of who asks it, and where."""
    import boto3  # noqa: PLC0415 - of a group that need not be there
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

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
    client = boto3.client(
        "s3",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET)
    client.close()
    try:
        yield given
    finally:
        running.stop()
