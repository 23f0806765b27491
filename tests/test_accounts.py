"""The file of accounts: what it makes, and that what is wrong stops the start with one line."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from tracker.client.http import build_headers
from tracker.domain.redaction import MASK, Redactor
from tracker.providers.ports.account import AccountOptions
from tracker.settings import Settings, SettingsError

FILE = """
[accounts.kling.main]
api_key = "${MAIN_KEY}"
webhook_secrets = ["${MAIN_SECRET}"]
max_in_flight = 20
weight = 3

[accounts.kling.china]
region = "china"
access_key = "ak"
secret_key = "sk-secret-text"
weight = 0

[accounts.kling.pi]
base_url = "https://api.piapi.ai/"
profile = "piapi"
api_key = "pi-secret-text"

[[rules]]
accounts = ["china"]
operation = "images/*"
metadata = { team = "film" }
"""
ENVIRON = {"MAIN_KEY": "main-secret-text", "MAIN_SECRET": "whsec_c2VjcmV0IHRleHQ="}


def _settings(folder: Path, text: str, **more: str) -> Settings:
    path = folder / "accounts.toml"
    path.write_text(text)
    return Settings.read_environment(ENVIRON | {"TRACKER_CONFIG": str(path)} | more)


def test_accounts_come_with_their_credentials_limits_hosts_and_rules(tmp_path: Path) -> None:
    found = _settings(tmp_path, FILE).list_accounts()
    main, china, pi = (found.by_name["kling", name] for name in ("main", "china", "pi"))
    assert (main.api_key, main.max_in_flight, main.weight) == ("main-secret-text", 20, 3)
    assert main.webhook_secrets == ("whsec_c2VjcmV0IHRleHQ=",)
    assert china.base_url == "https://api-beijing.klingai.com"
    assert (pi.base_url, pi.profile) == ("https://api.piapi.ai", "piapi")
    assert found.rules[0].is_for_task("kling", "images/generations", {"team": "film", "more": 1})
    assert not found.rules[0].is_for_task("kling", "images/generations", {})
    assert not found.rules[0].is_for_task("kling", "videos/text2video", {"team": "film"})


def test_secrets_are_in_no_text_of_it(tmp_path: Path) -> None:
    settings = _settings(tmp_path, FILE)
    for text in (repr(settings.list_accounts()), repr(settings), str(settings)):
        assert "secret-text" not in text
        assert "c2VjcmV0" not in text


def test_the_environments_account_is_default_and_stands_beside_the_files(tmp_path: Path) -> None:
    assert set(_settings(tmp_path, FILE).list_accounts().by_name) == {
        ("kling", name) for name in ("main", "china", "pi")
    }
    both = _settings(tmp_path, FILE, TRACKER_KLING_API_KEY="k").list_accounts().by_name
    assert both["kling", "default"].api_key == "k"
    assert Settings.read_environment({}).list_accounts().by_name == {}
    url = (
        Settings.read_environment({"TRACKER_KLING_BASE_URL": "http://127.0.0.1:9"})
        .list_accounts()
        .by_name
    )
    assert url["kling", "default"].api_key is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[accounts.kling.main", "not TOML"),
        ("", "accounts: is required, or at least one [[price]]"),
        ("[accounts.nobody.main]\napi_key='k'", "accounts.nobody: no such provider"),
        ("[accounts.kling.'a b']\napi_key='k'", "accounts.kling.a b: a name is"),
        ("[accounts.kling.main]\napi_kye='k'", "accounts.kling.main.api_kye: there is no such"),
        ("[accounts.kling.main]\napi_key='${NO_SUCH}'", "accounts.kling.main.api_key: NO_SUCH is"),
        ("[accounts.kling.main]\nweight=-1", "accounts.kling.main.weight: must be at least 0"),
        ("[accounts.kling.main]\nmax_in_flight=0", "accounts.kling.main.max_in_flight: must be"),
        ("[accounts.kling.main]\nbase_url='ftp://x'", "accounts.kling.main.base_url: must be an"),
        ("[accounts.kling.main]\nregion='mars'", "accounts.kling.main.region: no such region"),
        (
            "[accounts.kling.main]\nregion='china'\nbase_url='http://x'",
            "accounts.kling.main.region: excludes base_url",
        ),
        ("[accounts.kling.main]\naccess_key='s3cr3t'", "accounts.kling.main.secret_key: access"),
        (
            "[accounts.kling.main]\naccess_key='s3cr3t'\nsecret_key='s3cr3t'\napi_key='s3cr3t'",
            "accounts.kling.main.api_key: excludes access_key",
        ),
        ("[accounts.kling.main]\nprofile='x'", "accounts.kling.main.profile: no such profile"),
        ("[accounts.kling.main]\ndialect='x'", "accounts.kling.main.dialect: must be one of"),
        (
            "[accounts.kling.main]\nwebhook_secrets=['s3cr3t']",
            "accounts.kling.main.webhook_secrets: must begin with whsec_",
        ),
        (
            "[accounts.kling.main]\nprofile='piapi'\naccess_key='s3cr3t'\nsecret_key='s3cr3t'",
            "accounts.kling.main.access_key: profile piapi takes an api_key",
        ),
        (
            "[accounts.kling.main]\napi_key='s3cr3t'\n[[rules]]\naccounts=['no']",
            "rules[0].accounts[0]: no such account",
        ),
        (
            (
                "[accounts.kling.a]\napi_key='s3cr3t'\n[accounts.luma.a]\napi_key='s3cr3t'\n"
                "[[rules]]\naccounts=['a']"
            ),
            "rules[0].provider: say which; one of: kling, luma",
        ),
        ("[[price]]\nprovider='kling'\namount=1", "price[0].currency: is required"),
        ("[[price]]\nprovider='no'\namount=1\ncurrency='EUR'", "price[0].provider: no such"),
        ("[[price]]\nprovider='kling'\namount='1,5'\ncurrency='EUR'", "price[0].amount: must be a"),
        ("[[price]]\nprovider='kling'\namount=-1\ncurrency='EUR'", "price[0].amount: must be at"),
        (
            "[[price]]\nprovider='kling'\namount=1\ncurrency='eur'",
            "price[0].currency: must be written in capitals: EUR",
        ),
        (
            "[[price]]\nprovider='kling'\namount=1\ncurrency='E R'",
            "price[0].currency: must be letters and digits",
        ),
        (
            "[[price]]\nprovider='kling'\namount=1\ncurrency='EUR'\nunit='hour'",
            "price[0].unit: must be one of",
        ),
        (
            "[[price]]\nprovider='kling'\namount=1\ncurrency='EUR'\nusual=3",
            "price[0].usual: goes with the units",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_file_and_key(
    tmp_path: Path, wrong: str, told: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        _settings(tmp_path, wrong)
    line = str(caught.value)
    assert line.startswith(f"TRACKER_CONFIG: {tmp_path / 'accounts.toml'}: {told}")
    assert "\n" not in line
    assert "s3cr3t" not in line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^TRACKER_CONFIG: .*none\.toml: No such file"):
        Settings.read_environment({"TRACKER_CONFIG": str(tmp_path / "none.toml")})


def test_two_accounts_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"accounts\.kling\.default: TRACKER_KLING_"):
        _settings(tmp_path, "[accounts.kling.default]\napi_key='k'", TRACKER_KLING_API_KEY="k")


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TRACKER_KLING_WEBHOOK_SECRET": "s3cr3t"}, "TRACKER_KLING_WEBHOOK_SECRET: must begin"),
        ({"TRACKER_KLING_ACCESS_KEY": "s3cr3t"}, "TRACKER_KLING_SECRET_KEY: TRACKER_KLING_ACC"),
        ({"TRACKER_KLING_PROFILE": "none"}, "TRACKER_KLING_PROFILE: no such profile; one of: off"),
    ],
)
def test_the_environments_account_is_held_to_the_same(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read_environment(environ)
    assert str(caught.value).startswith(told)
    assert "s3cr3t" not in str(caught.value)


def test_a_secret_is_what_the_profile_says(tmp_path: Path) -> None:
    settings = Settings.read_environment(
        {"TRACKER_KLING_PROFILE": "piapi", "TRACKER_KLING_WEBHOOK_SECRET": "any text will do"}
    )
    assert settings.list_accounts().by_name["kling", "default"].webhook_secrets == (
        "any text will do",
    )


AROUND = [
    *(
        "{}\n",
        " {}",
        "{} \r\n",
        "\t{}\ufeff",
        "\xa0{}\u200b",
        "\u2060{}\u200e",
        "{}\ufe0f",
        "\u3164{}",
    ),
    *('"{}"', "'{}'", "`{}`", "“{}”", "‘{}’", "「{}」", ' "{} "\n', "'\"{}\"'", '\ufeff"{}"'),
]


@pytest.mark.parametrize("around", AROUND)
def test_what_pasting_leaves_around_a_credential_is_dropped(tmp_path: Path, around: str) -> None:
    names = ("TRACKER_KLING_ACCESS_KEY", "TRACKER_KLING_SECRET_KEY")
    pair = Settings.read_environment({name: around.format("key") for name in names}).list_accounts()
    assert list(pair.by_name["kling", "default"].options.iterate_secrets()) == ["key", "key"]
    given = Settings.read_environment(
        {"TRACKER_KLING_API_KEY": around.format("key")}
    ).list_accounts()
    assert given.by_name["kling", "default"].api_key == "key"
    text = '[accounts.kling.main]\napi_key = "${MAIN_KEY}"'
    found = _settings(tmp_path, text, MAIN_KEY=around.format("key")).list_accounts()
    assert found.by_name["kling", "main"].api_key == "key"


@pytest.mark.parametrize("around", AROUND)
def test_every_secret_of_somebody_else_is_read_bare(around: str) -> None:
    secret, key = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "k" * 32
    listed = f"{around.format(secret)},{around.format(secret)}"
    settings = Settings.read_environment(
        {
            "TRACKER_WEBHOOK_SECRETS": listed,
            "TRACKER_KLING_WEBHOOK_SECRETS": around.format(f"{secret}, {secret}"),
            "TRACKER_BOOTSTRAP_KEY": around.format(key),
        }
    )
    assert settings.list_webhook_secrets() == (b"12345678901234567890",) * 2
    assert settings.list_accounts().by_name["kling", "default"].webhook_secrets == (secret, secret)
    assert settings.tracker_bootstrap_key is not None
    assert settings.tracker_bootstrap_key.get_secret_value() == key
    assert build_headers(around.format(key))["authorization"] == f"Bearer {key}"


def test_callback_secrets_keep_their_quotation_marks() -> None:
    settings = Settings.read_environment({"TRACKER_CALLBACK_SECRETS": '"sixteen-letters-"'})
    assert settings.list_callback_secrets() == (b'"sixteen-letters-"',)


@pytest.mark.parametrize("value", ['"secret', "secret'", "secret”", "`secret'"])
@pytest.mark.parametrize("name", ["API_KEY", "ACCESS_KEY", "SECRET_KEY"])
def test_a_quotation_mark_without_its_partner_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^TRACKER_KLING_{name}: .*quotation mark") as refused:
        Settings.read_environment({f"TRACKER_KLING_{name}": value})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("char", ["\u200b", "\u2060", "\ufeff", "\xad", "\u3164", "\ufe0f"])
@pytest.mark.parametrize("name", ["API_KEY", "SECRET_KEY", "WEBHOOK_SECRET"])
def test_an_invisible_character_inside_stops_the_start(name: str, char: str) -> None:
    with pytest.raises(SettingsError, match=f"^TRACKER_KLING_{name}.*U\\+{ord(char):04X}"):
        Settings.read_environment({f"TRACKER_KLING_{name}": f"sec{char}ret"})


@pytest.mark.parametrize(
    "value", [" ", "\n", '""', "secret\ntext", "secret\x00text", "secret\x7ftext"]
)
@pytest.mark.parametrize("name", ["API_KEY", "ACCESS_KEY", "SECRET_KEY"])
def test_a_credential_that_cannot_be_sent_stops_the_start_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^TRACKER_KLING_{name}: ") as refused:
        Settings.read_environment({f"TRACKER_KLING_{name}": value})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["KLING_WEBHOOK_SECRET", "CALLBACK_SECRETS", "WEBHOOK_SECRETS"])
def test_a_list_of_secrets_takes_none_with_a_control_character(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^TRACKER_{name}S?: .*U\\+000A") as refused:
        Settings.read_environment(
            {f"TRACKER_{name}": "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=,secret\ntext"}
        )
    assert "secret" not in str(refused.value).partition(":")[2]


@pytest.mark.parametrize("key", ["secret-é", "secret text", "сеcret"])
def test_an_api_key_that_cannot_stand_in_a_header_stops_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRACKER_KLING_API_KEY: .*header"):
        Settings.read_environment({"TRACKER_KLING_API_KEY": key})
    text = '[accounts.kling.main]\napi_key = "${MAIN_KEY}"'
    with pytest.raises(SettingsError, match=r"accounts\.kling\.main\.api_key: ") as refused:
        _settings(tmp_path, text, MAIN_KEY=key)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["SUNO_COOKIE", "HAIMIAN_COOKIE", "JIMENG_SESSION_TOKEN", "WAN_WORKSPACE"]
)
def test_whatever_else_is_sent_in_a_header_is_held_to_the_same(name: str) -> None:
    with pytest.raises(SettingsError, match=f"TRACKER_{name}: .*U\\+0441.* header") as refused:
        Settings.read_environment({f"TRACKER_{name}": "se\u0441ret"})
    assert "ret" not in str(refused.value)


def test_a_cookie_has_spaces_between_its_parts() -> None:
    given = Settings.read_environment(
        {
            "TRACKER_SUNO_COOKIE": "a=1; b=2\n",
            "TRACKER_SUNO_PROFILE": "gcui",
            "TRACKER_SUNO_BASE_URL": "https://suno.example",
        }
    )
    secrets = given.list_accounts().by_name["suno", "default"].options.iterate_secrets()
    assert "a=1; b=2" in secrets


class _Nested(BaseModel):
    token: SecretStr


class _FancyOptions(AccountOptions):
    upstream: str | None = None
    signed_url: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    logins: tuple[_Nested, ...] = ()


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ({"upstream": "http://user:pass-word-1@proxy.example:3128"}, "pass-word-1"),
        ({"upstream": "http://user:pass%2Fword@proxy.example"}, "pass/word"),
        ({"upstream": "http://user:pass@word@proxy.example"}, "pass@word"),
        ({"upstream": "socks5h://only-a-token@proxy.example"}, "only-a-token"),
        ({"signed_url": SecretStr("https://u:in-a-secret@x.example")}, "in-a-secret"),
        ({"headers": {"x-key": SecretStr("in-a-table")}}, "in-a-table"),
        ({"logins": (_Nested(token=SecretStr("in-a-list")),)}, "in-a-list"),
    ],
)
def test_redaction_knows_the_secrets_of_every_field_of_an_account(
    given: dict[str, Any], secret: str
) -> None:
    options = _FancyOptions.model_validate(given)
    redacted = Redactor(options.iterate_secrets()).redact(f"refused: {secret} (wrong)")
    assert redacted == f"refused: {MASK} (wrong)"


def test_an_address_without_credentials_is_no_secret() -> None:
    plain = _FancyOptions.model_validate({"upstream": "http://proxy.example:3128/a@b"})
    assert list(plain.iterate_secrets()) == []


@pytest.mark.parametrize("name", ["TRACKER_ARK_WEBHOOK_SECRET", "TRACKER_ARK_WEBHOOK_SECRETS"])
def test_a_setting_of_two_names_is_refused_by_the_one_that_was_set(name: str) -> None:
    given = {name: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "TRACKER_ARK_API_KEY": "k"}
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.read_environment(given)
