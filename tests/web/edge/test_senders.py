"""Whose page sends a request: what browsers say, and what nothing can be made of."""

import pytest

from tracker.web.edge.senders import Sender, find_sender

HOST = "tracker.example:8000"


@pytest.mark.parametrize(
    ("site", "origin", "host", "sender"),
    [
        ("same-origin", None, HOST, Sender.OWN),
        ("same-origin", "https://evil.example", HOST, Sender.OWN),  # no page can set the first
        ("same-site", f"https://{HOST}", HOST, Sender.FOREIGN),
        ("cross-site", f"https://{HOST}", HOST, Sender.FOREIGN),
        ("", f"https://{HOST}", HOST, Sender.FOREIGN),
        ("Same-Origin", None, HOST, Sender.FOREIGN),
        ("same-origin, cross-site", None, HOST, Sender.FOREIGN),  # two fields
        ("none", None, HOST, Sender.NO_PAGE),
        (None, f"https://{HOST}", HOST, Sender.OWN),
        (None, f"http://{HOST}", HOST, Sender.OWN),  # a proxy ends TLS
        (None, "https://TRACKER.example:8000", HOST, Sender.OWN),
        (None, "https://tracker.example", HOST, Sender.FOREIGN),
        (None, "https://tracker.example:8000.evil.example", HOST, Sender.FOREIGN),
        (None, "https://evil.example/tracker.example:8000", HOST, Sender.FOREIGN),
        (None, "null", HOST, Sender.FOREIGN),
        (None, "", "", Sender.FOREIGN),
        (None, "", HOST, Sender.FOREIGN),
        (None, f"https://{HOST}", None, Sender.FOREIGN),
        (None, "https://[::1", HOST, Sender.FOREIGN),
        (None, "http://[::1]:8000", "[::1]:8000", Sender.OWN),
        (None, None, HOST, Sender.UNKNOWN),
    ],
)
def test_the_sender_of_a_request(
    site: str | None, origin: str | None, host: str | None, sender: Sender
) -> None:
    assert find_sender(site, origin, host) is sender
