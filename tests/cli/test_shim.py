"""`tracker` as shells of tests find it: it ends as the command ends, and ends with it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.service import free_port
from tests.support.waiting import PATIENCE_S, wait_until


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def emulating(folder: Path, path: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Yield the process that runs `tracker emulate`, and an address that answers while it does."""
    port = free_port()
    command = [str(Path(path.partition(":")[0], "tracker")), "emulate", "--port", str(port)]
    with (
        (folder / "log").open("a") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process,
    ):
        url = f"http://127.0.0.1:{port}/emulator/tasks"
        try:
            wait_until(lambda: _answers(url))
            yield process, url
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 0)]
)
def test_a_signal_reaches_the_command_whose_end_it_ends_by(
    number: int, status: int, tmp_path: Path, path: str
) -> None:
    with emulating(tmp_path, path) as (process, url):
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == status
        assert not _answers(url)


def test_the_command_is_killed_with_it(tmp_path: Path, path: str) -> None:
    with emulating(tmp_path, path) as (process, url):
        process.kill()
        wait_until(lambda: not _answers(url))


def test_folder_output_and_status_are_those_of_the_shell(tmp_path: Path, path: str) -> None:
    script = "tracker migrate 2> out; tracker nonsense; echo $?"
    env = os.environ | {"PATH": path, "DATABASE_URL": "sqlite:///here.db"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "2\n"
    assert "nonsense" in done.stderr
    assert (tmp_path / "out").read_text()
    assert (tmp_path / "here.db").exists()
