"""Commands that cannot write name what has no room, and end quietly where nobody reads."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.cli.shared import fail_by_file, name_database
from tracker.settings import Settings


@pytest.mark.parametrize(
    ("files", "named"), [((), "place"), (("read",), "read"), (("read", None, "written"), "written")]
)
def test_a_full_disk_is_told_by_the_file_that_has_no_room(
    capsys: pytest.CaptureFixture[str], files: tuple[str | None, ...], named: str
) -> None:
    with pytest.raises(SystemExit):
        fail_by_file(OSError(errno.ENOSPC, "No space left on device", *files), Path("place"))
    assert capsys.readouterr().err == f"tracker: {named}: No space left on device\n"


def test_a_command_whose_reader_ended_ends_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tracker", "--version"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("env", "named"),
    [({}, "TRACKER_DATA_DIR"), ({"DATABASE_URL": "sqlite:////place/x.db"}, "DATABASE_URL")],
)
def test_a_database_is_named_by_the_setting_that_leads_to_it(
    env: dict[str, str], named: str
) -> None:
    settings = Settings.read_environment(env | {"TRACKER_DATA_DIR": "/place"})
    assert name_database(settings, "DATABASE_URL: /place: is full") == f"{named}: /place: is full"
