"""Words of the page of the installation."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "system.title": "System",
    "system.not-operator": "Processes and work belong to the operator of this service.",
    "system.findings": "What was looked at",
    "system.wrong": "wrong",
    "system.fine": "fine",
    "system.doctor": "The settings, the accounts and the way of callbacks are examined on the "
    "service's machine: `tracker doctor`",
    "system.is.schema": "The database does not have the schema that this version was made for: "
    "run tracker migrate.",
    "system.is.schema.ok": "The database has the schema of this version.",
    "system.is.worker": "No process does the background work: tasks wait."
    " Start tracker worker, or tracker serve without --no-worker.",
    "system.is.worker.ok": "The background work is done.",
    "system.is.due": (
        "{n} piece of work is due for more than a minute.",
        "{n} pieces of work are due for more than a minute.",
    ),
    "system.is.due.ok": "No work is late.",
    "system.is.waiting": (
        "{n} task waits until its account has a free slot.",
        "{n} tasks wait until their account has a free slot.",
    ),
    "system.is.feed": ("Statistics lag {n} change behind.", "Statistics lag {n} changes behind."),
    "system.is.feed.ok": "Statistics keep up with the feed.",
    "system.is.clock": "The clock of a process is off by more than 2 s.",
    "system.is.clock.ok": "Clocks agree.",
    "system.version": "Version",
    "system.schema": "Schema",
    "system.wanted": "(wanted: {schema})",
    "system.feed-head": "Changes so far",
    "system.feed-lag": "Changes not counted yet",
    "system.processes": "Processes",
    "system.process": "Process",
    "system.works": "Background work",
    "system.seen": "Last heard of",
    "system.ms": "{n} ms",
    "system.ahead": "Clock ahead",
    "system.yes": "yes",
    "system.no": "no",
    "system.due": "Due work that nobody has taken",
    "system.kind": "Kind",
    "system.count": "How much",
    "system.oldest": "Oldest due",
    "system.kind.submit": "submits",
    "system.kind.reconcile": "polls of providers",
    "system.kind.fetch": "files of results",
}
