"""Sinks for files within answers that keep nothing and give names as the service does."""

from tests.egress.test_inline import PieceSink, Sinks
from tracker.clock import make_id
from tracker.domain.inline_files import InlineFile
from tracker.domain.media_type import detect_media_type


class _Named(PieceSink):
    async def finish(self) -> str:
        kind = detect_media_type(bytes(self.data))
        return InlineFile(make_id(), len(self.data), bytes(32), kind).build_name(b"s", "default")


class NamedSinks(Sinks):
    """Opens a sink for each file."""

    async def __call__(self) -> PieceSink:
        self.made.append(_Named())
        return self.made[-1]
