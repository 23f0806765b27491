"""Accounts at Google: a key of the Gemini API, or a service account of Vertex AI."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator, Field

from tracker.domain.errors import Misuse
from tracker.domain.exchange import HttpCall
from tracker.providers.kit import service_account
from tracker.providers.kit.proofs import find_secret_flaws
from tracker.providers.kit.service_account import ServiceAccountKey, read_key_file
from tracker.providers.ports.account import Account, AccountOptions, HttpUrl
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.tokens import AccessToken, TokenDelayed, TokenRefused

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
STORAGE = "https://storage.googleapis.com"
_LOCATIONS = (
    *("us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west4"),
    *("europe-west1", "europe-west2", "europe-west4", "europe-west8"),
    *("asia-northeast1", "asia-south1", "asia-southeast1"),
)
_VERTEX_REGIONS = {one: f"https://{one}-aiplatform.googleapis.com/v1" for one in _LOCATIONS}
REGIONS: Mapping[str, str] = MappingProxyType(
    {
        "gemini": "https://generativelanguage.googleapis.com/v1beta",
        "global": "https://aiplatform.googleapis.com/v1",
        **_VERTEX_REGIONS,
    }
)
"""The Gemini API, and the locations of Vertex AI. A path of `/v1` tells the latter."""


class VeoOptions(AccountOptions):
    """A key, or a service account with its project and location.

    service_account: the JSON of its key file, or that in base64.
    project:         of Vertex AI; None for the one in the key file.
    location:        of Vertex AI; None for the region's name.
    storage_url:     where files of `gs://` addresses are had.
    callbacks:       whether creates carry a callback URL, where the upstream calls back.
    audience:        the claim `aud` of signed callbacks; None for our callback URL.
    keys_url:        where the keys of these are published; None for the usual place.
    """

    service_account: Annotated[ServiceAccountKey | None, BeforeValidator(read_key_file)] = Field(
        None, strict=False
    )
    project: Annotated[str, Field(pattern="^[A-Za-z0-9:._-]{1,100}$")] | None = None
    location: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")] | None = None
    storage_url: HttpUrl = STORAGE
    callbacks: bool = True
    audience: str | None = None
    keys_url: HttpUrl | None = None

    def has_credentials(self) -> bool:
        """Tell whether there is a key or a service account."""
        return self.api_key is not None or self.service_account is not None

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for credentials that contradict themselves."""
        both = self.api_key is not None and self.service_account is not None
        return [
            *(["service_account: excludes api_key; set one"] if both else []),
            *find_secret_flaws([one.get_secret_value() for one in self.webhook_secrets]),
        ]


def find_project(account: Account) -> str | None:
    """Return the project of an account at Vertex AI."""
    options = account.get_options(VeoOptions)
    key = options.service_account
    return options.project or (None if key is None else key.project_id)


def find_location(account: Account) -> str | None:
    """Return the location of an account at Vertex AI: as it is set, else its region."""
    options = account.get_options(VeoOptions)
    return options.location or (None if options.region == "gemini" else options.region)


class VeoTokens:
    """Tokens of service accounts: see providers/ports/tokens.py."""

    def is_token_needed(self, account: Account) -> bool:
        """Tell whether the account is a service account."""
        return account.get_options(VeoOptions).service_account is not None

    def build_exchange(self, account: Account, *, now: datetime) -> HttpCall:
        """Build the exchange of a signed assertion. Raises Misuse without a key file."""
        key = account.get_options(VeoOptions).service_account
        if key is None:
            raise Misuse("the account is no service account")
        return service_account.build_exchange(key, SCOPE, now=now)

    def parse_exchange(
        self, account: Account, answer: Answer
    ) -> AccessToken | TokenRefused | TokenDelayed:
        """Read the answer."""
        del account
        return service_account.parse_exchange(answer)

    def authorize(self, account: Account, call: HttpCall, token: AccessToken) -> HttpCall:
        """Carry the token as Bearer."""
        del account
        return service_account.authorize(call, token)
