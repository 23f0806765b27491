"""comfy-cli 1.23.0 from PyPI: Comfy's own client of its Kling proxy, which is our third prefix."""

from pathlib import Path

from tests.clients.conftest import Installed


def test_it_generates_a_video_from_create_to_file(installed: Installed, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    done = installed.run(
        [
            *("-m", "comfy_cli", "--skip-prompt", "generate", "kling"),
            *("--prompt", "a cat", "--model_name", "kling-v2-master", "--duration", "5"),
            *("--download", str(film), "--yes", "--timeout", "120"),
        ],
        {"COMFY_API_BASE_URL": installed.url, "COMFY_API_KEY": installed.key},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert film.read_bytes()[4:8] == b"ftyp"
