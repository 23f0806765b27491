"""The commands of the page on deployment, in its order; and what its Procfile starts."""

import os
import re
import shlex
import sqlite3
import subprocess
from pathlib import Path

import httpx

from tests.support.service import ROOT, Process, free_port, wait_until_ready

PAGES = [ROOT / "docs" / "howto" / name for name in ("deploy.md", "deploy.zh-CN.md")]
_BLOCK = re.compile(r"```(sh(?: sqlite)?)\n(.*?)```", re.DOTALL)


def test_the_commands_run_in_the_pages_order(tmp_path: Path, path: str) -> None:
    script = ["set -e"]
    for _, block in _BLOCK.findall(PAGES[0].read_text()):
        # The database of the example is nobody's; without it there is a file.
        script.append(re.sub(r"DATABASE_URL=.*\n", "", block))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "DATABASE_"))}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=inherited | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("trk_") == 2
    with sqlite3.connect(tmp_path / "backup" / "tracker.db") as copy:
        assert copy.execute("SELECT count(*) FROM api_keys").fetchone() == (2,)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_the_procfile_serves_and_a_copy_is_made_while_it_does(tmp_path: Path, path: str) -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert list(lines) == ["release", "web", "worker"]
    port = str(free_port())
    env = {"TRACKER_DATA_DIR": str(tmp_path / "data"), "TRACKER_KLING_API_KEY": "k", "PORT": port}
    env |= {"DATABASE_URL": "", "TRACKER_AUTH": "off"}

    def arguments(name: str) -> tuple[str, ...]:
        words = shlex.split(lines[name].replace("${PORT:-8000}", port))
        assert words[:3] == ["python", "-m", "tracker"]
        return tuple(words[3:])

    with Process(arguments("release"), env, tmp_path / "release.log") as release:
        assert release.join() == 0
    web = Process(arguments("web"), env, tmp_path / "web.log").start()
    worker = Process(arguments("worker"), env, tmp_path / "worker.log").start()
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, web)
        task = {"provider": "kling", "operation": "videos/text2video", "input": {"prompt": "p"}}
        answer = httpx.post(f"{url}/v1/tasks", json=task, timeout=60, trust_env=False)
        assert answer.status_code == 202
        [(_, block)] = [b for b in _BLOCK.findall(PAGES[0].read_text()) if b[0] == "sh sqlite"]
        subprocess.run(
            ["bash", "-c", block],
            cwd=tmp_path,
            env=os.environ | env | {"PATH": path},
            check=True,
            timeout=300,
        )
        with sqlite3.connect(tmp_path / "backup" / "tracker.db") as copy:
            assert copy.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
    finally:
        worker.stop()
        web.stop()
