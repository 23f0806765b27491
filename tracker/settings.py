"""The environment: its sole reader. Everything else is handed a frozen Settings."""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)

from tracker.accounts import (
    Accounts,
    AccountsError,
    flaws_of_credentials,
    http_url,
    parse,
    reveal,
)
from tracker.clock import new_secret
from tracker.domain.policy import Confirm
from tracker.domain.signature import key_of
from tracker.providers.base import Account
from tracker.providers.registry import PROVIDERS
from tracker.setting_errors import lines_of, unknown_settings
from tracker.store.driver.engine import normalise_url

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRETS_FILE = "callback_secrets"


class SettingsError(Exception):
    """One setting or several are wrong. `problems` has a line for each, which names it."""

    def __init__(self, *problems: str) -> None:
        """problems: `NAME: reason and what would be right`; none holds a secret's value."""
        super().__init__("\n".join(problems))
        self.problems = problems


def _words(value: Any) -> Any:
    return (
        [word.strip() for word in value.split(",") if word.strip()]
        if isinstance(value, str)
        else value
    )


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _network(value: str) -> str:
    # Here, so that only who sets it loads the table of addresses.
    from tracker.egress.policy import checked_network  # noqa: PLC0415

    return checked_network(value)


def _webhook_secret(value: SecretStr) -> SecretStr:
    key_of(value.get_secret_value())
    return value


_RESERVED = frozenset(
    {"v1", "callbacks", "ui", "docs", "healthz", "readyz", "metrics", "openapi.json"}
)
"""First parts of paths that are ours."""


def _path_prefix(value: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value):
        raise ValueError(f"{value!r} must be a path like /tracker, with no slash at the end")
    return value


def _front_prefix(value: str) -> str:
    if _path_prefix(value).split("/")[1] in _RESERVED:
        raise ValueError(f"{value!r} begins with a path that is used for something else")
    return value


def _database(value: str) -> str:
    normalise_url(value)
    return value


HttpUrl = Annotated[str, AfterValidator(http_url)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_words)]
PathPrefix = Annotated[str, AfterValidator(_path_prefix)]
Prefixes = Annotated[
    tuple[Annotated[str, AfterValidator(_front_prefix)], ...], BeforeValidator(_words)
]
WebhookSecrets = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_webhook_secret)], ...], BeforeValidator(_words)
]
# What form a provider's secrets have, its adapter knows.
ProviderSecrets = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=1)], ...], BeforeValidator(_words)
]
Secrets = Annotated[tuple[Annotated[SecretStr, Field(min_length=16)], ...], BeforeValidator(_words)]


class Settings(BaseModel):
    """Everything that can be set. Field names are the variables' names in lower case.

    Durations are in seconds, sizes in bytes. docs/reference/settings.md explains each.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    database_url: Annotated[str, AfterValidator(_database)] = ""
    tracker_data_dir: Path = Path("data")
    tracker_public_url: HttpUrl | None = None
    tracker_host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    web_concurrency: int = Field(1, ge=1, le=64)
    tracker_root_path: PathPrefix | Literal[""] = ""
    tracker_tls_cert: FilePath | None = None
    tracker_tls_key: FilePath | None = None
    tracker_auth: Annotated[Literal["on", "off"], BeforeValidator(_lower)] | None = None
    tracker_rate_limit: int | None = Field(None, ge=1, le=10_000_000)
    tracker_callback_secrets: Secrets = ()
    tracker_adopt_unknown: bool = False
    tracker_confirm_terminal: Annotated[Confirm, BeforeValidator(_lower)] = Confirm.SHARED
    tracker_kling_base_url: HttpUrl = "https://api-singapore.klingai.com"
    tracker_kling_api_key: SecretStr | None = None
    tracker_kling_access_key: SecretStr | None = None
    tracker_kling_secret_key: SecretStr | None = None
    tracker_kling_webhook_secret: ProviderSecrets = ()
    tracker_kling_prefixes: Prefixes = ()
    tracker_kling_max_in_flight: int | None = Field(None, ge=1)
    tracker_kling_profile: str | None = None
    tracker_kling_finds_external_ids: bool = True
    tracker_config: Path | None = None
    tracker_egress_allow: Networks = ()
    tracker_webhook_secrets: WebhookSecrets = ()
    tracker_deliver_timeout_s: float = Field(15.0, gt=0)
    tracker_endpoint_patience_s: float = Field(2 * 86400.0, gt=0)
    tracker_max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024)
    tracker_callback_max_bytes: int = Field(1024 * 1024, ge=1024)
    tracker_body_timeout_s: float = Field(30.0, gt=0)
    tracker_submit_timeout_s: float = Field(60.0, gt=0)
    tracker_poll_first_s: float = Field(3.0, gt=0)
    tracker_poll_max_s: float = Field(600.0, gt=0)
    tracker_poll_quiet_s: float = Field(60.0, gt=0)
    tracker_poll_confirm_s: float = Field(15.0, gt=0)
    tracker_deadline_s: float = Field(3600.0, gt=0)
    tracker_give_up_after_s: float = Field(3 * 86400.0, gt=0)
    tracker_learn_s: float = Field(20.0, gt=0)
    tracker_lease_s: float = Field(30.0, ge=1)
    tracker_drain_s: float = Field(15.0, ge=0)
    tracker_watch_poll_s: float = Field(0.2, gt=0, le=60)
    tracker_heartbeat_s: float = Field(15.0, gt=0)
    tracker_slow_reader_s: float = Field(20.0, gt=0)
    tracker_log_format: Annotated[Literal["json", "console"], BeforeValidator(_lower)] | None = None
    tracker_log_level: Annotated[
        Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)
    ] = "info"
    _accounts: Accounts = PrivateAttr(default_factory=Accounts)

    @model_validator(mode="after")
    def _account_can_work(self) -> Self:
        account = self.kling_account()
        for flaw in (*flaws_of_credentials(account), *PROVIDERS["kling"].flaws_of(account)):
            key, _, reason = flaw.partition(": ")
            for name in ("access_key", "secret_key", "api_key"):
                reason = reason.replace(name, f"TRACKER_KLING_{name.upper()}")
            raise ValueError(f"TRACKER_KLING_{key.upper().removesuffix('S')}: {reason}")
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tracker_tls_cert) != bool(self.tracker_tls_key):
            missing = "KEY" if self.tracker_tls_cert else "CERT"
            raise ValueError(
                f"TRACKER_TLS_{missing}: TRACKER_TLS_CERT and TRACKER_TLS_KEY go together; "
                "this one is missing"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment, over a `.env` in the working directory.

        environ: in its place (then no `.env` is read).
        Empty values count as unset. Raises SettingsError, with every problem found.
        """
        if environ is None:
            environ = read_environment()
        known = {
            name: environ[name.upper()] for name in cls.model_fields if environ.get(name.upper())
        }
        problems = unknown_settings(environ, setting_names())
        try:
            settings = cls(**known)
        except ValidationError as error:
            problems += lines_of(error, known)
            raise SettingsError(*problems) from None
        if problems:
            raise SettingsError(*problems)
        settings._accounts = _read_accounts(settings, environ)
        return settings

    def resolved_database_url(self) -> str:
        """DATABASE_URL, or the SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.tracker_data_dir / 'tracker.db'}"

    def callback_secrets(self) -> tuple[bytes, ...]:
        """The secrets of callback URLs: the first signs, all verify.

        Where none are set, one is made and kept in the data directory with mode 0600, so that
        URLs given out before a restart stay valid.
        """
        if self.tracker_callback_secrets:
            return tuple(
                secret.get_secret_value().encode() for secret in self.tracker_callback_secrets
            )
        return _kept_secrets(self.tracker_data_dir)

    def has_callback_secrets(self) -> bool:
        """Tell whether secrets are set, or kept by a service that has run before."""
        kept = self.tracker_data_dir / _SECRETS_FILE
        return bool(self.tracker_callback_secrets) or kept.is_file()

    def webhook_secrets(self) -> tuple[bytes, ...]:
        """The keys that sign what is sent to URLs that came with a task: all of them do."""
        return tuple(key_of(secret.get_secret_value()) for secret in self.tracker_webhook_secrets)

    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.tracker_host in _LOOPBACK

    def kling_account(self) -> Account:
        """The default account at Kling."""
        return Account(
            name="default",
            base_url=self.tracker_kling_base_url,
            api_key=reveal(self.tracker_kling_api_key),
            access_key=reveal(self.tracker_kling_access_key),
            secret_key=reveal(self.tracker_kling_secret_key),
            webhook_secrets=tuple(
                one.get_secret_value() for one in self.tracker_kling_webhook_secret
            ),
            max_in_flight=self.tracker_kling_max_in_flight,
            profile=self.tracker_kling_profile,
            finds_external_ids=self.tracker_kling_finds_external_ids,
        )

    def accounts(self) -> Accounts:
        """Every account: those of the file, and the environment's as `default`.

        The latter is there when it has credentials, or when the file has none for Kling.
        """
        named = dict(self._accounts.by_name)
        if self.has_kling_credentials() or all(owner != "kling" for owner, _ in named):
            named["kling", "default"] = self.kling_account()
        return Accounts(named, self._accounts.rules)

    def has_kling_credentials(self) -> bool:
        """Whether anything could be submitted to Kling."""
        return bool(self.tracker_kling_api_key or self.tracker_kling_access_key)


def database_url() -> str:
    """Where the database is, for migrations."""
    return Settings.from_env().resolved_database_url()


def _read_accounts(settings: Settings, environ: Mapping[str, str]) -> Accounts:
    path = settings.tracker_config
    if path is None:
        return Accounts()
    try:
        found = parse(path.read_text(), environ, PROVIDERS)
    except AccountsError as error:
        raise SettingsError(f"TRACKER_CONFIG: {path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"TRACKER_CONFIG: {path}: {reason}") from None
    if ("kling", "default") in found.by_name and settings.has_kling_credentials():
        raise SettingsError(
            f"TRACKER_CONFIG: {path}: accounts.kling.default: TRACKER_KLING_… has credentials for "
            "an account of this name; give it another"
        )
    return found


OTHER_NAMES = frozenset({"TRACKER_URL", "TRACKER_API_KEY", "TRACKER_TEST_DATABASE_URL"})
"""Names with our prefix that are read elsewhere: by the client commands and by the tests."""


def read_environment() -> dict[str, str]:
    """Read the environment over a `.env` in the working directory: texts by name."""
    return {k: v for k, v in dotenv_values(".env").items() if v} | dict(os.environ)


def setting_names() -> frozenset[str]:
    """Name every variable that is read, here or by the commands that call a service."""
    return frozenset(name.upper() for name in Settings.model_fields) | OTHER_NAMES


def _kept_secrets(folder: Path) -> tuple[bytes, ...]:
    path = folder / _SECRETS_FILE
    draft = folder / f"{_SECRETS_FILE}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_private(draft, new_secret() + "\n")
            # Of several processes that start at once one wins, and the file is never half there.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
            draft.unlink()
    except OSError as error:
        raise SettingsError(
            f"TRACKER_DATA_DIR: cannot keep the callback secret in {folder}: {error.strerror}"
        ) from None
    return _read_secrets(path)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read_secrets(path: Path) -> tuple[bytes, ...]:
    secrets = tuple(line.strip().encode() for line in path.read_text().splitlines() if line.strip())
    if not secrets:
        raise SettingsError(
            f"TRACKER_CALLBACK_SECRETS: {path} is empty; delete it to make a new one"
        )
    return secrets
