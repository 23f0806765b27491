"""Values that were copied from an example, or lead nowhere, are named by doctor."""

from pathlib import Path

import pytest

from tests.support.service import build_environment
from tracker.cli.doctor.placeholders import examine_placeholders
from tracker.settings import Settings

KLING = "https://api.klingai.com"
GOOD = "kd83-DKfh3_92jdkEowq7"


def told(
    folder: Path, *, provider_url: str = KLING, public_url: str | None = None, **more: str
) -> str:
    env = build_environment("", folder, provider_url=provider_url, public_url=public_url) | more
    found = examine_placeholders(Settings.read_environment(env))
    return "\n".join(f"{one.about}: {one.text}" for one in found)


@pytest.mark.parametrize(
    ("url", "flaw"),
    [
        ("https://example.com", "a name of examples"),
        ("https://tracker.example", "a name of examples"),
        ("https://hooks.your-domain.com", "a name of examples"),
        ("https://127.0.0.1.nip.io", "loopback or private"),
        ("https://app-192-168-1-5.sslip.io", "loopback or private"),
        ("https://any.localtest.me", "loopback or private"),
        ("https://app-c0a80105.nip.io", "loopback or private"),
        ("https://ac1f0001.nip.io", "loopback or private"),
        ("https://a9fea9fe.nip.io", "loopback or private"),
        (KLING, "the provider's own address"),
        ("https://hooks.shop.org/callbacks/", "which is added to it"),
    ],
)
def test_an_address_at_which_no_callback_arrives_is_named(
    tmp_path: Path, url: str, flaw: str
) -> None:
    said = told(tmp_path, public_url=url)
    assert said.startswith("TRACKER_PUBLIC_URL: ")
    assert flaw in said


@pytest.mark.parametrize(
    "secret",
    [
        "changeme-changeme-changeme",
        "your-secret-here-please",
        "a" * 32,
        "<paste-it-here-please>",
        "x" * 20,
    ],
)
@pytest.mark.parametrize(
    ("name", "about"),
    [("TRACKER_CALLBACK_SECRETS",) * 2, ("TRACKER_KLING_API_KEY", "kling/default")],
)
def test_a_secret_that_is_none_is_named_and_not_shown(
    tmp_path: Path, name: str, about: str, secret: str
) -> None:
    said = told(tmp_path, **{name: secret})
    assert said.startswith(f"{about}: a secret ")
    assert secret not in said


def test_a_key_that_goes_over_the_open_net_is_named(tmp_path: Path) -> None:
    assert "can be read on the way" in told(tmp_path, provider_url="http://api.klingai.com")


@pytest.mark.parametrize(
    "url",
    [None, "https://hooks.shop.org/base", "https://8.8.8.8.nip.io", "https://ac200001.nip.io"],
)
def test_nothing_is_said_of_what_is_right(tmp_path: Path, url: str | None) -> None:
    secrets = {"TRACKER_CALLBACK_SECRETS": GOOD, "TRACKER_KLING_API_KEY": GOOD}
    assert told(tmp_path, public_url=url, **secrets) == ""
