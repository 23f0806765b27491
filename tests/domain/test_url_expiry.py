"""When a URL dies by its own words, of whatever form these are."""

import pytest

from tracker.domain.url_expiry import find_expiry


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00%2B14:00", "x"])
def test_an_end_that_cannot_be_kept_is_none(ends: str) -> None:
    assert find_expiry(f"https://x.blob.example/a?se={ends}&sig=x") is None


def test_an_end_is_told_in_utc() -> None:
    found = find_expiry("https://x.blob.example/a?se=2026-12-01T02:00:00%2B02:00&sig=x")
    assert found is not None
    assert found.isoformat() == "2026-12-01T00:00:00+00:00"
