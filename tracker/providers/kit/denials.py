"""Failures that are none: the answer's reason is that there is no such task, or no right to ask.

A relay that asked its upstream too soon passes "task not found" on as a task that failed,
some answer a refused key with HTTP 200 and the word `error`. Neither says that work has ended.
"""

import re
from dataclasses import replace

from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Observed, PollOutcome, Unanswered
from tracker.domain.task import TaskState

_NO_TASK = re.compile(
    r"(?:error:? )?(?:no such (?:task|generation|prediction|job)|"
    r"(?:the |this )?(?:task|generation|prediction|job)(?: id)? (?:is |was |does |could |has )?"
    r"(?:not|no)(?: be| been)? (?:found|exists?|existed)|(?:该)?任务(?:不存在|未找到))",
    re.IGNORECASE,
)
_NO_RIGHT = re.compile(
    r"(?:error:? )?(?:unauthori[sz]ed|(?:authentication|authorization) (?:failed|required|error)|"
    r"(?:invalid|incorrect|wrong|missing|expired) (?:api ?key|access ?token|token|credentials)"
    r"(?: provided)?|无效的(?:令牌|密钥)|(?:鉴权|认证)失败)",
    re.IGNORECASE,
)


def drop_denial(outcome: PollOutcome) -> PollOutcome:
    """Return a poll's outcome, or what it is where its failure tells of the question alone.

    The reason counts as a whole: one that names another thing, such as a picture, is a failure's.
    Such a denial is weak: it is never a reason to send a task again.
    """
    if not isinstance(outcome, Observed):
        return outcome
    said = outcome.observation
    if said.state is not TaskState.FAILED or said.error is None or _has_result(said):
        return outcome
    reason = said.error.message
    if _NO_TASK.fullmatch(_normalise_reason(reason)):
        return Absent(reason, weak=True)
    return Unanswered(reason) if _NO_RIGHT.fullmatch(_normalise_reason(reason)) else outcome


def doubt_denial(said: Observation) -> Observation:
    """Return what a callback tells, its failure in doubt where it tells of the question alone.

    Nobody asked, so that it cannot be no answer: the provider is asked on.
    """
    if said.state is not TaskState.FAILED or said.error is None or said.error.doubtful:
        return said
    outcome = drop_denial(Observed(said))
    if isinstance(outcome, Observed):
        return said
    return replace(said, error=replace(said.error, doubtful=True))


def _has_result(said: Observation) -> bool:
    return any(piece.url is not None for piece in said.artifacts)


def _normalise_reason(reason: str) -> str:
    return " ".join(re.split(r"[\s_-]+", reason[:200])).strip(" .!。！")
