"""Files of an earlier commit of this repository, as tests of upgrades need them."""

import io
import subprocess
from pathlib import Path
from zipfile import ZipFile

from tests.support.service import ROOT


class UnknownRevisionError(LookupError):
    """This checkout has no history as far back as the commit."""


def unpack_revision(revision: str, folder: Path, *paths: str) -> None:
    """Put a commit's files into a folder: all of them, or those below some paths.

    Packed as ZIP: `tarfile` warns without a filter from Python 3.12 on, and knows none before
    3.11.4. Raises UnknownRevisionError.
    """
    packed = subprocess.run(
        ["git", "archive", "--format=zip", "-0", revision, *paths],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if packed.returncode:
        raise UnknownRevisionError(packed.stderr.decode(errors="replace").strip())
    with ZipFile(io.BytesIO(packed.stdout)) as files:
        files.extractall(folder)
