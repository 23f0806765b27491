"""Words of questions before actions, and of what is said after them."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "action.needs": "needs {scope}",
    "action.refresh": "Refresh",
    "action.cancel": "Cancel",
    "action.resubmit": "Resubmit",
    "action.resolve": "Resolve",
    "action.dismiss": "Dismiss",
    "ask.leave": "Leave it",
    "ask.none": "Nothing is ticked",
    "ask.none.why": "Tick what is meant in the list first.",
    "done.none.error": "Nothing is ticked: tick what is meant first.",
    "ask.more": ("and {n} more", "and {n} more"),
    "ask.type": (
        "Type {n} to confirm",
        "These are more than ten: type {n}, their number, to confirm",
    ),
    "ask.left": ("{n} stays as it is:", "{n} stay as they are:"),
    "ask.refresh": ("Refresh {n} task?", "Refresh {n} tasks?"),
    "ask.refresh.why": "The provider is asked about each of them.",
    "ask.cancel": ("Cancel {n} task?", "Cancel {n} tasks?"),
    "ask.cancel.why": "What was not sent is cancelled at once. Of what the provider has, it is"
    " asked to cancel it, and its word ends the task. What it did until then may be billed.",
    "ask.resubmit": ("Submit {n} task again?", "Submit {n} tasks again?"),
    "ask.resubmit.why": "Each makes a new task with the same input, which the provider bills"
    " again. The old one stays as it is.",
    "ask.resolve": "What became of {name}?",
    "ask.resolve.why": "It was sent, and no answer told whether the provider made it. Look at the"
    " provider's own site or at its bill, and say what you found.",
    "ask.resolve.found": "What you found",
    "ask.resolve.exists": "The provider has it",
    "ask.resolve.id": "Its id there",
    "ask.resolve.never-made": "It was never made: send it again",
    "ask.resolve.give-up": "Nobody can tell: it expires here, and may have been billed",
    "done.resolve": "It is resolved.",
    "done.refresh": (
        "The provider is being asked about {n} task.",
        "The providers are being asked about {n} tasks.",
    ),
    "done.refresh.some": (
        "Asking about {n} task; left as they are: {refused}, because {why}.",
        "Asking about {n} tasks; left as they are: {refused}, because {why}.",
    ),
    "done.refresh.ended": "It has ended: its provider is not asked again.",
    "done.cancel": ("{n} task is cancelled.", "{n} tasks are cancelled, or will be."),
    "done.cancel.asked": "The provider is being asked to cancel it.",
    "done.cancel.some": (
        "{n} task is cancelled, or will be; left as they are: {refused}, because {why}.",
        "{n} tasks are cancelled, or will be; left as they are: {refused}, because {why}.",
    ),
    "done.resubmit": ("Submitted again: this is the new task.", "{n} tasks are submitted again."),
    "done.resubmit.some": (
        "{n} task is submitted again; left as they are: {refused}, because {why}.",
        "{n} tasks are submitted again; left as they are: {refused}, because {why}.",
    ),
    "done.dismissed": ("Dismissed.", "{n} dismissed."),
}
