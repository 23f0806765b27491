"""The recipes in deploy/: they parse, and name only what there is."""

import re
import shlex
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # no stubs among the tools
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.service import ROOT
from tracker.cli.containers import MOUNTS, is_kept
from tracker.cli.main import main
from tracker.settings import list_setting_names

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
_BLOCK = re.compile(r"\n(?=\S)")
_OTHERS = {"PATH", "PYTHONDONTWRITEBYTECODE", "container"}
"""Variables of the image that are no settings."""


def check_command(words: list[str]) -> None:
    """Check a command line after `tracker`: the command is there, and takes these options."""
    command = main.get_command(click.Context(main), words[0])
    assert command is not None, words
    command.make_context(words[0], [word.replace("%i", "8000") for word in words[1:]])


def _instructions() -> list[tuple[str, str]]:
    """Return the instructions of the recipe of the image, with what stands behind each."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line.strip()]


def test_the_image_is_made_of_lock_files_and_runs_without_privileges() -> None:
    found = _instructions()
    of = dict(found)
    assert [text for name, text in found if name == "FROM"][-1] == "scratch"
    assert of["USER"] == "10001:10001"
    assert (of["VOLUME"], of["STOPSIGNAL"]) == ("/data", "SIGTERM")
    installs = [part for name, text in found if name == "RUN" for part in text.split("&&")]
    for part in (part for part in installs if "pip install" in part):
        assert "--require-hashes" in part or "--no-deps --no-index" in part
    copied = [text.split()[:-1] for name, text in found if name == "COPY" and "--from" not in text]
    assert [one for some in copied for one in some if not (ROOT / one).exists()] == []
    named = set(re.findall(r"(?:^|\s)(\w+)=", of["ENV"]))
    assert named <= _OTHERS | set(list_setting_names())
    check_command(yaml.safe_load(of["CMD"]))
    check = yaml.safe_load(of["HEALTHCHECK"].partition("CMD ")[2])
    assert check[0] == yaml.safe_load(of["ENTRYPOINT"])[0] == "tracker"
    check_command(check[1:])


def test_what_builds_the_wheel_is_what_tests_build_it_with() -> None:
    ours = _BLOCK.split((DEPLOY / "requirements-build.lock").read_text().strip())
    theirs = {block.strip() for block in _BLOCK.split((ROOT / "requirements-dev.lock").read_text())}
    assert {block.split("==")[0] for block in ours} >= {"hatchling"}
    assert [block for block in ours if block not in theirs] == []
    assert {block.split("==")[0] for block in ours} == _needed("hatchling")


def _needed(name: str) -> set[str]:
    """Return a package and all that it needs, as installed here."""
    found, open_names = set(), [name]
    while open_names:
        found.add(name := open_names.pop())
        for text in metadata.requires(name) or ():
            asked = Requirement(text)
            if asked.name not in found and (asked.marker is None or asked.marker.evaluate()):
                open_names.append(canonicalize_name(asked.name))
    return found


def test_compose_names_what_there_is() -> None:
    whole: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = whole["services"]
    assert [n for n, one in services.items() if not one.get("profiles")] == ["migrate", "tracker"]
    ours = {name: one for name, one in services.items() if one.get("image") == "tracker"}
    assert set(services) - set(ours) == {"database"}
    for name, one in ours.items():
        check_command(one["command"])
        assert one["read_only"], name
        assert set(one.get("environment", ())) <= set(list_setting_names())
        assert set(one.get("depends_on", ())) <= set(services)
        assert (DEPLOY / one["build"]["context"] / one["build"]["dockerfile"]).is_file()
        named = [volume.partition(":")[0] for volume in one.get("volumes", ())]
        assert set(named) <= set(whole["volumes"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    program, *words = shlex.split(line)
    assert program == "/opt/tracker/bin/tracker"
    check_command(words)
    assert set(re.findall(r"^Environment=(\w+)=", unit.read_text(), re.MULTILINE)) <= set(
        list_setting_names()
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_units_are_sound_and_hardened(tmp_path: Path) -> None:
    for unit in UNITS:  # a program that is here, as the one that they name is not
        text = unit.read_text().replace("/opt/tracker/bin/tracker", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    paths = [str(tmp_path / unit.name) for unit in UNITS]
    checked = _analyze("verify", "--man=no", *paths)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    for path in paths:
        scored = _analyze("security", "--offline=true", "--no-pager", "--threshold=30", path)
        assert scored.returncode == 0, scored.stdout


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=300, check=False
    )


ANONYMOUS = f"/var/lib/docker/volumes/{'0f' * 32}/_data"
MOUNTED = f"""\
1 0 0:1 / / rw - overlay overlay rw
2 1 0:2 / /tmp rw - tmpfs tmpfs rw
3 1 8:1 /volumes/tracker_data/_data /data rw shared:1 - ext4 /dev/sda1 rw
4 1 8:1 {ANONYMOUS} /anonymous rw - ext4 /dev/sda1 rw
5 1 8:1 /srv/kept /a\\040place rw - ext4 /dev/sda1 rw
"""


@pytest.mark.parametrize(
    ("folder", "kept"),
    [
        ("/data", True),
        ("/data/below", True),
        ("/database", False),  # on the root of the container
        ("/tmp/data", False),
        ("/anonymous", False),
        ("/a place", True),
    ],
)
def test_a_folder_outlives_a_container_on_a_volume_with_a_name(folder: str, *, kept: bool) -> None:
    assert is_kept(Path(folder), MOUNTED) is kept


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_container_without_secrets_and_volume_does_not_start(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not MOUNTS.is_file() or is_kept(tmp_path, MOUNTS.read_text()):
        pytest.skip("the folder for tests lies on a volume")
    monkeypatch.chdir(tmp_path)
    env = {"container": "oci", "TRACKER_DATA_DIR": str(tmp_path), "TRACKER_CALLBACK_SECRETS": None}
    done = CliRunner().invoke(main, [command], env=env)
    assert done.exit_code == 2
    assert "set TRACKER_CALLBACK_SECRETS" in done.stderr
    assert list(tmp_path.iterdir()) == []
    given = CliRunner().invoke(main, [command], env=env | {"TRACKER_CALLBACK_SECRETS": "s" * 32})
    assert "TRACKER_CALLBACK_SECRETS" not in given.stderr
    assert "run `tracker migrate`" in given.stderr
