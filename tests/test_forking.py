"""The tests run in forked processes: what they are told is what one process would have told."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "test_some.py": """
import os, warnings
import pytest

@pytest.mark.parametrize("number", range(20))
def test_passes(number, tmp_path):
    assert os.getpid() != int(os.environ["COLLECTED_BY"])
    assert any(part.startswith("process") for part in tmp_path.parts)

def test_fails():
    print("said before")
    assert 1 == 2

@pytest.mark.skip(reason="not here")
def test_is_skipped(): ...

def test_warns():
    warnings.warn("beware", stacklevel=1)

@pytest.fixture
def broken():
    yield
    raise OSError("not closed")

def test_ends_badly(broken): ...
""",
    "test_dying.py": """
import os, pytest

def test_dies():
    os._exit(7)

@pytest.mark.parametrize("number", range(5))
def test_comes_after(number): ...
""",
    "test_shared.py": """
import os, pathlib, pytest

@pytest.fixture(scope="session")
def shared():
    yield
    with pathlib.Path(os.environ["CLOSED"]).open("a") as file:
        file.write("closed ")

@pytest.mark.parametrize("number", range(6))
def test_shares(number, shared): ...
""",
    "conftest.py": "import os; os.environ['COLLECTED_BY'] = str(os.getpid())",
}


def _run(folder: Path, *arguments: str) -> tuple[int, str]:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    asked = [*arguments, "-p", "tests.support.forking", "-p", "no:cacheprovider", "-q", "-rA"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", folder, *asked, folder],
        cwd=ROOT,
        env={"CLOSED": str(folder / "closed"), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_outcome_is_told_and_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    status, said = _run(tmp_path, "--processes", "3")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 33 passed, 1 skipped, 1 warning, 1 error" in said
    for told in (
        "said before",
        "assert 1 == 2",
        "UserWarning: beware",
        "OSError: not closed",
        "the process that ran it ended with 7",
        "not here",
    ):
        assert told in said
    assert any(line.startswith("FAILED") and "::test_dies" in line for line in said.splitlines())


def test_session_fixtures_are_closed_in_each_process(tmp_path: Path) -> None:
    status, said = _run(tmp_path, "--processes", "2", "-k", "shares")
    assert (status, "6 passed" in said) == (pytest.ExitCode.OK, True), said
    assert set((tmp_path / "closed").read_text().split()) == {"closed"}


def test_the_first_failure_ends_the_run_where_that_is_asked(tmp_path: Path) -> None:
    status, said = _run(tmp_path, "--processes", "2", "-x", "-k", "dies or passes")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in said
    assert "stopping after 1 failures" in said
