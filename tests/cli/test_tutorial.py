"""The tutorial, run as printed (on other ports, in an empty folder), its outputs compared."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.support.service import ROOT, free_port

FOLDER = ROOT / "docs" / "tutorial"
ENGLISH = FOLDER / "first-task.md"
CHINESE = FOLDER / "first-task.zh-CN.md"
INSTALLED = ("make demo\n", ". .venv/bin/activate\n")
"""Blocks of the checkout's own: `make demo` is `tracker demo`, which is run in their place."""
MARK = "--- block {} ---"
QUIET = "TRACKER_POLL_QUIET_S"
"""A minute in the text; the test does not wait for it."""


def blocks(page: Path, kind: str) -> list[str]:
    """The code blocks of one kind."""
    return re.findall(rf"```{kind}\n(.*?)```", page.read_text(), re.DOTALL)


def promised(page: Path) -> dict[int, str]:
    """Return the printed output below each block, by the block's number."""
    found, number = {}, -1
    for kind, text in re.findall(r"```(sh|text)\n(.*?)```", page.read_text(), re.DOTALL):
        if kind == "sh":
            number += 1
        else:
            found[number] = text
    return found


def test_each_block_prints_what_the_tutorial_says(tmp_path: Path, path: str) -> None:
    script = ["set -e"]
    for number, block in enumerate(blocks(ENGLISH, "sh")):
        script.append(f"echo '{MARK.format(number)}'")
        if block == INSTALLED[0]:
            script.append("tracker demo --port 0 --step 0.2")
        elif block != INSTALLED[1]:
            script.append(block)
    ports = {port: str(free_port()) for port in ("8000", "8100", "8200")}
    text = re.sub(r"\b(8000|8100|8200)\b", lambda found: ports[found[1]], "\n".join(script))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    env = inherited | {
        "PATH": path,
        "PORT": ports["8000"],
        "TRACKER_URL": f"http://127.0.0.1:{ports['8000']}",
        QUIET: "1",
    }
    out = tmp_path / "out"
    with out.open("a") as sink:
        shell = subprocess.Popen(
            ["bash", "-c", text],
            cwd=tmp_path,
            env=env,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # what it leaves in the background is of its group
        )
        try:
            status = shell.wait(600)
        finally:
            with suppress(ProcessLookupError):  # it ends what it began
                os.killpg(shell.pid, signal.SIGKILL)
    printed = re.split(r"--- block \d+ ---\n", out.read_text())[1:]
    assert status == 0, out.read_text()
    for number, expected in promised(ENGLISH).items():
        lines = iter([" ".join(line.split()) for line in printed[number].splitlines()])
        for line in expected.splitlines():
            assert any(line in one for one in lines), f"{line!r} in order in {printed[number]}"


def test_the_chinese_page_has_the_same_blocks() -> None:
    for kind in ("sh", "text"):
        assert blocks(CHINESE, kind) == blocks(ENGLISH, kind) != []
