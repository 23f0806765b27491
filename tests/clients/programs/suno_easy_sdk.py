"""Use `suno-easy` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, key, and `all` or `failing`.
"""

import dataclasses
import json
import sys
from typing import Any

from suno_easy import SunoClient
from suno_easy.exceptions import TaskFailed

PAUSE_S = 0.05
LONGEST_S = 120


def ended(task: Any) -> Any:
    """Wait for a task's end."""
    return task.wait(timeout=LONGEST_S, poll_interval=PAUSE_S)


def failing(client: SunoClient) -> dict[str, Any]:
    """Make a song that fails."""
    task = client.music.generate(
        prompt="la [scenario:failed]", style="pop", title="Rain", wait=False
    )
    try:
        return {"songs": ended(task), "failure": None}
    except TaskFailed as problem:
        return {"songs": [], "failure": str(problem)}


def whole_life(client: SunoClient) -> dict[str, Any]:
    """Make a song, its lyrics and its file."""
    made = client.music.generate(prompt="la", style="pop", title="Rain", wait=False)
    songs = ended(made)
    lyrics = ended(client.lyrics.generate(prompt="rain", wait=False))
    wav = ended(client.audio.convert_wav(task_id=made.task_id, audio_id=songs[0].id, wait=False))
    return {
        "songs": [dataclasses.asdict(song) for song in songs],
        "lyrics": [dataclasses.asdict(text) for text in lyrics],
        "wav": dataclasses.asdict(wav),
        "credits": dataclasses.asdict(client.account.get_credits()),
    }


def main() -> None:
    """Run what the arguments ask for."""
    url, key, task = sys.argv[1:]
    SunoClient.BASE_URL = url
    client = SunoClient(api_key=key)
    answer = failing(client) if task == "failing" else whole_life(client)
    json.dump(answer, sys.stdout, default=str)


main()
