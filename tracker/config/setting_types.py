"""Types of settings: how each is read from text, and what it must be."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from tracker.config import front_hosts, paths, provider_settings
from tracker.domain.retention import Keep, parse_duration
from tracker.domain.signature import decode_key
from tracker.pasted import split_secrets, strip_secret
from tracker.providers.ports.account import OwnSecret, Secret
from tracker.store.driver.engine import normalise_url

_LEAST_KEY_CHARS = 32
"""Of a key that somebody brings: only its plain hash is kept."""


def _split_words(value: Any) -> Any:
    return (
        [word.strip() for word in value.split(",") if word.strip()]
        if isinstance(value, str)
        else value
    )


def _split_secrets(value: Any) -> Any:
    return split_secrets(value) if isinstance(value, str) else value


def _convert_to_lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _check_network(value: str) -> str:
    # Here, so that only who sets it loads the table of addresses.
    from tracker.egress.policy import check_network  # noqa: PLC0415

    return check_network(value)


def _check_bootstrap_key(value: SecretStr) -> SecretStr:
    text = strip_secret(value.get_secret_value())
    if len(text) < _LEAST_KEY_CHARS or not all("!" <= char <= "~" for char in text):
        raise ValueError(
            f"must be at least {_LEAST_KEY_CHARS} letters, digits and signs without a space: make "
            "one with `openssl rand -hex 32`"
        )
    return SecretStr(text)


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    decode_key(value.get_secret_value())
    return value


def _parse_metrics_address(value: str) -> tuple[str, int] | None:
    if value.strip().lower() == "off":
        return None
    host, colon, port = value.strip().rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:9464, or off")
    return host.strip("[]"), int(port)


def _check_database(value: str) -> str:
    value = value.strip()
    normalise_url(value)
    return value


def _keep(value: Any) -> Any:
    return parse_duration(value.strip().lower()) if isinstance(value, str) else value


def _check_object_store(value: str) -> str:
    if "://" in value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^\s?#]*)?", value):
        raise ValueError("must be a folder or s3://BUCKET/PREFIX")
    paths.check_path(Path(value))
    return value


LowerCase = BeforeValidator(_convert_to_lower_case)
OnOff = Annotated[Literal["on", "off"], LowerCase]
BootstrapKey = Annotated[SecretStr, AfterValidator(_check_bootstrap_key)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database)]
StoreUrl = Annotated[str, AfterValidator(_check_object_store)]
FolderPath = Annotated[Path, AfterValidator(paths.check_folder)]
FilePath = Annotated[Path, AfterValidator(paths.check_file)]
Networks = Annotated[
    tuple[Annotated[str, AfterValidator(_check_network)], ...], BeforeValidator(_split_words)
]
FrontHost = Annotated[tuple[str, str], BeforeValidator(front_hosts.read)]
FrontHosts = Annotated[tuple[FrontHost, ...], BeforeValidator(_split_words)]
PathPrefix = Annotated[str, AfterValidator(provider_settings.check_path_prefix)]
MetricsAddress = Annotated[tuple[str, int] | None, BeforeValidator(_parse_metrics_address)]
WebhookSecrets = Annotated[
    tuple[Annotated[Secret, AfterValidator(_check_webhook_secret)], ...],
    BeforeValidator(_split_secrets),
]
Secrets = Annotated[
    tuple[Annotated[OwnSecret, Field(min_length=16)], ...], BeforeValidator(_split_words)
]
KeepTime = Annotated[Keep, BeforeValidator(_keep)]
