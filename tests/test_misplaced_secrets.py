"""Secrets pasted into a setting where they do not belong: what is wrong is said without them."""

from pathlib import Path

import pytest

from tracker.cli.doctor.reading import read
from tracker.settings import Settings, SettingsError, list_setting_names

MARK = "q7z0x9"
PASTED = (
    *(f"canary{MARK}", f"/{MARK}", f"{MARK}=a", f"https://u:{MARK}@h", f"kling={MARK}"),
    *(f"canary{MARK}/AbC+01234567890abcdefghij==", f"whsec_{MARK}AAAA", f"{MARK}://x"),
    *(f"a={MARK},b={MARK}", f"/a/{MARK}, {MARK}", f"/v1/{MARK}", f'{{"key": "{MARK}"}}'),
    f"-----BEGIN PRIVATE KEY-----\n{MARK * 100}\n-----END PRIVATE KEY-----\n",
)


@pytest.mark.parametrize("text", PASTED)
def test_no_setting_repeats_what_was_pasted_into_it(text: str) -> None:
    # Of all at once, and of those that are found wrong only once the others are right.
    found = read(dict.fromkeys(list_setting_names(), text)).findings
    assert len(found) > 100
    assert [one for one in found if MARK in one.text.lower()] == []


@pytest.mark.parametrize("name", ["TRACKER_CONFIG", "TRACKER_TLS_CERT", "TRACKER_DATA_DIR"])
def test_a_file_in_the_place_of_its_path_is_refused_without_it(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: ") as refused:
        Settings.read_environment({name: MARK * 1000})
    assert MARK not in str(refused.value)


def test_doctor_goes_on_where_what_is_named_is_not_set() -> None:
    found = read({"TRACKER_OPENAI_API_KEY": "a-key"})
    assert {one.about for one in found.findings} == {"TRACKER_OPENAI_BASE_URL"}
    assert found.wrong == {"TRACKER_OPENAI_API_KEY"}


@pytest.mark.parametrize("name", ["TRACKER_PUBLIC_URL", "TRACKER_KLING_BASE_URL"])
@pytest.mark.parametrize("url", ["https://[::1", "https://x:99999", "https://x:a", "https://x:0"])
def test_an_address_that_nobody_can_call_is_refused_by_name(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: must be an http"):
        Settings.read_environment({name: url})


def test_a_file_that_nests_too_deep_is_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text("a=" + "[" * 5000)
    with pytest.raises(SettingsError, match="not TOML: nested too deep"):
        Settings.read_environment({"TRACKER_CONFIG": str(path)})


@pytest.mark.parametrize(("text", "shown"), [("15x", "got 15x"), ("maybe", "got maybe")])
def test_what_cannot_be_a_secret_is_repeated(text: str, shown: str) -> None:
    with pytest.raises(SettingsError, match=shown):
        Settings.read_environment({"TRACKER_DRAIN_S": text})
