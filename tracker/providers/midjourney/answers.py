"""Readings of a Midjourney proxy's answers that several capabilities share. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Part
from tracker.domain.outcome import Absent, Observed, PollOutcome, Unanswered
from tracker.domain.task import Task
from tracker.providers.kit.nested_answers import GOOD_CODES, find_relayed_id, is_name
from tracker.providers.kit.reading import find_first_instant, find_first_text, read_text
from tracker.providers.kit.repeated import select_fullest
from tracker.providers.kit.scan import CLOCK_MARGIN
from tracker.providers.midjourney.options import Kind, find_kind, find_profile
from tracker.providers.midjourney.task_object import find_id, find_mark, find_number, read_task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Sending

_MOST_PARTS = 8


def build_base(account: Account, mode: str | None) -> str:
    """Return the base URL for a mode: `…/mj-fast/mj`, where the proxy has such paths."""
    base = account.base_url
    if mode is None or not find_profile(account).has_modes or not base.endswith("/mj"):
        return base
    host = base.removesuffix("/mj")
    head, _, last = host.rpartition("/")
    host = head if last.startswith("mj-") else host
    return f"{host}/mj-{mode.lower()}/mj"


def find_ids(parsed: Mapping[str, Any]) -> Sequence[str]:
    """Return the ids of an answer to a submit: one, or several in one text, each once."""
    result = parsed.get("result")
    listed = result if isinstance(result, list) else [result]
    texts = [read_text(one, limit=2000) or "" for one in listed[:_MOST_PARTS]]
    found = [one for part in ",".join(texts).split(",") if (one := part.strip())]
    return list(dict.fromkeys(found))[:_MOST_PARTS]


def find_relayed_ids(account: Account, parsed: Mapping[str, Any]) -> Sequence[str]:
    """Return the id of a create in a relay's own envelope; none where it tells of no success."""
    code = find_first_text(parsed, ("code",), limit=20)
    is_good = parsed.get("success") is True if code is None else code.lower() in GOOD_CODES
    if find_kind(account) in (Kind.NOVICEZK, Kind.TRUEAI) or not is_good:
        return ()
    data = read_text(parsed.get("data"), limit=500)
    named = find_relayed_id(parsed) or (data if data and is_name(data) else None)
    return [named] if named else find_ids(parsed)


def find_task(parsed: Any) -> Any:
    """Return the task object of an answer about one task, out of a list or an envelope."""
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict) or "status" in parsed:
        return parsed
    held = (parsed.get(name) for name in ("data", "result"))
    return next((one for one in held if isinstance(one, dict) and "status" in one), parsed)


def find_tasks(parsed: Any) -> Sequence[Any] | None:
    """Return the list of an answer about several tasks, out of an envelope too; None for none."""
    held = parsed
    if isinstance(parsed, dict):
        held = next((parsed[name] for name in ("data", "result") if parsed.get(name)), None)
    return held if isinstance(held, list) else None


def is_waiting_for_window(sending: Sending, parsed: Mapping[str, Any]) -> bool:
    """Tell the two meanings of code 21 apart: a task that waits for `modal`, or one that exists."""
    match find_kind(sending.account):
        case Kind.NOVICEZK:
            return False
        case Kind.PLAIN:
            properties = parsed.get("properties")
            known = properties if isinstance(properties, dict) else {}
            return "status" not in known and "imageUrl" not in known
        case _:
            return True


def judge_listed(
    task: Task, found: Mapping[str | None, Sequence[Mapping[str, Any]]]
) -> PollOutcome:
    """Say what a list tells of a task. found: its entries by id."""
    theirs = task.provider_task_id
    entries = found.get(theirs)
    if entries is None:
        return Absent("the proxy's list leaves it out", weak=True)
    read = ((theirs, said) for one in entries if (said := read_task(one, task)) is not None)
    said = select_fullest(read).get(theirs)
    return Unanswered("its entry cannot be read") if said is None else Observed(said)


def is_silence(account: Account, answer: HttpResult) -> bool:
    """Tell whether an answer is the empty one by which open proxies say that there is no task."""
    if find_kind(account) is Kind.NEW_API or answer.status not in (200, 204):
        return False
    return answer.body.strip() in (b"", b"null")


def list_parts(entries: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Return the further tasks of a create, from entries that carry its mark with a number."""
    found = ((find_id(one), find_number(one)) for one in entries)
    return tuple(Part(id_, str(number)) for id_, number in found if id_ is not None and number > 1)


def is_ours(asking: Asking, entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry carries our mark, and is not older than the submit.

    Others use the proxy too, and may use our mark.
    """
    if find_mark(entry) != asking.task.external_task_id:
        return False
    made = find_first_instant(entry, ("submitTime",))
    return made is None or asking.since is None or made >= asking.since - CLOCK_MARGIN
