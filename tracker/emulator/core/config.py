"""Settings of the emulator: plain values only, no behaviour and no environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DEFAULT_KEY", "EmulatorConfig"]

DEFAULT_KEY = "emulator-key"
"""The static key that is accepted when nothing else is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """How the emulated providers behave. Everything has a default that suits a laptop."""

    api_keys: tuple[str, ...] = (DEFAULT_KEY,)
    """Static keys accepted as `Authorization: Bearer <key>`."""
    key_pairs: Mapping[str, str] = field(default_factory=dict)
    """Access key -> secret key, for callers that sign a JWT (HS256)."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Static key or access key -> account name. One that is not listed is its own account."""

    step_seconds: float = 1.0
    """Seconds from submitted to processing, and again from processing to the verdict."""
    max_slots: int = 20
    """Slots of one account of one provider; most tasks take one."""
    scenario: str = "ok"
    """Scenario of tasks that name none; see `GET /emulator` for the words."""
    manual_clock: bool = False
    """True: time stands still until `POST /emulator/advance` moves it."""
    seed: int | None = None
    """Makes ids repeatable. None (best when a database outlives the emulator): new each run."""

    public_url: str | None = None
    """Base of result media URLs, without a trailing slash. None: the Host the task was made on."""
    max_body_bytes: int = 64 * 1024 * 1024
    """Larger request bodies are refused (base64 pictures are tens of MB)."""

    callback_on_submitted: bool = False
    """Also call back with the first status, where a provider leaves open whether it does."""
    callback_tries: int = 3
    """How often one callback is tried until it is answered 2xx."""
    callback_backoff_seconds: float = 1.0
    """Pause before the second try; doubles each time, at most 30 s."""
    callback_timeout_seconds: float = 5.0
    """How long the receiver may take to answer."""
    webhook_secret: str | None = None
    """`whsec_…`: sign callbacks by Standard Webhooks, where a provider does. None: unsigned."""

    max_tasks: int = 50_000
    """Oldest tasks are dropped beyond this."""
    max_log_entries: int = 10_000
    """Oldest entries of each log are dropped beyond this."""
