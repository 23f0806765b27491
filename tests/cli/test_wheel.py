"""The wheel, installed into an empty environment and used from another folder."""

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from tests.support.memory import find_memory_folder
from tests.support.postgres import NOBODY
from tests.support.service import ROOT, free_port
from tests.support.waiting import wait_until

VERSION = 'import importlib.metadata as m; d = m.distribution("callback-tracker"); print(d.version)'
COMMAND = 'import importlib.metadata as m; print(m.distribution("callback-tracker").entry_points)'

Env = Mapping[str, str]
NO_ENV: Env = MappingProxyType({})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without an index."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=600)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path) -> Iterator[Path]:
    """The interpreter of an environment with the wheel, and with what the wheel depends on.

    The dependencies are those of this environment: its folder is added to the path as it is, so
    that the link to the checkout, a .pth file in it, is not followed.
    """
    with tempfile.TemporaryDirectory(prefix="tracker-installed-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # any user may run what is installed
        _install(wheel, home)
        yield home / "bin" / "python"


def _install(wheel: Path, home: Path) -> None:
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))


@dataclass(frozen=True)
class Owner:
    """A user who may write one folder alone; this one, where it cannot be another.

    uid: None for this one. refusal: why it is no other.
    """

    folder: Path
    uid: int | None = None
    refusal: str = ""


@pytest.fixture
def owner(python: Path) -> Iterator[Owner]:
    """Return `nobody`, where we are root and `nobody` may run the interpreter."""
    with tempfile.TemporaryDirectory(prefix="tracker-owned-", dir=find_memory_folder()) as folder:
        if os.getuid() != 0:
            yield Owner(Path(folder), refusal="another user's processes are root's to start")
            return
        os.chown(folder, NOBODY, NOBODY)
        try:
            subprocess.run([python, "-c", "import httpx"], check=True, cwd="/", **_as(NOBODY))
        except (OSError, subprocess.CalledProcessError):
            yield Owner(Path(folder), refusal=f"{sys.executable} is closed to other users")
            return
        yield Owner(Path(folder), NOBODY)


def _run(
    python: Path, folder: Path, *arguments: str, user: int | None = None, env: Env = NO_ENV
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=_environment(env),
        **_as(user),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _as(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": ()}


def _environment(more: Env) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "PYTHON"))}
    return kept | dict(more)


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


def test_it_migrates_explains_itself_serves_backs_up_and_restores(
    python: Path, owner: Owner, tmp_path: Path
) -> None:
    port, user, folder = free_port(), owner.uid, owner.folder
    env = {
        "PORT": str(port),
        "HOME": "/nonexistent",
        "TRACKER_DATA_DIR": "kept",
        "TRACKER_KLING_API_KEY": "k" * 32,
    }
    migrated = _run(python, folder, "-m", "tracker", "migrate", user=user, env=env)
    assert migrated.returncode == 0, migrated.stderr
    assert (folder / "kept" / "tracker.db").is_file()
    explained = _run(python, folder, "-m", "tracker", "doctor", "--offline", user=user, env=env)
    assert explained.returncode == 0, explained.stdout + explained.stderr
    log = tmp_path / "log"
    with log.open("w") as out:
        service = subprocess.Popen(
            [python, "-m", "tracker", "serve"],
            cwd=folder,
            env=_environment(env),
            stderr=out,
            **_as(user),
        )
        try:
            wait_until(lambda: _is_ready(port) or service.poll() is not None)
            assert service.poll() is None, log.read_text()
            asked = _run(python, tmp_path, "-m", "tracker", "healthcheck", env=env)
            assert (asked.returncode, "is ready" in asked.stderr) == (0, True)
            backup = ("-m", "tracker", "backup", "--with-secrets", "copy")
            made = _run(python, folder, *backup, user=user, env=env)
            assert made.returncode == 0, made.stderr
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(60) in {0, -signal.SIGTERM}
    asked = _run(python, tmp_path, "-m", "tracker", "healthcheck", env=env)
    assert (asked.returncode, "does not answer" in asked.stderr) == (1, True)
    env["TRACKER_DATA_DIR"] = "again"
    restored = _run(python, folder, "-m", "tracker", "restore", "copy", user=user, env=env)
    assert restored.returncode == 0, restored.stderr
    files = ("tracker.db", "callback_secrets")
    assert all((folder / "again" / name).is_file() for name in files)


def test_that_was_as_a_user_who_may_write_one_folder_alone(python: Path, owner: Owner) -> None:
    if owner.uid is None:
        pytest.skip(owner.refusal)
    program = "import os, tracker; print(os.getuid(), *(os.access(p, os.W_OK) for p in ('/', '.')))"
    told = _run(python, owner.folder, "-c", program, user=owner.uid)
    assert told.stdout.split() == [str(NOBODY), "False", "True"], told.stderr


def _is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=60)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
