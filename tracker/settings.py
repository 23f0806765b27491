"""The environment: its sole reader. Everything else is handed a frozen Settings."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from tracker import environment
from tracker.accounts import Accounts, AccountsError, read_configuration
from tracker.config import front_hosts, paths, provider_settings
from tracker.config.kept_secrets import SECRETS_FILE, load_kept_secrets
from tracker.config.library_secrets import iterate_library_secrets
from tracker.config.measures import LEAST_S, Bytes, Seconds
from tracker.config.provider_settings import SettingsError
from tracker.config.setting_errors import describe_setting_errors, describe_unknown_settings
from tracker.config.setting_types import (
    BootstrapKey,
    DatabaseUrl,
    FilePath,
    FolderPath,
    FrontHosts,
    KeepTime,
    LowerCase,
    MetricsAddress,
    Networks,
    OnOff,
    PathPrefix,
    Secrets,
    StoreUrl,
    WebhookSecrets,
)
from tracker.domain.policy import KEEP_IDEMPOTENCY_KEYS, Confirm
from tracker.domain.redaction import Redactor
from tracker.domain.retention import TOO_SHORT, KeptClass, RetentionPolicy
from tracker.domain.signature import decode_key
from tracker.providers.ports.account import Account, HttpUrl
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS
from tracker.store.driver.engine import list_passwords

__all__ = ["OTHER_NAMES", "Settings", "SettingsError", "read_database_url"]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(BaseModel):
    """Everything that can be set. Field names are the variables' names in lower case.

    Durations are in seconds, sizes in bytes. docs/reference/settings.md explains each.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    database_url: DatabaseUrl = ""
    tracker_data_dir: FolderPath = Path("data")
    tracker_public_url: HttpUrl | None = None
    tracker_host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    web_concurrency: int = Field(1, ge=1, le=64)
    tracker_root_path: PathPrefix | Literal[""] = ""
    tracker_ui: OnOff = "on"
    tracker_front_hosts: FrontHosts = ()
    tracker_tls_cert: FilePath | None = None
    tracker_tls_key: FilePath | None = None
    tracker_auth: OnOff | None = None
    tracker_bootstrap_key: BootstrapKey | None = None
    tracker_rate_limit: int | None = Field(None, ge=1, le=10_000_000)
    tracker_rate_limit_shared: bool = False
    tracker_callback_secrets: Secrets = ()
    tracker_adopt_unknown: bool = False
    tracker_read_only: bool = False
    tracker_confirm_terminal: Annotated[Confirm, LowerCase] = Confirm.SHARED
    tracker_config: Path | None = None
    tracker_egress_allow: Networks = ()
    tracker_webhook_secrets: WebhookSecrets = ()
    tracker_deliver_timeout_s: Seconds = Field(15.0, ge=LEAST_S)
    tracker_endpoint_patience_s: Seconds = Field(2 * 86400.0, ge=LEAST_S)
    tracker_max_body_bytes: Bytes = Field(64 * 1024 * 1024, ge=1024)
    tracker_callback_max_bytes: Bytes = Field(1024 * 1024, ge=1024)
    tracker_body_timeout_s: Seconds = Field(30.0, ge=LEAST_S)
    tracker_head_max_bytes: Bytes = Field(64 * 1024, ge=1024)
    tracker_head_max_lines: int = Field(128, ge=8, le=10_000)
    tracker_url_max_bytes: Bytes = Field(16 * 1024, ge=256)
    tracker_head_timeout_s: Seconds = Field(10.0, ge=LEAST_S)
    tracker_idle_timeout_s: Seconds = Field(5.0, ge=LEAST_S)
    tracker_max_connections: int | None = Field(None, ge=1, le=10_000_000)
    tracker_submit_timeout_s: Seconds = Field(60.0, ge=LEAST_S)
    tracker_poll_first_s: Seconds = Field(3.0, ge=LEAST_S)
    tracker_poll_max_s: Seconds = Field(600.0, ge=LEAST_S)
    tracker_poll_quiet_s: Seconds = Field(60.0, ge=LEAST_S)
    tracker_poll_confirm_s: Seconds = Field(15.0, ge=LEAST_S)
    tracker_deadline_s: Seconds = Field(3600.0, ge=LEAST_S)
    tracker_give_up_after_s: Seconds = Field(3 * 86400.0, ge=LEAST_S)
    tracker_learn_s: Seconds = Field(20.0, ge=LEAST_S)
    tracker_lease_s: Seconds = Field(30.0, ge=1)
    tracker_drain_s: Seconds = Field(15.0, ge=0)
    tracker_commit_timeout_s: Seconds = Field(10.0, ge=LEAST_S)
    tracker_start_timeout_s: Seconds = Field(60.0, ge=0)
    tracker_watch_poll_s: float = Field(0.2, ge=LEAST_S, le=60)
    tracker_heartbeat_s: Seconds = Field(15.0, ge=LEAST_S)
    tracker_slow_reader_s: Seconds = Field(20.0, ge=LEAST_S)
    tracker_assets: OnOff = "on"
    tracker_asset_store: StoreUrl = ""
    tracker_asset_max_bytes: Bytes = Field(2 * 1024**3, ge=1024)
    tracker_upload_max_bytes: Bytes = Field(512 * 1024**2, ge=1024)
    tracker_asset_min_free_bytes: Bytes = Field(1024**3, ge=0)
    tracker_archive: StoreUrl = ""
    tracker_keep_inputs: KeepTime = timedelta(days=30)
    tracker_keep_evidence: KeepTime = timedelta(days=90)
    tracker_keep_deliveries: KeepTime = timedelta(days=30)
    tracker_keep_tasks: KeepTime = None
    tracker_keep_assets: KeepTime = timedelta(days=30)
    tracker_keep_tombstones: KeepTime = timedelta(days=400)
    tracker_metrics_addr: MetricsAddress = ("127.0.0.1", 9464)
    tracker_trace_callbacks: float = Field(0.01, ge=0, le=1)
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    otel_service_name: str = "tracker"
    tracker_log_format: Annotated[Literal["json", "console"], LowerCase] | None = None
    tracker_log_level: Annotated[Literal["debug", "info", "warning", "error"], LowerCase] = "info"
    _providers: Mapping[str, Provider] = PrivateAttr(default=PROVIDERS)
    _accounts: Accounts = PrivateAttr(default_factory=Accounts)
    _library_secrets: tuple[str, ...] = PrivateAttr(default=())
    _own_asset_urls: frozenset[str] = PrivateAttr(default=frozenset())
    _front_prefixes: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if bool(self.tracker_tls_cert) != bool(self.tracker_tls_key):
            missing = "KEY" if self.tracker_tls_cert else "CERT"
            raise ValueError(
                f"TRACKER_TLS_{missing}: TRACKER_TLS_CERT and TRACKER_TLS_KEY go together; "
                "this one is missing"
            )
        return self

    @model_validator(mode="after")
    def _check_kept_tasks(self) -> Self:
        keep = self.tracker_keep_tasks
        if keep is not None and keep < KEEP_IDEMPOTENCY_KEYS:
            raise ValueError(f"TRACKER_KEEP_TASKS: {TOO_SHORT}")
        return self

    @classmethod
    def read_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        providers: Mapping[str, Provider] = PROVIDERS,
    ) -> "Settings":
        """Read the environment, over a `.env` in the working directory.

        environ:   in its place (then no `.env` is read).
        providers: those whose accounts may be set, and which the service then works with.
        Empty values count as unset. Raises SettingsError, with every problem found.
        """
        if environ is None:
            environ = environment.read()
        known = {
            name: environ[name.upper()] for name in cls.model_fields if environ.get(name.upper())
        }
        problems = describe_unknown_settings(environ, list_setting_names(providers))
        ours = provider_settings.read(environ, providers)
        problems += ours.problems
        try:
            settings = cls(**known)
        except ValidationError as error:
            problems += describe_setting_errors(error, known)
            raise SettingsError(*problems) from None
        problems += front_hosts.list_flaws(
            settings.tracker_front_hosts, providers, taken=settings.tracker_public_url
        )
        if problems:
            raise SettingsError(*problems)
        settings._providers = providers
        settings._library_secrets = tuple(iterate_library_secrets(environ))
        settings._accounts = _read_accounts(settings, environ, ours.accounts)
        settings._front_prefixes = ours.front_prefixes
        settings._own_asset_urls = ours.own_asset_urls
        return settings

    def resolve_database_url(self) -> str:
        """DATABASE_URL, or the SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.tracker_data_dir / 'tracker.db'}"

    def has_custody(self) -> bool:
        """Return whether files of results are kept, be it those of one account alone."""
        options = [one.options for one in self.list_accounts().by_name.values()]
        return self.tracker_assets == "on" or any(one.assets == "on" for one in options)

    def get_asset_folder(self) -> Path:
        """TRACKER_ASSET_STORE where it names a folder, or `assets` in the data directory."""
        return Path(self.tracker_asset_store or self.tracker_data_dir / "assets")

    def list_callback_secrets(self) -> tuple[bytes, ...]:
        """Return the secrets of callback URLs: the first signs, all verify.

        Where none are set, one is made and kept in the data directory with mode 0600, so that
        URLs given out before a restart stay valid.
        """
        if self.tracker_callback_secrets:
            return tuple(
                secret.get_secret_value().encode() for secret in self.tracker_callback_secrets
            )
        return load_kept_secrets(self.tracker_data_dir)

    def has_callback_secrets(self) -> bool:
        """Tell whether secrets are set, or kept by a service that has run before."""
        kept = self.tracker_data_dir / SECRETS_FILE
        return bool(self.tracker_callback_secrets) or paths.is_file(kept)

    def list_webhook_secrets(self) -> tuple[bytes, ...]:
        """Return the keys that sign what is sent to URLs that came with a task: all of them do."""
        return tuple(
            decode_key(secret.get_secret_value()) for secret in self.tracker_webhook_secrets
        )

    def make_redactor(self) -> Redactor:
        """Take the secrets of the service out of what it stores, logs and answers."""
        return Redactor(*self._iterate_secrets())

    def log_redactor(self) -> Redactor:
        """Take out the database's passwords too, which no provider knows.

        Apart from `redactor`, since such a password may be a word that stands in results.
        """
        known, access_keys = self._iterate_secrets()
        return Redactor([*known, *list_passwords(self.resolve_database_url())], access_keys)

    def _iterate_secrets(self) -> tuple[list[str], list[str]]:
        """Return every secret that a provider or a receiver might repeat, and who may sign JWTs."""
        of_accounts = [
            text
            for one in self.list_accounts().by_name.values()
            for text in one.options.iterate_secrets()
        ]
        # Without making the file: whoever only looks at the settings changes nothing.
        secrets = self.list_callback_secrets() if self.has_callback_secrets() else ()
        kept = [secret.decode("utf-8", "replace") for secret in secrets]
        signing = [one.get_secret_value() for one in self.tracker_webhook_secrets]
        if self.tracker_bootstrap_key is not None:
            kept.append(self.tracker_bootstrap_key.get_secret_value())
        return [*of_accounts, *kept, *signing, *self._library_secrets], of_accounts

    def is_loopback(self) -> bool:
        """Return true if only this machine can connect."""
        return self.tracker_host in _LOOPBACK

    def get_providers(self) -> Mapping[str, Provider]:
        """Return the providers that these settings were read for."""
        return self._providers

    def list_accounts(self) -> Accounts:
        """Return every account: those of the file, and those of the environment as `default`."""
        return self._accounts

    def has_credentials(self) -> bool:
        """Tell whether anything could be submitted to any provider."""
        return any(one.options.has_credentials() for one in self.list_accounts().by_name.values())

    def build_retention(self) -> RetentionPolicy:
        """Return how long what belongs to ended tasks is kept."""
        return RetentionPolicy(
            {one: getattr(self, f"tracker_keep_{one}") for one in KeptClass},
            self._accounts.retention,
            tombstones=self.tracker_keep_tombstones,
        )

    def list_own_asset_urls(self) -> frozenset[str]:
        """Return the providers whose fronts show links of ours to files that are kept."""
        return self._own_asset_urls

    def list_front_hosts(self) -> Mapping[str, str]:
        """Return the providers whose front answers on a host name of its own, by that name."""
        return {host: provider for provider, host in self.tracker_front_hosts}

    def list_front_prefixes(self) -> Mapping[str, tuple[str, ...]]:
        """Return the further paths of each provider's front."""
        return self._front_prefixes


def read_database_url() -> str:
    """Return where the database is, for migrations."""
    return Settings.read_environment().resolve_database_url()


def _read_accounts(
    settings: Settings,
    environ: Mapping[str, str],
    ours: Mapping[tuple[str, str], Account],
) -> Accounts:
    path = settings.tracker_config
    if path is None:
        return Accounts(ours)
    try:
        found = read_configuration(path, environ, settings.get_providers())
    except AccountsError as error:
        raise SettingsError(f"TRACKER_CONFIG: {error}") from None
    for provider, name in found.by_name.keys() & ours.keys():
        if not ours[provider, name].options.has_credentials():
            continue
        raise SettingsError(
            f"TRACKER_CONFIG: {path}: accounts.{provider}.{name}: "
            f"{provider_settings.get_setting_prefix(provider)}… sets an account of this name; "
            "give it another"
        )
    with_file = {provider for provider, _ in found.by_name}
    ours = {
        name: account
        for name, account in ours.items()
        if account.options.has_credentials() or name[0] not in with_file
    }
    return Accounts({**ours, **found.by_name}, found.rules, found.prices, found.retention)


OTHER_NAMES = frozenset({"TRACKER_URL", "TRACKER_API_KEY", "TRACKER_TEST_DATABASE_URL"})
"""Names with our prefix that are read elsewhere: by the client commands and by the tests."""


def list_setting_names(providers: Mapping[str, Provider] = PROVIDERS) -> frozenset[str]:
    """Name every variable that is read, here or by the commands that call a service."""
    return frozenset(name.upper() for name in Settings.model_fields) | (
        OTHER_NAMES | provider_settings.list_setting_names(providers)
    )
