"""Songs of which no page shows the shape: read by the account's options, and by what is there."""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.haimian.options import HaimianOptions
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word
from tracker.providers.ports.account import Account

_AUDIO = ("audio", "song", "play")
"""In the name of a field: its URL is a sound."""
_KINDS = (("image", "image"), ("cover", "image"), ("video", "video"))
_DEEPEST = 5


def read_song(account: Account, entry: Mapping[str, Any]) -> Observation:
    """Read a task of which no page shows the shape: by the options, and by what is there.

    A word that no option explains tells of no end, also beside a sound: a song can be heard before
    it is done. Where there is no word at all, a sound is the only sign of a result.
    """
    options = account.get_options(HaimianOptions)
    word = find_first_text(
        entry, (options.status_in or "status", "task_status", "state", "data.status"), limit=200
    )
    state = options.list_states().get(word or "") or GATEWAY_WORDS.get(normalise_word(word or ""))
    pieces = _list_pieces(entry, options.result_in)
    if state is None and word is None and any(piece.kind == "audio" for piece in pieces):
        state = TaskState.SUCCEEDED
    reason = find_first_text(
        entry, ("fail_msg", "fail_reason", "data.fail_reason", "error_msg", "message")
    )
    error = TaskError("provider", None, reason or "the provider gave no reason")
    return Observation(
        state,
        word or ("" if state is None else "done"),
        provider_task_id=find_first_text(entry, ("task_id",), limit=200),
        message=reason,
        artifacts=pieces if state is not TaskState.FAILED else (),
        error=error if state is TaskState.FAILED else None,
    )


def _list_pieces(entry: Mapping[str, Any], result_in: str | None) -> tuple[Artifact, ...]:
    chosen: Any = entry
    for part in (result_in or "").split(".") if result_in else ():
        chosen = chosen.get(part) if isinstance(chosen, dict) else None
    if result_in and (url := read_web_url(chosen)) is not None:
        return (Artifact("audio", url, key=result_in),)
    return tuple(_list_urls(chosen, "", 0))


def _list_urls(value: Any, name: str, depth: int) -> Sequence[Artifact]:
    if depth > _DEEPEST:
        return []
    if isinstance(value, dict):
        pairs = [(f"{name}.{field}" if name else field, inner) for field, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{name}.{place}", inner) for place, inner in enumerate(value)]
    else:
        url, field = read_web_url(value), name.rpartition(".")[2].lower()
        kind = next((kind for part, kind in _KINDS if part in field), None)
        if kind is None and any(part in field for part in _AUDIO):
            kind = "audio"
        return [] if url is None or kind is None else [Artifact(kind, url, key=name)]
    return [piece for field, inner in pairs for piece in _list_urls(inner, field, depth + 1)]
