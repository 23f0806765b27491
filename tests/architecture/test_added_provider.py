"""The guide to adding a provider, walked in a copy: its files are enough, its checks pass."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.service import ROOT

NAME = "lantern"
GUIDE = (ROOT / "docs" / "howto" / "add-a-provider.md").read_text()
PAGE = (ROOT / "docs" / "howto" / "a-whole-provider.md").read_text()
_FILE = re.compile(r"^`([^`\n]+)`:\n\n(`{3,})\w+\n(.*?)^\2\n", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r'^    "lantern": .*\n', re.MULTILINE)
_ITEM = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)
_COPIED = ("docs", "tests", "tracker", "CHANGELOG.md", "README.md", "README.zh-CN.md")
_CHECKS = (
    f"tests/providers/test_{NAME}.py",
    "tests/providers/test_revisions.py",
    "tests/architecture/test_catalogues.py",
    "tests/architecture/test_docs.py",
    "tests/architecture/test_systems.py",
    "-k",
    f"{NAME} or revision or text_of_an_adapter",
)
"""Of the guide's: those that look at one provider."""


def written() -> dict[str, str]:
    """Return the new files of the page, by their paths."""
    return {path: text for path, _, text in _FILE.findall(PAGE)}


def listed(section: str) -> list[str]:
    """Return the files that a section of the guide lists, for the provider of the page."""
    _, _, rest = GUIDE.partition(f"\n### {section}\n")
    return [one.replace("NAME", NAME) for one in _ITEM.findall(rest.partition("\n##")[0])]


def drawn() -> set[str]:
    """Return the files that `make docs` draws, as the guide lists them before those of fronts."""
    _, _, rest = GUIDE.partition("`make docs` draws ")
    return set(re.findall(r"`([^`]+\.\w+)`", rest.partition(";")[0]))


def run(copy: Path, *command: str) -> None:
    """Run a command in the copy, with the copy's code."""
    env = {**os.environ, "PYTHONPATH": str(copy)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling all of it is most of the work
    done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the provider of the page in it, and `make docs` run."""
    folder = tmp_path_factory.mktemp("added")
    for name in _COPIED:
        if (ROOT / name).is_dir():
            hidden = shutil.ignore_patterns("pictures", "node_modules")
            shutil.copytree(ROOT / name, folder / name, ignore=hidden)
        else:
            shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in written().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    registry = folder / "tracker" / "providers" / "registry.py"
    (line,) = _LINE.findall(PAGE)
    before, mark, after = registry.read_text().partition("_MODULES: Mapping[str, str] = {\n")
    registry.write_text(f"{before}{mark}{line}{after}")
    run(folder, sys.executable, "docs/draw.py")
    return folder


def test_the_guide_lists_the_files_of_the_page_and_no_others() -> None:
    new = [path for path in written() if "/locale/" not in path]
    asked = [re.sub(r"\*\.json$", "poll_broken.json", one) for one in listed("New files")]
    assert asked == new
    assert listed("Changed files") == ["tracker/providers/registry.py", "CHANGELOG.md"]


def test_nothing_else_is_changed_but_what_is_drawn(copy: Path) -> None:
    changed = {
        str(path.relative_to(copy))
        for path in copy.rglob("*")
        if path.is_file()
        and path.suffix in (".py", ".md", ".json", ".toml")
        and "__pycache__" not in path.parts
        and path.read_bytes() != _original(path.relative_to(copy))
    }
    assert changed == {*written(), "tracker/providers/registry.py", *drawn()}


def _original(path: Path) -> bytes | None:
    return (ROOT / path).read_bytes() if (ROOT / path).exists() else None


def test_its_checks_pass(copy: Path) -> None:
    run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_CHECKS)


def test_its_files_are_formatted_and_keep_every_rule(copy: Path) -> None:
    files = [path for path in written() if path.endswith(".py")]
    run(copy, sys.executable, "-m", "ruff", "check", "--no-cache", *files)
    run(copy, sys.executable, "-m", "ruff", "format", "--check", "--no-cache", *files)
