"""No death between any two steps loses a file, keeps half of one, or leaves one for ever."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.s3 import BUCKET, MISSING, is_there, serve_emulated_s3
from tests.support.service import ROOT
from tracker.domain.signals import CrashPoint

POINTS = {point.value for point in CrashPoint if point.value.startswith(("fetch:", "assets:"))}
CALLS = {"mkdir", "open", "writev", "fsync", "link", "unlink", "rmdir"}
"""Calls of the system that a folder is known to make: whoever looks must have seen them."""
REQUESTS = {"POST uploads", "PUT partNumber uploadId", "POST uploadId", "POST delete", "HEAD"}
"""Requests that a bucket is known to get."""
WAYS = {"wanted", "fetched", "uploaded", "inline", "swept", "fetched again", "dropped"}
WAITING = {"waits", "handed on"}
"""Ways of what waits on this machine, as the store takes no file."""


def killed_at_each_step(database_url: str, store: str) -> tuple[set[str], set[str]]:
    """Return the ways and the steps that processes died at; fails where any left a flaw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_custody", database_url, store],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t")[1:] for line in done.stdout.splitlines()]
    assert [(at, flaws) for at, *flaws in lines if flaws] == [], done.stderr[-5000:]
    assert lines[-1] == ["the end"]
    died = [at.partition(": ") for at, *_ in lines if at != "the end"]
    return {way for way, _, _ in died}, {step.partition(" of ")[0] for _, _, step in died}


def test_a_process_killed_at_any_step_leaves_rows_and_files_of_a_folder_in_step(
    database_url: str, tmp_path: Path
) -> None:
    ways, steps = killed_at_each_step(database_url, f"{tmp_path}/assets")
    assert ways == WAYS | WAITING
    assert steps >= POINTS | CALLS | {CrashPoint.COMMIT_READY.value, CrashPoint.COMMIT_DONE.value}


def test_a_process_killed_at_any_request_leaves_rows_and_objects_of_a_bucket_in_step(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_there():
        pytest.skip(MISSING)
    with serve_emulated_s3() as given:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        ways, steps = killed_at_each_step(sqlite_url, f"s3://{BUCKET}/kept")
    assert ways == WAYS - {"wanted"}
    assert steps >= {*REQUESTS, *(f"{request} 200" for request in REQUESTS)}, steps
