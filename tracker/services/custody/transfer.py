"""One file on its way from its origin: hashed, looked at, and gone on with after a cut.

A cut transfer goes on by Range with If-Range, so that an origin whose file has changed sends it
whole; and it begins with bytes that are there already, which must be the same, as not every
origin keeps its word.
"""

import hashlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta

from tracker.domain.custody import Custody
from tracker.domain.errors import BrokenTransfer, MisplacedPage, TrailingBytes, UnkeepableFile
from tracker.domain.exchange import Certainty, HttpFailure, HttpStream
from tracker.domain.media_extent import MediaExtent
from tracker.domain.media_type import FIRST_BYTES, detect_media_type, find_type_flaw
from tracker.domain.retry import retry_after_s
from tracker.services.hashing import Hasher
from tracker.services.storage import Downloads

MOST_CUTS = 5
"""Cuts in a row between which less than PROGRESS_BYTES came."""
PROGRESS_BYTES = 1024 * 1024
OVERLAP_BYTES = 32 * 1024
"""Asked for once more when a transfer goes on, to compare."""
OK, PARTIAL, NOT_THERE = 200, 206, 416


class TransferRestart(Exception):
    """The transfer cannot go on where it was cut; from the beginning it may. The message: why."""


class HostUnreachable(BrokenTransfer):
    """No connection to the file's host could be made."""


class OriginRefusal(Exception):
    """The origin gives no file. asked: how long it asks to wait."""

    def __init__(self, answer: HttpStream) -> None:
        """Keep what an answer says in its status and its headers."""
        super().__init__(f"the origin answers {answer.status}")
        self.status = answer.status
        self.asked = timedelta(seconds=retry_after_s(answer.headers) or 0.0)


class Transfer:
    """The bytes of one file. Use it once.

    size, digest and first are whole once `chunks` has ended.
    is_answered: its host has said anything.
    """

    def __init__(
        self,
        downloads: Downloads,
        source: tuple[str, Mapping[str, Mapping[str, str]]],
        kind: str,
        rules: Custody,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """source: the URL, and the headers that single hosts get. kind: of the artifact."""
        self._downloads = downloads
        self._url, self._secrets = source
        self._kind, self._rules, self._pause = kind, rules, pause
        self._hashing = Hasher()
        self._promised: dict[str, bytes] = {}
        self._total: int | None = None
        self._validator: str | None = None
        self._tail = b""
        self._extent = MediaExtent()
        self._is_checked = self._is_open_ended = self._has_more = self._is_asked = False
        self._is_confirmed = False
        self.is_answered = False
        self.size = 0
        self.first = b""

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what has come."""
        return self._hashing.digest()

    @property
    def media_type(self) -> str:
        """The type that the first bytes tell."""
        return detect_media_type(self.first)

    async def iterate_chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the file.

        Raises OriginRefusal, TransferRestart, BrokenTransfer (it may work later), UnkeepableFile
        (it never will).
        """
        answer = await self._begin()
        cuts, since = 0, 0
        while True:
            expected = self._tail if answer.status == PARTIAL else b""
            why = None
            async with aclosing(answer.chunks) as pieces:
                try:
                    async for piece in pieces:
                        fresh, expected = _skip_known(expected, piece)
                        if fresh:
                            self._take(fresh)
                            await self._hashing.add(fresh)
                            yield fresh
                except TrailingBytes:
                    self._has_more = True
                except BrokenTransfer as error:
                    why = str(error)
            if why is None and self._is_whole():
                why = await self._find_missing()
            if why is None and self._is_whole():
                await self._hashing.finish()
                self._check_whole()
                return
            why = why or f"the origin announced {self._total} bytes and sent {self.size}"
            if self.size - since >= PROGRESS_BYTES:
                cuts, since = 0, self.size
            answer, cuts = await self._go_on(cuts + 1, why)

    async def _begin(self) -> HttpStream:
        answer = await self._ask({})
        begins = answer.status == PARTIAL and _is_beginning_of_file(
            answer.headers
        )  # of all, unasked
        if answer.status != OK and not begins:
            await answer.chunks.aclose()
            raise OriginRefusal(answer)
        if not _is_coded(answer.headers):
            is_chunked = "transfer-encoding" in answer.headers  # overrides a length (RFC 9112, 6.3)
            length = "" if is_chunked else answer.headers.get("content-length", "")
            self._total = int(length) if length.isdecimal() else None
            self._is_open_ended = not (length or is_chunked)
            if begins:
                self._total, self._is_open_ended = _read_total(answer.headers), False
            self._validator = _read_validator(answer.headers)
            self._promised = {} if begins else _read_promised_digests(answer.headers)
            self._hashing = Hasher(also=self._promised.keys() - {"sha256"})
        if self._total is not None and self._total > self._rules.max_bytes:
            await answer.chunks.aclose()
            raise UnkeepableFile(self._describe_too_large())
        return answer

    async def _ask(self, headers: Mapping[str, str]) -> HttpStream:
        sent = {"accept-encoding": "identity", **headers}
        answer = await self._downloads.open_file(self._url, sent, self._secrets)
        if isinstance(answer, HttpFailure):
            if answer.reason.startswith("may not be"):
                raise UnkeepableFile(answer.reason)
            is_reached = self.is_answered or answer.certainty is not Certainty.NOT_SENT
            self.is_answered = is_reached
            raise (BrokenTransfer if is_reached else HostUnreachable)(answer.reason)
        self.is_answered = True
        return answer

    async def _go_on(self, cuts: int, why: str) -> tuple[HttpStream, int]:
        """Ask for the rest until it comes. Returns the answer and how often in a row it was cut."""
        while cuts <= MOST_CUTS:
            await self._pause(0.05 * 4 ** (cuts - 1))
            if self._validator is None:
                raise TransferRestart(f"{why}; the origin names no version to go on with")
            at = self.size - len(self._tail)
            try:
                answer = await self._ask({"range": f"bytes={at}-", "if-range": self._validator})
            except BrokenTransfer as error:
                cuts, why = cuts + 1, str(error)
                continue
            if answer.status == PARTIAL and self._is_continuation(answer.headers, at):
                if self._total is None:  # or an answer that holds less than was asked for is whole
                    self._total = _read_total(answer.headers)
                return answer, cuts
            await answer.chunks.aclose()
            if answer.status in (OK, PARTIAL, 412, NOT_THERE):
                raise TransferRestart(f"{why}; the origin does not go on with the same file")
            cuts, why = cuts + 1, f"the origin answers {answer.status}"
        raise BrokenTransfer(why)

    async def _find_missing(self) -> str | None:
        """Return what is missing of a file whose end nothing told but the end of its connection.

        Or whose length is not that of what came. None where nothing is, and where the origin does
        not say either: it answers no ranges.
        """
        is_doubted = self._is_open_ended or self._find_flaw() is not None
        if self._is_asked or not is_doubted or not self.size:
            return None
        self._is_asked = True
        condition = {} if self._validator is None else {"if-range": self._validator}
        answer = await self._ask({"range": f"bytes={self.size - 1}-", **condition})
        await answer.chunks.aclose()
        if answer.status not in (PARTIAL, NOT_THERE) or _is_coded(answer.headers):
            return None
        self._total = _read_total(answer.headers)
        if self._is_whole():
            self._is_confirmed = self._total is not None
            return None
        return f"the connection ended after {self.size} of {self._total} bytes"

    def _is_continuation(self, headers: Mapping[str, str], at: int) -> bool:
        unit, _, rest = headers.get("content-range", "").partition(" ")
        start = rest.partition("/")[0].partition("-")[0]
        if unit != "bytes" or start != str(at) or _is_coded(headers):
            return False
        total = _read_total(headers)
        if total is None and (self._total is None or not rest.endswith("/*")):
            return False
        if None not in (total, self._total) and total != self._total:
            return False
        return _read_validator(headers) in (None, self._validator)

    def _take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._rules.max_bytes:
            raise UnkeepableFile(self._describe_too_large())
        if len(self.first) < FIRST_BYTES:
            self.first += piece[: FIRST_BYTES - len(self.first)]
        if not self._is_checked and len(self.first) == FIRST_BYTES:
            self._check_type()
        is_enough = len(piece) >= OVERLAP_BYTES
        self._extent.feed(piece)
        self._tail = (piece if is_enough else self._tail + piece)[-OVERLAP_BYTES:]

    def _is_whole(self) -> bool:
        return self._total is None or self.size == self._total

    def _check_whole(self) -> None:
        if self.size == 0:
            raise BrokenTransfer("the origin sent nothing")
        if not self._is_checked:
            self._check_type()
        if (flaw := self._find_flaw()) is not None:
            raise BrokenTransfer(flaw)
        for name, digest in self._promised.items():
            if self._hashing.digest(name) != digest:
                raise BrokenTransfer(
                    f"the bytes have another digest ({name}) than the origin names"
                )

    def _find_flaw(self) -> str | None:
        """Return why what the origin calls whole is not; None where nothing says that."""
        if self._has_more and not self._extent.is_whole():
            return f"more came than the {self.size} bytes that the origin announced"
        if self._is_confirmed and self._extent.is_hint:
            return None
        return self._extent.find_flaw()

    def _check_type(self) -> None:
        self._is_checked = True
        flaw = find_type_flaw(self._kind, self.media_type)
        if flaw is not None:
            raise MisplacedPage(flaw)

    def _describe_too_large(self) -> str:
        return f"larger than {self._rules.max_bytes} bytes (TRACKER_ASSET_MAX_BYTES)"


def _skip_known(expected: bytes, piece: bytes) -> tuple[bytes, bytes]:
    """Take what is there already off a piece. Returns the rest, and what is still to be compared.

    Raises TransferRestart where the bytes differ.
    """
    common = min(len(expected), len(piece))
    if expected[:common] != piece[:common]:
        raise TransferRestart("the origin went on with the bytes of another file")
    return piece[common:], expected[common:]


def _read_total(headers: Mapping[str, str]) -> int | None:
    """Return how long a file is by its Content-Range; None where that does not say."""
    total = headers.get("content-range", "").rpartition("/")[2].strip()
    return int(total) if total.isdecimal() and total.isascii() else None


def _is_beginning_of_file(headers: Mapping[str, str]) -> bool:
    """Tell whether a part is the beginning of a file whose length is known, or all of it."""
    is_first = headers.get("content-range", "").startswith("bytes 0-")
    return is_first and _read_total(headers) is not None and not _is_coded(headers)


def _is_coded(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer's bytes are not those of the file: its lengths are none of it."""
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def _read_validator(headers: Mapping[str, str]) -> str | None:
    """Return what an If-Range may hold: a strong ETag, else the time of the last change."""
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        return etag
    return headers.get("last-modified")


def _read_promised_digests(headers: Mapping[str, str]) -> dict[str, bytes]:
    """Return the digests of the file that an answer names, by algorithm.

    None of bytes that were changed on their way, which the digest is not of: Google unpacks a file
    that is stored packed and goes on naming the packed one's digest. An ETag is no digest: many an
    S3 object's looks like an MD5 and is none (KMS, parts).
    Sources, read 2026-11-28: RFC 9530 (Repr-Digest, Content-Digest), RFC 3230 (Digest), RFC 1864
    (Content-MD5), https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    (x-amz-checksum-*), https://cloud.google.com/storage/docs/xml-api/reference-headers
    (x-goog-hash); 2026-12-01: RFC 7234, 5.5.6 (Warning 214),
    https://github.com/googleapis/google-cloud-dotnet/issues/7154 (unpacked, with another digest).
    """
    if "214" in headers.get("warning", "").split() or _is_stored_coded(headers):
        return {}
    named = {
        "sha256": headers.get("x-amz-checksum-sha256", ""),
        "sha512": "",
        "sha1": headers.get("x-amz-checksum-sha1", ""),
        "md5": headers.get("content-md5", ""),
    }
    for name in ("repr-digest", "content-digest", "digest", "x-goog-hash"):
        for one in headers.get(name, "").split(","):
            algorithm, _, value = one.strip().partition("=")
            known = algorithm.lower().replace("sha-", "sha")
            if known in named and not named[known]:
                named[known] = value.strip(":")
    found = {}
    for name, text in named.items():
        try:
            digest = b64decode(text, validate=True)
        except (Base64Error, ValueError):
            continue
        if len(digest) == hashlib.new(name, usedforsecurity=False).digest_size:
            found[name] = digest
    return found


def _is_stored_coded(headers: Mapping[str, str]) -> bool:
    """Tell whether an origin stores a file in a coding that this answer of it does not have."""
    return headers.get("x-goog-stored-content-encoding", "identity").strip().lower() != "identity"
