"""`tracker doctor`: all that is wrong at once, what is unwise, and a call back to ourselves."""

import json
import re
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.command import run
from tests.support.service import build_environment, free_port, listen, serve_service
from tests.support.tls import make_certificates
from tests.support.upstream import Upstream, build_json_answer
from tracker.cli.doctor.accounts import probe_accounts
from tracker.cli.doctor.command import examine_reading
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.reach import call_public_url
from tracker.cli.doctor.reading import read
from tracker.domain import identity
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings

PUBLIC_PROVIDER = {
    "TRACKER_KLING_API_KEY": "k",
    "TRACKER_PUBLIC_URL": "https://tracker.example.com",
}
SECRETS = "0123456789abcdef"


def findings(tmp_path: Path, env: dict[str, str]) -> list[Finding]:
    """Return the findings of doctor offline."""
    reading = read({"TRACKER_DATA_DIR": str(tmp_path), **env})
    return [*reading.findings, *examine_reading(reading)]


def unwell(tmp_path: Path, about: str, env: dict[str, str]) -> str:
    """Notes and errors about one thing, a line each."""
    found = findings(tmp_path, PUBLIC_PROVIDER | env)
    return "\n".join(f"{f.level} {f.text}" for f in found if f.about == about and f.level != "ok")


def test_everything_wrong_is_said_at_once_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    secret = "a-secret-that-is-nobodys-business"
    done = run(
        *("doctor", "--offline", "--output", "json"),
        TRACKER_DATA_DIR=str(tmp_path),
        PORT="many",
        TRACKER_DEADLINE_S="2d",
        TRACKER_WEBHOOK_SECRETS=secret,
        TRACKER_KLING_ACCESS_KEY=secret,
        TRACKER_PUBLIC_ULR="https://tracker.example",
        DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}",
    )
    said = json.loads(done.stdout)
    wrong = {one["about"] for one in said if one["level"] == "error"}
    assert {
        *("PORT", "TRACKER_DEADLINE_S", "TRACKER_WEBHOOK_SECRETS", "TRACKER_PUBLIC_ULR"),
        *("TRACKER_KLING_SECRET_KEY", "database"),
    } <= wrong
    assert "TRACKER_EGRESS_ALLOW" in {one["about"] for one in said}
    assert done.returncode == 1
    assert secret not in done.stdout + done.stderr


def test_the_start_names_every_wrong_setting_too(tmp_path: Path) -> None:
    done = run("serve", TRACKER_DATA_DIR=str(tmp_path), PORT="many", TRACKER_LEASE_S="soon")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["PORT", "TRACKER_LEASE_S"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.1",
        "http://0x7f000001",
        "http://[::1]:8000",
        "http://0.0.0.0:8000",
        "http://10.1.2.3",
        "http://172.16.0.9/tracker",
        "https://192.168.1.5:8443",
        "http://100.64.3.4",
        "http://169.254.1.1",
        "http://[fd00::1]",
        "http://[::ffff:10.0.0.1]",
        "https://tracker",
        "https://tracker.local",
        "https://tracker.svc.cluster.local",
        "http://host.docker.internal:8000",
        "http://box.lan",
        "http://box.corp",
    ],
)
def test_an_address_that_the_provider_cannot_reach_is_an_error(tmp_path: Path, url: str) -> None:
    text = unwell(tmp_path, "TRACKER_PUBLIC_URL", {"TRACKER_PUBLIC_URL": url})
    assert text.startswith("error https://api-singapore.klingai.com cannot reach ")
    inside = {"TRACKER_PUBLIC_URL": url, "TRACKER_KLING_BASE_URL": "http://10.0.0.7:8100"}
    assert "error" not in unwell(tmp_path, "TRACKER_PUBLIC_URL", inside)


@pytest.mark.parametrize(
    "url", ["https://tracker.shop.org", "https://8.8.8.8", "https://t.shop.org/tracker"]
)
def test_a_public_address_is_fine(tmp_path: Path, url: str) -> None:
    env = {"TRACKER_PUBLIC_URL": url, "TRACKER_AUTH": "on"}
    assert unwell(tmp_path, "TRACKER_PUBLIC_URL", env) == ""


@pytest.mark.parametrize(
    ("about", "env", "words"),
    [
        ("TRACKER_KLING_WEBHOOK_SECRET", {"TRACKER_KLING_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "5 b"),
        ("TRACKER_KLING_WEBHOOK_SECRETS", {"TRACKER_KLING_WEBHOOK_SECRETS": "whsec_c2hvcnQ="}, "5"),
        ("TRACKER_WEBHOOK_SECRETS", {"TRACKER_WEBHOOK_SECRETS": "whsec_c2hvcnQ="}, "5 bytes"),
        (
            "TRACKER_POLL_FIRST_S",
            {"TRACKER_POLL_FIRST_S": "100", "TRACKER_POLL_MAX_S": "1"},
            "TRACKER_POLL_MAX_S=1",
        ),
        (
            "TRACKER_DEADLINE_S",
            {"TRACKER_DEADLINE_S": "10", "TRACKER_GIVE_UP_AFTER_S": "1"},
            "TRACKER_GIVE_UP_AFTER_S=1",
        ),
        ("TRACKER_CALLBACK_SECRETS", {"TRACKER_CALLBACK_SECRETS": ","}, "no entry"),
        ("TRACKER_EGRESS_ALLOW", {"TRACKER_EGRESS_ALLOW": " , "}, "no entry"),
        ("TRACKR_PUBLIC_URL", {"TRACKR_PUBLIC_URL": "x", "TRACKER_PUBLIC_URL": ""}, "R_PUBLIC_URL"),
        ("DATABASE_URI", {"DATABASE_URI": "x"}, "DATABASE_URL"),
        (
            "KLING_API_KEY",
            {"KLING_API_KEY": "x", "TRACKER_KLING_API_KEY": ""},
            "TRACKER_KLING_API_KEY",
        ),
        ("TRACKER_PORT", {"TRACKER_PORT": "1"}, "did you mean PORT?"),
        ("TRACKER_DATABASE_URL", {"TRACKER_DATABASE_URL": "x"}, "did you mean DATABASE_URL?"),
        ("TRACKER_ROOT_PATH", {"TRACKER_ROOT_PATH": "/tracker"}, "TRACKER_PUBLIC_URL"),
        ("TRACKER_RATE_LIMIT", {"TRACKER_RATE_LIMIT": "5", "TRACKER_AUTH": "off"}, "nothing is"),
        ("TRACKER_LOG_LEVEL", {"TRACKER_LOG_LEVEL": "loud"}, "one of: debug, info, warning, error"),
        ("WEB_CONCURRENCY", {"WEB_CONCURRENCY": "4x"}, "a whole number; got 4x"),
        (
            "accounts",
            {"TRACKER_KLING_API_KEY": ""},
            f"e.g. TRACKER_{min(PROVIDERS).upper()}_API_KEY",
        ),
    ],
)
def test_what_is_unwise_is_said_under_its_name(
    tmp_path: Path, about: str, env: dict[str, str], words: str
) -> None:
    assert words in unwell(tmp_path, about, env)


def test_a_name_that_the_accounts_file_uses_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text('[accounts.kling.main]\napi_key = "${KLING_API_KEY}"\n')
    env = {"KLING_API_KEY": "x", "TRACKER_KLING_API_KEY": "", "TRACKER_CONFIG": str(path)}
    assert unwell(tmp_path, "KLING_API_KEY", env) == ""


def test_a_rule_and_a_price_that_fit_no_operation_are_said(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(
        '[accounts.kling.main]\napi_key = "k"\n'
        '[[rules]]\naccounts = ["main"]\noperation = "video/*"\n'
        '[[rules]]\naccounts = ["main"]\noperation = "videos/*"\n'
        '[[rules]]\naccounts = ["main"]\noperation = "text-to-video/kling-9"\n'
        '[[price]]\nprovider = "kling"\noperation = "videos/*"\namount = "1"\ncurrency = "CNY"\n'
        '[[price]]\nprovider = "kling"\noperation = "video/*"\namount = "1"\ncurrency = "CNY"\n'
        '[accounts.kling.bare]\nbase_url = "https://gateway.example.com"\n'
    )
    env = {"TRACKER_CONFIG": str(path)}
    text = unwell(tmp_path, "TRACKER_CONFIG", env)
    assert re.findall(r"(?:rules|price)\[\d\]", text) == ["rules[0]", "price[1]"]
    assert "no credentials" in unwell(tmp_path, "kling/bare", env)


def test_prices_by_the_second_without_a_length_are_said(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    price = 'unit = "second"\namount = "1"\ncurrency = "CNY"\n'
    path.write_text(
        f'[[price]]\nprovider = "kling"\noperation = "videos/*2video"\n{price}'
        f'[[price]]\nprovider = "kling"\noperation = "videos/*"\n{price}'
        f'[[price]]\nprovider = "kling"\noperation = "videos/*"\nusual = 5\n{price}'
        f'[[price]]\nprovider = "domo"\noperation = "video/text2video"\n{price}'
    )
    text = unwell(tmp_path, "TRACKER_CONFIG", {"TRACKER_CONFIG": str(path)})
    assert re.findall(r"price\[\d\]", text) == ["price[0]", "price[1]"]
    assert "of videos/avatar/image2video:" in text
    assert "videos/effects" in text


def test_a_key_is_never_shown_to_the_default_address_of_a_wrong_one(tmp_path: Path) -> None:
    env = {"TRACKER_KLING_BASE_URL": "gateway.example.com"}
    assert not [f for f in findings(tmp_path, PUBLIC_PROVIDER | env) if f.about == "kling/default"]


def test_a_key_that_its_provider_refuses_is_told_with_what_it_leads_to(tmp_path: Path) -> None:
    refusal = build_json_answer(b'{"code": 1002, "message": "bad key"}', "401 Unauthorized")
    with Upstream(lambda _: [refusal]) as provider:
        env = build_environment(
            f"sqlite:///{tmp_path}/none.db", tmp_path, provider_url=provider.url, public_url=None
        )
        (found,) = probe_accounts(Settings.read_environment(env), ())
    assert (found.level, found.about) == ("error", "kling/default")
    assert "bad key. Its tasks fail: mend its key" in found.text


def test_the_public_url_is_called_back_to_the_service_itself(
    sqlite_url: str, tmp_path: Path
) -> None:
    def verdict(**changes: str) -> tuple[str, str]:
        [found] = call_public_url(Settings.read_environment(env | changes))
        return found.level, found.text

    listener, elsewhere = listen(), free_port()
    port = listener.getsockname()[1]
    public = f"http://localhost:{port}"
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=public
    )
    env |= {"TRACKER_CALLBACK_SECRETS": SECRETS, "PORT": str(port)}
    with (
        serve_service(env, listener=listener, workers=False) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        assert verdict() == ("ok", f"this service answers at {public}: callbacks arrive")
        level, text = verdict(TRACKER_PUBLIC_URL=f"http://localhost:{elsewhere}")
        assert (level, "the service runs here" in text) == ("error", True)
        level, text = verdict(TRACKER_PUBLIC_URL=f"{public}/below")
        assert (level, "answers 404" in text) == ("error", True)
        level, text = verdict(TRACKER_CALLBACK_SECRETS="another-secret-of-16")
        assert (level, "404" in text) == ("note", True)
        assert http.get(identity.build_path([b"a stranger's"], "nonce")).status_code == 404
    level, text = verdict()
    assert (level, "start the service" in text) == ("note", True)


def test_before_the_first_start_nothing_is_called_and_no_secret_is_made(tmp_path: Path) -> None:
    settings = Settings.read_environment(
        {**PUBLIC_PROVIDER, "TRACKER_DATA_DIR": str(tmp_path / "data")}
    )
    assert [found.level for found in call_public_url(settings)] == ["note"]
    assert not (tmp_path / "data").exists()


def test_a_certificate_is_read(tmp_path: Path) -> None:
    def said(cert: Path, key: Path) -> str:
        env = {"TRACKER_TLS_CERT": str(cert), "TRACKER_TLS_KEY": str(key)}
        return unwell(tmp_path, "TRACKER_TLS_CERT", env)

    made, other = make_certificates(tmp_path, "tracker.example"), tmp_path / "other"
    other.mkdir()
    for cert, key in (
        (made.key, made.cert),
        (made.cert, make_certificates(other, "tracker.example").key),
    ):
        assert said(cert, key).startswith("error cannot be used with TRACKER_TLS_KEY")
    well = [
        f
        for f in findings(
            tmp_path, {"TRACKER_TLS_CERT": str(made.cert), "TRACKER_TLS_KEY": str(made.key)}
        )
        if f.about == "TRACKER_TLS_CERT"
    ]
    assert [f.text[:14] for f in well] == ["is valid until"]


def test_files_that_others_may_read_are_named_with_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert f"chmod 700 {folder}" in unwell(folder, "TRACKER_DATA_DIR", {})
    folder.chmod(0o700)
    assert "chmod" not in unwell(folder, "TRACKER_DATA_DIR", {})


def test_traces_without_their_extra_are_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, env = "OTEL_EXPORTER_OTLP_ENDPOINT", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1]:4318"}
    assert about not in {one.about for one in findings(tmp_path, {})}
    assert unwell(tmp_path, about, env) == ""
    monkeypatch.delitem(sys.modules, "tracker.telemetry.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    said = unwell(tmp_path, about, env)
    assert said.startswith("error no traces are sent, as opentelemetry.sdk.resources is not")
    assert "pip install 'callback-tracker[otel]'" in said
