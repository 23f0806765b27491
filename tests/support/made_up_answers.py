"""Readers of the made-up provider's JSON: statements about tasks, costs and refusals."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.domain.cost import Cost, Phase
from tracker.domain.exchange import HttpFailure
from tracker.domain.observation import Observation, Part
from tracker.domain.outcome import DeferralScope, Deferred, Refused, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, ArtifactState, TaskError, TaskState
from tracker.providers.ports.adapter import Answer

Statement = dict[str, Any]
"""`{id, mark, status, stage, progress, pieces, bill, why, doubtful, context, blocked, parts,
may_fall}`.

All but `status`, a TaskState's value, may be missing; any other word is unknown. `pieces` have
fields of Artifact, entries of `bill` of Cost.
"""
_WORDS = frozenset(TaskState) - {TaskState.QUEUED, TaskState.UNCERTAIN, TaskState.EXPIRED}


def read_observation(said: Statement) -> Observation:
    """Read one statement about one task."""
    status = str(said.get("status"))
    why = said.get("why")
    is_doubtful = bool(said.get("doubtful"))
    return Observation(
        state=TaskState(status) if status in _WORDS else None,
        word=status,
        provider_task_id=said.get("id"),
        external_task_id=said.get("mark"),
        message=why,
        progress=said.get("progress"),
        artifacts=tuple(_read_piece(one) for one in said.get("pieces", ())),
        error=None if why is None else TaskError("provider", None, why, doubtful=is_doubtful),
        costs=bill(said),
        stage=said.get("stage"),
        context=said.get("context"),
        is_blocked=bool(said.get("blocked")),
        costs_may_fall=bool(said.get("may_fall")),
        parts=tuple(Part(one["id"], one["mark"]) for one in said.get("parts", ())),
    )


def bill(said: Mapping[str, Any]) -> tuple[Cost, ...]:
    """Read the costs of a statement or of an accepted submit; none where none are named."""
    return tuple(
        Cost(
            "unit" if "unit" in one else "cash",
            one["amount"],
            unit=one.get("unit"),
            currency=None if "unit" in one else "EUR",
            phase=Phase(one.get("phase", "settle")),
        )
        for one in said.get("bill", ())
    )


def _read_piece(said: Mapping[str, Any]) -> Artifact:
    state = ArtifactState(said.get("state", "ready"))
    dies = said.get("expires_at")
    return Artifact(
        said.get("kind", "video"),
        said.get("url"),
        id=said.get("id"),
        key=said.get("key"),
        state=state,
        expires_at=None if dies is None else datetime.fromisoformat(dies),
        refreshable=bool(said.get("refreshable")),
        needs_auth=bool(said.get("needs_auth")),
    )


def parse_answer(answer: Answer) -> dict[str, Any] | None:
    """Return an answer's JSON; None where it is an error of the server, or none came."""
    if isinstance(answer, HttpFailure) or answer.status >= 500:
        return None
    body: dict[str, Any] = json.loads(answer.body)
    return body


def explain_silence(answer: Answer) -> str:
    """Say why an answer tells nothing."""
    return answer.reason if isinstance(answer, HttpFailure) else f"it answered {answer.status}"


def classify_refusal(error: Mapping[str, Any]) -> SubmitOutcome:
    """`{code, why}` refuses; with `wait`, `seconds` and `spends` it defers; `exists` is a doubt."""
    code, why = error.get("code"), error.get("why", "no")
    if error.get("exists"):
        return Unknown(why, code, exists=True)
    if "wait" in error:
        return Deferred(
            code,
            why,
            retry_after_s=error.get("seconds"),
            spends_attempt=error.get("spends", False),
            scope=DeferralScope(error["wait"]),
        )
    return Refused(code, why, blames_account=code in ("money", "key"))
