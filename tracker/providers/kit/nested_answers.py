"""A gateway's row of a task that holds the upstream's own answer.

Gateways of new-api's kind answer with a row of their table of tasks: its `id` is a number of that
table, `data` is what the upstream answered last, and the link of a result may stand in `result_url`
or, in older rows, in `fail_reason`
(https://github.com/QuantumNous/new-api, model/task.go and relay/relay_task.go, read 2026-11).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker.domain.task import VERDICTS, TaskState
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_text, unpack_json
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word

GOOD_CODES = frozenset({"success", "200", "0", "1"})
"""Of an envelope around a task, lower-case. The last: https://docs.crazyrouter.com/audio/suno/query
(read 2026-11-30), and every proxy of Midjourney."""
_IDS = ("task_id", "taskId")
_RELAYED = (*_IDS, *(f"data.{name}" for name in (*_IDS, "id")))
_LINKS = ("result_url", "fail_reason", "failReason")
_NEW = "NOT_START"
"""In the place of the empty word of a task that has just been made."""


_FILE_LINKS = (
    *("url", "video_url", "result_url", "download_url", "videoUrl", "audio_url", "audioUrl"),
)
_HOLDERS = (
    *("metadata", "output", "content", "result", "data", "video", "task_result"),
    *("videos", "creations"),
)
"""Fields below which an upstream's answer may hold its link."""
_DEEPEST = 6


def link_below(holder: Any, depth: int = _DEEPEST) -> str | None:
    """Return the link to a result, wherever gateways put it; None for none.

    depth: how many objects deep it may stand.
    """
    if isinstance(holder, list):
        holder = next((one for one in holder if one), None)
    if depth and isinstance(holder, str):
        return read_web_url(holder)
    if not depth or not isinstance(holder, dict):
        return None
    own = next((link for name in _FILE_LINKS if (link := read_web_url(holder.get(name)))), None)
    if own is not None:
        return own
    below = (link_below(holder.get(name), depth - 1) for name in _HOLDERS)
    return next((link for link in below if link), None)


def is_row(parsed: Any) -> bool:
    """Return true for a row: an object with the id of a task, a status and what was answered."""
    return (
        isinstance(parsed, dict)
        and isinstance(parsed.get("status"), str)
        and isinstance(unpack_json(parsed.get("data")), dict | list | None)
        and "data" in parsed
        and find_first_text(parsed, _IDS) is not None
    )


def find_relayed_id(parsed: Any, ids: Sequence[str] = ()) -> str | None:
    """Return the id of a task that a relay names otherwise than the provider does; None for none.

    A code that is no good one, or an error, tells of no task. ids: fields in which the provider
    names it, which may stand in a relay's envelope.
    """
    code = find_first_text(parsed, ("code",), limit=100)
    is_good = code is None or code.lower() in GOOD_CODES
    if not isinstance(parsed, dict) or not is_good or parsed.get("error"):
        return None
    return find_first_text(parsed, (*_RELAYED, *(f"data.{name}" for name in ids)), limit=500)


def is_name(text: str) -> bool:
    """Tell whether a text may be the id of a task; a complaint in its place has spaces."""
    return text.isascii() and not any(map(str.isspace, text))


def unwrap_only_entry(parsed: Any) -> Any:
    """Return the one entry of a list, as some relays show a task; anything else as it is."""
    is_alone = isinstance(parsed, list) and len(parsed) == 1 and isinstance(parsed[0], dict)
    return parsed[0] if is_alone else parsed


def link_in(row: Mapping[str, Any]) -> str | None:
    """Return the link to a result that a row names besides the answer; None for none."""
    named = next((link for name in _LINKS if (link := read_web_url(row.get(name)))), None)
    return named or link_below(row.get("output"))


def answer_in(
    row: Mapping[str, Any],
    ids: Sequence[str],
    state_in: Callable[[Mapping[str, Any]], TaskState | None],
    with_link: Callable[[str], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Return what a row tells in the upstream's own form, under the gateway's id of the task.

    The upstream's answer counts, but where the row has ended and the answer has not.

    ids:       fields in which an answer of the upstream names its task.
    state_in:  the state that an answer of the upstream stands for; None for no answer.
    with_link: builds the upstream's answer to a success with one file.
    """
    word, inner = row["status"].strip(), unpack_json(row.get("data"))
    ended = GATEWAY_WORDS.get(normalise_word(word))
    ended = ended if ended in VERDICTS else None
    state = state_in(inner) if isinstance(inner, dict) else None
    task_id = find_first_text(row, _IDS, limit=500) or ""
    if isinstance(inner, dict) and state is not None and (ended is None or state in VERDICTS):
        return _find_named(inner, ids, task_id)
    link = link_in(row)
    if ended is TaskState.SUCCEEDED and link is not None:
        return _find_named(with_link(link), ids, task_id)
    return {**row, "id": task_id, "status": word or _NEW}


def _find_named(answer: Mapping[str, Any], ids: Sequence[str], task_id: str) -> Mapping[str, Any]:
    named = dict(answer)
    for path in ids:
        holder, _, name = path.rpartition(".")
        inner = named.get(holder) if holder else None
        if not holder:
            named[path] = task_id
        elif isinstance(inner, dict):
            named[holder] = {**inner, name: task_id}
    return named
