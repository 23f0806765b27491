"""A small S3 of ours behind a listener on loopback, with the faults that moto's does not have."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import md5
from itertools import count
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.support.origin import build_head
from tests.support.upstream import Asked, Script, Upstream
from tracker.objects.bucket import Bucket

DATE = "last-modified: Sat, 01 Nov 2025 10:00:00 GMT"
_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


def stay_silent(asked: Asked) -> Iterable[bytes]:
    """Say nothing until the other side hangs up."""
    asked.wait_until_gone()
    return ()


def refuse_all(status: str) -> Script:
    """Refuse whatever is asked, at once."""

    def answer(asked: Asked) -> Iterable[bytes]:
        b"".join(asked.body)
        return [build_head(status, len(_BUSY)), _BUSY]

    return answer


def cut(_asked: Asked) -> Iterable[bytes]:
    """Hang up within an answer's head."""
    return [b"HTTP/1.1 200 O"]


class SmallS3:
    """Objects in memory; a script for `Upstream`.

    objects: by name, the bucket's in front. asked: each request's method and names in its query.
    fault:   returns the bad answer to a request; None: it gets a good one.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.fault: Callable[[str], Script | None] = lambda _asked: None
        self._parts: dict[str, dict[int, bytes]] = {}
        self._numbers = count()

    def __call__(self, asked: Asked) -> Iterable[bytes]:
        """Answer one request."""
        if not asked.line:  # it was given up before it said anything
            return ()
        method, target, _ = asked.line.split()
        url = urlsplit(target)
        query = {name: one[0] for name, one in parse_qs(url.query, keep_blank_values=True).items()}
        said = " ".join((method, *sorted(query)))
        self.asked.append(said)
        answer = self.fault(said) or self.answer(method, unquote(url.path)[1:], query)
        return answer(asked)

    def answer(self, method: str, name: str, query: Mapping[str, str]) -> Script:
        """Return the good answer to a request."""

        def answer(asked: Asked) -> Iterable[bytes]:
            body = b"".join(asked.body)
            tag = f'etag: "{md5(body).hexdigest()}"'
            if method == "POST" and "uploads" in query:
                id_ = f"{next(self._numbers)}"
                self._parts[id_] = {}
                return _build_xml(
                    f"<InitiateMultipartUploadResult><UploadId>{id_}</UploadId>"
                    "</InitiateMultipartUploadResult>"
                )
            if method == "PUT" and "uploadId" in query:
                self._parts[query["uploadId"]][int(query["partNumber"])] = body
                return [build_head("200 OK", 0, tag)]
            if method == "POST" and "uploadId" in query:
                parts = self._parts.pop(query["uploadId"])
                self.objects[name] = b"".join(parts[number] for number in sorted(parts))
                return _build_xml(
                    "<CompleteMultipartUploadResult><ETag>&quot;1&quot;</ETag>"
                    "</CompleteMultipartUploadResult>"
                )
            if method == "DELETE" and "uploadId" in query:
                self._parts.pop(query["uploadId"], None)
                return [build_head("204 No Content", None)]
            if method == "POST" and "delete" in query:
                for key in re.findall(rb"<Key>(.*?)</Key>", body):
                    self.objects.pop(f"{name.strip('/')}/{key.decode()}", None)
                return _build_xml("<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>")
            if method == "PUT":
                self.objects[name] = body
                return [build_head("200 OK", 0, tag)]
            if "list-type" in query:
                return _build_xml(
                    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
                )
            return self._read(method, name, asked.headers.get("range", ""))

        return answer

    def _read(self, method: str, name: str, asked_range: str) -> Iterable[bytes]:
        body = self.objects.get(name)
        if body is None:
            return [build_head("404 Not Found", 0)]
        lines = (f'etag: "{md5(body).hexdigest()}"', DATE)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", asked_range)
        if method == "HEAD" or wanted is None:
            return [build_head("200 OK", len(body), *lines), body if method == "GET" else b""]
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(body))
        said = f"content-range: bytes {start}-{end - 1}/{len(body)}"
        return [build_head("206 Partial Content", end - start, said, *lines), body[start:end]]


def _build_xml(text: str) -> Iterable[bytes]:
    body = text.encode()
    return [build_head("200 OK", len(body), "content-type: application/xml"), body]


@contextmanager
def open_small_bucket(s3: SmallS3, *, silence_s: float) -> Iterator[Bucket]:
    """Serve it, and open a bucket there that is as patient."""
    with Upstream(s3) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": running.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        yield Bucket("s3://small/kept", silence_s=silence_s)
