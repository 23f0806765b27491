"""A command that finds no room on a disk names the file that it wrote."""

import errno
from pathlib import Path

import pytest

from tracker.cli.shared import fail_by_file


@pytest.mark.parametrize(
    ("files", "named"), [((), "place"), (("read",), "read"), (("read", None, "written"), "written")]
)
def test_a_full_disk_is_told_by_the_file_that_has_no_room(
    capsys: pytest.CaptureFixture[str], files: tuple[str | None, ...], named: str
) -> None:
    with pytest.raises(SystemExit):
        fail_by_file(OSError(errno.ENOSPC, "No space left on device", *files), Path("place"))
    assert capsys.readouterr().err == f"tracker: {named}: No space left on device\n"
