"""Undo the content codings of an answer piece by piece, with a limit on what comes out.

A few kilobytes of gzip within gzip hold gigabytes: a limit that is looked at once a piece has been
undone comes too late.
"""

import zlib
from collections.abc import Iterator, Sequence

ACCEPTED = "gzip, deflate"
"""The codings we accept, in the form of the Accept-Encoding field."""
PIECE_BYTES = 64 * 1024
"""At most so much comes out at once."""
_MOST_LAYERS = 2
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_GZIP_MARK = b"\x1f\x8b"


class Undecodable(Exception):
    """The answer cannot be decoded, or holds too much. The message says which, for people."""


class Decoder:
    """Decodes one body."""

    def __init__(self, encoding: str, *, cap: int) -> None:
        """encoding: the Content-Encoding field. cap: bytes that go in, or come out of any layer.

        Raises Undecodable for a coding that was not asked for, and for more than two.
        """
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        unknown = [name for name in names if name not in _WINDOWS]
        if unknown:
            raise Undecodable(f"the answer has an unknown encoding: {unknown[0][:40]!r}")
        if len(names) > _MOST_LAYERS:
            raise Undecodable(f"the answer is encoded {len(names)} times")
        self._layers = [_Layer(name, cap) for name in reversed(names)]
        self._cap, self._size, self._raw_size = cap, 0, 0

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """Yield what a piece of the body holds. Raises Undecodable when it is too much.

        What comes in counts too: padding and empty members of gzip hold nothing, without an end.
        """
        self._raw_size += len(raw)
        if self._raw_size > self._cap:
            raise Undecodable(f"the answer is larger than {self._cap} bytes")
        for piece in _decode_layers(self._layers, raw):
            self._size += len(piece)
            if self._size > self._cap:
                raise Undecodable(f"the answer is larger than {self._cap} bytes")
            yield piece

    def finish(self) -> None:
        """Raise Undecodable unless every layer has come to its end."""
        if any(not layer.has_ended for layer in self._layers):
            raise Undecodable("the answer broke off within its encoding")


class _Layer:
    """One coding."""

    def __init__(self, name: str, cap: int) -> None:
        self._name = name
        self._cap = cap
        self._size = 0
        self._stream = zlib.decompressobj(_WINDOWS[name])
        self._begun = False

    @property
    def has_ended(self) -> bool:
        """Return true if nothing is missing; an empty body is complete."""
        return self._stream.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what comes out, at most PIECE_BYTES at a time."""
        while True:
            if self._stream.eof:
                # Of gzip several members may follow each other; whatever else follows is padding.
                if self._name == "deflate" or not data.startswith(_GZIP_MARK):
                    return
                self._stream = zlib.decompressobj(_WINDOWS[self._name])
            piece = self._decompress_piece(data)
            self._size += len(piece)
            if self._size > self._cap:
                raise Undecodable(f"the answer is larger than {self._cap} bytes")
            if piece:
                yield piece
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if not data and len(piece) < PIECE_BYTES:
                return

    def _decompress_piece(self, data: bytes) -> bytes:
        try:
            piece = self._stream.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            if self._begun or self._name != "deflate":
                raise Undecodable(f"the answer's encoding is broken: {error}") from None
            # Some servers send the bare form of it (RFC 9110 section 8.4.1.2).
            self._name, self._stream = "deflate", zlib.decompressobj(-zlib.MAX_WBITS)
            self._begun = True
            return self._decompress_piece(data)
        self._begun = self._begun or bool(data)
        return piece


def _decode_layers(layers: Sequence[_Layer], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for piece in layers[0].feed(data):
        yield from _decode_layers(layers[1:], piece)
