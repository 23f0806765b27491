"""Words of the page of the audit."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "audit.title": "Audit: who did what",
    "audit.action": "Action",
    "audit.target": "Object",
    "audit.at": "When",
    "audit.actor": "Who",
    "audit.number": "How many",
    "audit.filter": "whatever matched",
    "audit.command": "a command",
    "audit.none": "No action of a person matches. Submissions are not listed here: each task "
    "names its key.",
}
