"""The quick start, run as pasted (on other ports, in an empty folder)."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.service import ROOT, free_port


def _quick_start(readme: str) -> str:
    block = re.search(r"```sh\n(make install.*?)```", (ROOT / readme).read_text(), re.DOTALL)
    assert block is not None
    return block[1]


def test_it_has_at_most_twelve_lines_and_is_the_same_in_both_languages() -> None:
    english, chinese = _quick_start("README.md"), _quick_start("README.zh-CN.md")
    assert english.count("\n") <= 12
    assert re.sub("#.*", "", english) == re.sub("#.*", "", chinese)


def test_the_quick_start_runs_as_pasted(tmp_path: Path) -> None:
    web, emulator = str(free_port()), str(free_port())
    script = _quick_start("README.md").partition("\n")[2]
    script = script.replace("8000", web).replace("8100", emulator)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with (tmp_path / "out").open("w") as out:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=inherited | {"PATH": path, "PORT": web, "TRACKER_URL": f"http://127.0.0.1:{web}"},
            stdout=out,
            stderr=out,
            start_new_session=True,  # what it leaves in the background is of its group
        )
        try:
            assert shell.wait(600) == 0
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
    printed = (tmp_path / "out").read_text()
    assert '"code":0' in printed.replace(" ", "")
    assert "succeeded" in printed
