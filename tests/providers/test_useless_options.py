"""Options that would mean nothing are refused by name, at every provider."""

import pytest

from tests.providers.support import an_account
from tracker.providers.registry import PROVIDERS


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_profile_that_the_provider_has_not(name: str) -> None:
    with pytest.raises(ValueError, match="profile"):
        an_account(PROVIDERS[name], profile="nobodys")


@pytest.mark.parametrize("name", PROVIDERS)
def test_secrets_of_webhooks_where_they_prove_no_callback(name: str) -> None:
    provider, account, refusal = PROVIDERS[name], None, ""
    try:
        account = an_account(provider, webhook_secrets=["whsec_c2VjcmV0"])
    except ValueError as error:
        refusal = str(error)
    calls_back = provider.calls_back
    is_proved = account and calls_back and calls_back.get_proof_scheme(account) is not None
    assert is_proved or "webhook_secrets" in refusal
