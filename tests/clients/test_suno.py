"""Published clients of sunoapi.org, unmodified, against the emulator and our front.

`suno-easy` 0.2.0 and `suno-music-cli` 0.1.2 from PyPI. npm @felores/kie-ai-mcp-server 5.0.0 needs a
module that is compiled when it is installed, which the tests do not do: its calls are replayed in
tests/web/fronts/test_suno_front.py.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.running import CLIENTS, LONGEST_S, run_program


def host_of(served: Served) -> str:
    """Return the address that the client's own `/api/v1` follows."""
    return f"{served.url}/sunoapi" if served.url == served.provider else f"{served.url}/suno"


def test_suno_easy_makes_songs_lyrics_and_files(served: Served) -> None:
    told = run_program("suno_easy_sdk.py", host_of(served), served.key, "all")
    assert len(told["songs"]) == 2
    for song in told["songs"]:
        assert song["title"] == "Rain"
        assert served.fetch(song["audio_url"])
    assert told["lyrics"][0]["text"].startswith("[Verse]")
    assert served.fetch(told["wav"]["wav_url"])
    assert told["credits"] == {"remaining": 100}


def test_suno_easy_hears_of_a_failure_from_us(fronted: Served) -> None:
    """It knows no failure word of the provider's, and waits in vain there."""
    told = run_program("suno_easy_sdk.py", host_of(fronted), fronted.key, "failing")
    assert told["songs"] == []
    assert told["failure"]


def run_cli(served: Served, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(CLIENTS / "bin" / "suno"), *arguments],
        env={
            "PATH": str(CLIENTS / "bin"),
            "HOME": str(home),
            "NO_PROXY": "127.0.0.1",
            "SUNO_BASE_URL": host_of(served),
            "SUNO_API_KEY": served.key,
            "COLUMNS": "10000",
        },
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


def generate(served: Served, home: Path, prompt: str) -> tuple[int, Any]:
    """Make a song and wait for its end; return the exit code and the record that was printed."""
    wanted = ["generate", "--prompt", prompt, "--style", "pop", "--title", "t", "--custom"]
    done = run_cli(served, home, *wanted, "--wait", "--interval", "0.1", "--json")
    start = done.stdout.find("{")
    assert start >= 0, done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout[start:])


@pytest.mark.parametrize(
    ("prompt", "code", "status"),
    [("la", 0, "SUCCESS"), ("la [scenario:failed]", 1, "GENERATE_AUDIO_FAILED")],
)
def test_suno_music_cli_waits_for_the_end(
    served: Served, tmp_path: Path, prompt: str, code: int, status: str
) -> None:
    returned, record = generate(served, tmp_path, prompt)
    assert (returned, record["status"]) == (code, status)
    if not code:
        assert served.fetch(record["response"]["sunoData"][0]["audioUrl"])
