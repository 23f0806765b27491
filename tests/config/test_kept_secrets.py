"""The callback secret that is made where none is set: once, and never over what is there."""

import os
import stat
from pathlib import Path

import pytest

from tracker.config.kept_secrets import SECRETS_FILE, load_kept_secrets, write_private
from tracker.config.provider_settings import SettingsError


def test_a_secret_is_made_once_beside_what_a_killed_process_left(tmp_path: Path) -> None:
    draft = tmp_path / f"{SECRETS_FILE}.{os.getpid()}"  # in a container every start has number 1
    draft.write_text("half of a sec")
    made = load_kept_secrets(tmp_path)
    assert len(made) == 1
    assert load_kept_secrets(tmp_path) == made
    assert [file.name for file in tmp_path.iterdir()] == [SECRETS_FILE]
    assert stat.S_IMODE((tmp_path / SECRETS_FILE).stat().st_mode) == 0o600


def test_a_file_without_secrets_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / SECRETS_FILE).write_text(" \n\n")
    with pytest.raises(SettingsError, match="is empty; delete it to make a new one"):
        load_kept_secrets(tmp_path)
    assert (tmp_path / SECRETS_FILE).read_text() == " \n\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SettingsError, match=r"cannot keep the callback secret in .*data: "):
        load_kept_secrets(tmp_path / "data")


def test_secrets_that_came_meanwhile_are_not_overwritten(tmp_path: Path) -> None:
    made = load_kept_secrets(tmp_path)
    with pytest.raises(FileExistsError):
        write_private(tmp_path / SECRETS_FILE, b"of a backup\n")
    assert load_kept_secrets(tmp_path) == made
