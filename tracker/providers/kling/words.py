"""Status words of Kling and of the gateways in front of it."""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.domain.task import TaskState

S = TaskState
WORDS: Mapping[str, TaskState] = MappingProxyType(
    {
        **dict.fromkeys(
            ("submitted", "pending", "queued", "staged", "initializing", "not_start"), S.SUBMITTED
        ),
        # docs.kie.ai/cn/market/common/get-task-detail, read 2026-11-28.
        **dict.fromkeys(("waiting", "queuing"), S.SUBMITTED),
        # cloud.baidu.com/doc/qianfan-api/s/7ml0o183p, of 2026-01-30.
        **dict.fromkeys(("created", "queueing"), S.SUBMITTED),
        # cloud.tencent.com/document/api/1616/130573 (Kling there), read 2026-11-29: WAIT, RUN,
        # FAIL, DONE; tencentcloud.com/document/api/1041/82059, of 2026-08-14: FINISHED, STOP.
        "wait": S.SUBMITTED,
        "run": S.RUNNING,
        "finished": S.SUCCEEDED,
        "stop": S.FAILED,
        # docs.higgsfield.ai/docs/concepts/requests.md, read 2026-11-29: terminal, by moderation.
        "nsfw": S.FAILED,
        **dict.fromkeys(("processing", "running", "in_progress"), S.RUNNING),
        "generating": S.RUNNING,  # docs.kie.ai, the page above
        **dict.fromkeys(
            ("succeed", "succeeded", "success", "completed", "complete", "done"), S.SUCCEEDED
        ),
        **dict.fromkeys(("failed", "failure", "fail", "error"), S.FAILED),
        # maxapi, "Callbacks": terminal are SUCCESS, FAILURE, TIMEOUT, CANCELLED (2026-02); the
        # other spellings are those of its clients.
        **dict.fromkeys(("timeout", "timed_out", "timedout", "time_out"), S.FAILED),
        # openrouter.ai/docs/client-sdks/python/components/videogenerationresponsestatus.md, read
        # 2026-11-28; github.com/vercel/ai/pull/20561, 2026-09-09; and
        # github.com/ArcReel/ArcReel/pull/1889, 2026-08-14.
        "expired": S.FAILED,
        "aborted": S.FAILED,  # replicate.com/docs/topics/predictions/lifecycle, read 2026-11-28
        # Of relays that moderate themselves (seen 2026-08): such a task was refused for good.
        **dict.fromkeys(("rejected", "refused"), S.FAILED),
        **dict.fromkeys(("cancelled", "canceled"), S.CANCELLED),
    }
)
"""In lower case. A word that is not here neither finishes nor fails a task."""
_PREFIX = "task_status_"
"""Of the words of novita.ai/docs/api-reference/model-apis-task-result, read 2026-11-29."""


def find_state(word: str) -> TaskState | None:
    """Return the state that a word means; None when no gateway documents it."""
    plain = word.strip().lower()
    if found := WORDS.get(plain):
        return found
    return WORDS.get(plain.replace("-", "_").replace(" ", "_").removeprefix(_PREFIX))
