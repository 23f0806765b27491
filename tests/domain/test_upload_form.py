from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tracker.domain.upload_form import UploadTicket, make_token, read_token

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
TICKET = UploadTicket(UUID(int=7), "a tenant of 北京")
TOKEN = make_token(b"first", TICKET, NOW)


def test_a_token_proves_its_tenant_and_file_until_its_end() -> None:
    before = NOW - timedelta(seconds=1)
    assert read_token(TOKEN, [b"second", b"first"], now=before) == TICKET
    assert read_token(TOKEN, [b"first"], now=NOW) is None
    assert read_token(TOKEN, [b"second"], now=before) is None


@pytest.mark.parametrize("place", range(0, len(TOKEN), 7))
def test_a_changed_token_proves_nothing(place: int) -> None:
    other = "B" if TOKEN[place] == "A" else "A"
    changed = TOKEN[:place] + other + TOKEN[place + 1 :]
    assert read_token(changed, [b"first"], now=NOW - timedelta(days=1)) is None


@pytest.mark.parametrize("text", ["", "====", "é", "AAAA", "A" * 5000, TOKEN[:-5]])
def test_what_is_no_token_proves_nothing(text: str) -> None:
    assert read_token(text, [b"first"], now=NOW - timedelta(days=1)) is None
