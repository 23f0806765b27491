"""Words of the pages of odd callbacks."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "callbacks.title": "Odd callbacks",
    "callbacks.what": (
        "Callbacks and answers that moved no task and may need a person. A "
        "callback that moved a task stands on the task's page."
    ),
    "callbacks.verdict": "Verdict",
    "callbacks.shown": "Show",
    "callbacks.all": "all",
    "callbacks.dismissed.false": "not dismissed",
    "callbacks.dismissed.true": "dismissed",
    "callbacks.dismiss-ticked": "Dismiss the ticked ones",
    "callbacks.receipt": "Receipt",
    "callbacks.came": "Came",
    "callbacks.reason": "Why",
    "callbacks.task": "Task",
    "callbacks.size": "Size",
    "callbacks.settled": "Settled",
    "callbacks.pick": "Tick {name}",
    "callbacks.dismissed-by": "dismissed by {actor}",
    "callbacks.none": "No callback is odd here: none came, or none fits the filter.",
    "callbacks.attach-to": "Belongs to the task",
    "callbacks.any-id": "any id of the task",
    "callbacks.cut": "Of its {size} only the first {kept} are kept: it can be neither judged again nor"
    " attached.",
    "callbacks.compared": "What was compared",
    "callbacks.says": "The callback says",
    "callbacks.task-has": "The task has",
    "callbacks.unread": "Nothing in it can be read:",
    "callbacks.no-task": "It belongs to no task, so there is nothing to compare with.",
    "callbacks.signature": "Signature, by the secret of {account}:",
    "callbacks.genuine": "genuine",
    "callbacks.headers": "Headers",
    "callbacks.body": "Body",
    "compared.provider_task_id": "Provider's id",
    "compared.external_task_id": "External id",
    "compared.word": "Provider's word",
    "compared.state": "State",
    "compared.no-state": "a word that nobody knows",
    "compared.differs": "differ",
    "compared.same": "the same",
    "verdict.advanced.why": "It moved its task.",
    "verdict.duplicate.why": "It says what was known already.",
    "verdict.stale.why": "It says what was true earlier.",
    "verdict.conflict.why": (
        "It contradicts the verdict that its task has. The first verdict stands."
    ),
    "verdict.unknown_status.why": (
        "Its status word means nothing to this release, so it moved nothing."
    ),
    "verdict.unconfirmed.why": (
        "It brings a verdict that the provider is asked about before it counts."
    ),
    "verdict.forged.why": (
        "It came to no address of yours, or its signature is wrong. It was applied to nothing."
    ),
    "verdict.malformed.why": "It came to a genuine address and cannot be read.",
    "verdict.mismatch.why": "Its ids belong to different tasks, so it was applied to none.",
    "verdict.unknown_task.why": "Attach it to the task that it belongs to, or dismiss it.",
    "action.replay": "Judge again",
    "action.attach": "Attach",
    "ask.dismiss": ("Dismiss {n} callback?", "Dismiss {n} callbacks?"),
    "ask.dismiss.why": "Attention does not show them any more. They stay listed under Callbacks, with"
    " who dismissed them.",
    "ask.replay": "Judge {name} again?",
    "ask.replay.why": (
        "Today's rules and adapters read it as if it came now. No verdict is overwritten."
    ),
    "ask.attach": "Attach {name} to {task}?",
    "ask.attach.why": (
        "You answer for where it comes from. What it does to the task, the rules decide; "
        "history and audit name you."
    ),
    "ask.rejudge.verdict": "Verdict:",
    "ask.rejudge.from": "now",
    "ask.rejudge.nothing": "Nothing would move.",
    "done.judged": ("{name} moved its task.", "{name} moved {n} tasks."),
    "done.judged.nothing": "{name} was read again, and moved nothing.",
}
