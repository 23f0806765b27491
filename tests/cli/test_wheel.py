"""The wheel, installed into an empty environment and used from another folder."""

import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.support.service import ROOT, free_port
from tests.support.waiting import wait_until

VERSION = 'import importlib.metadata as m; d = m.distribution("callback-tracker"); print(d.version)'
COMMAND = 'import importlib.metadata as m; print(m.distribution("callback-tracker").entry_points)'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without an index."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=600)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, and with what the wheel depends on.

    The dependencies are those of this environment: its folder is added to the path as it is, so
    that the link to the checkout, a .pth file in it, is not followed.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin" / "python"


def _run(
    python: Path, folder: Path, *arguments: str, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=_environment(env),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _environment(more: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "PYTHON"))}
    return kept | more


def test_the_distribution_has_its_own_name_and_the_command_keeps_ours(
    python: Path, tmp_path: Path
) -> None:
    where = _run(python, tmp_path, "-c", "import tracker; print(tracker.__file__)").stdout
    assert str(python.parent.parent) in where
    shown = _run(python, tmp_path, "-m", "tracker", "--version").stdout
    assert _run(python, tmp_path, "-c", VERSION).stdout.strip() in shown
    entry = _run(python, tmp_path, "-c", COMMAND).stdout
    assert "value='tracker.cli.main:main'" in entry


def test_the_wheel_holds_each_file_once_and_nothing_but_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    versions = {path.name for path in (ROOT / "migrations" / "versions").glob("*.py")}
    held = {name.rpartition("/")[2] for name in names if "_migrations/versions/" in name}
    assert held == versions
    assert len(names) == len(set(names))
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "tracker",
        "callback_tracker",
    }


def test_the_wheel_holds_every_file_that_pages_are_made_of(wheel: Path) -> None:
    folder = ROOT / "tracker" / "web" / "ui"
    kinds = {".html", ".css", ".js", ".svg", ".py", ".md", ""}
    ours = [path for path in folder.rglob("*") if path.is_file() and path.suffix in kinds]
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert len(ours) > 20
    assert sorted({path.relative_to(ROOT).as_posix() for path in ours} - names) == []


def test_demo_runs(python: Path, tmp_path: Path) -> None:
    done = _run(python, tmp_path, "-m", "tracker", "demo", "--port", "0", "--step", "0.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "by callback" in done.stdout


def test_it_migrates_explains_itself_and_serves(python: Path, tmp_path: Path) -> None:
    port = free_port()
    env = {"PORT": str(port), "TRACKER_DATA_DIR": "kept", "TRACKER_KLING_API_KEY": "k" * 32}
    migrated = _run(python, tmp_path, "-m", "tracker", "migrate", **env)
    assert migrated.returncode == 0, migrated.stderr
    assert (tmp_path / "kept" / "tracker.db").is_file()
    explained = _run(python, tmp_path, "-m", "tracker", "doctor", "--offline", **env)
    assert explained.returncode == 0, explained.stdout + explained.stderr
    log = tmp_path / "log"
    with log.open("w") as out:
        service = subprocess.Popen(
            [python, "-m", "tracker", "serve"], cwd=tmp_path, env=_environment(env), stderr=out
        )
        try:
            wait_until(lambda: _is_ready(port) or service.poll() is not None)
            assert service.poll() is None, log.read_text()
            asked = _run(python, tmp_path, "-m", "tracker", "healthcheck", **env)
            assert (asked.returncode, "is ready" in asked.stderr) == (0, True)
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(60) in {0, -signal.SIGTERM}
    asked = _run(python, tmp_path, "-m", "tracker", "healthcheck", **env)
    assert (asked.returncode, "does not answer" in asked.stderr) == (1, True)


def _is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=60)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
