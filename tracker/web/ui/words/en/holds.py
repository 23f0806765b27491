"""Words of the page of holds."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "holds.title": "Holds",
    "holds.what": "What is held is not dropped when its time of retention is over.",
    "holds.until": "A hold has no end of its own: it stands until somebody releases it.",
    "holds.none": "Nothing is held: retention drops what is older than its settings say.",
    "holds.what-is-held": "What is held",
    "holds.all": "all tasks and files",
    "holds.task": "A task",
    "holds.reason": "Why",
    "holds.since": "Since",
    "holds.by": "By",
    "holds.add": "Hold",
    "holds.add-all": "Hold all tasks and files",
    "holds.remove": "Release",
    "holds.ask": "Hold {name}?",
    "holds.ask.why": "The task, its evidence and its files are kept whatever retention says.",
    "holds.ask.all": "Hold all tasks and files?",
    "holds.ask.all.why": "Nothing of this tenant is dropped any more, and the database grows.",
    "holds.ask.remove": "Release this hold?",
    "holds.ask.remove.why": "What it kept is dropped within a day where its time is over and no"
    " other hold keeps it. That cannot be undone.",
    "holds.held": "Held since",
    "holds.held-all": "All tasks are held since",
    "done.held": "It is held.",
    "done.released": "The hold is released.",
}
