"""comfy-cli 1.23.0 from PyPI: Comfy's own client of its Kling proxy, which is our third prefix."""

from pathlib import Path

import pytest

from tests.clients.conftest import Installed


@pytest.mark.parametrize("key", ["any-key", "comfyui-any-key"])
def test_it_generates_a_video_from_create_to_file(
    installed: Installed, tmp_path: Path, key: str
) -> None:
    """A key of the second form is sent as X-API-Key, any other as a Bearer."""
    film = tmp_path / "film.mp4"
    told = installed.run(
        [
            *("-m", "comfy_cli", "--skip-prompt", "generate", "kling"),
            *("--prompt", "a cat", "--model_name", "kling-v2-master", "--duration", "5"),
            *("--download", str(film), "--yes", "--timeout", "30"),
        ],
        {"COMFY_API_BASE_URL": installed.url, "COMFY_API_KEY": key},
    )
    assert film.read_bytes()[4:8] == b"ftyp", told
