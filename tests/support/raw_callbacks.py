"""Callbacks for services that are tried without the web layer."""

from collections.abc import Mapping

from tracker.providers.ports.callbacks import Inbound
from tracker.services.receive.callback import RawCallback


def build_raw_callback(
    provider: str,
    subject: str,
    token: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    sender: str = "",
) -> RawCallback:
    """A callback to a URL of ours; subject and token: the last parts of the URL."""
    inbound = Inbound("POST", "", "", headers or {}, body)
    return RawCallback(provider, subject, token, inbound, sender=sender)
