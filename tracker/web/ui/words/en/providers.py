"""Words of the page of provider accounts."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "providers.title": "Provider accounts",
    "providers.span": "Time that the figures are of",
    "providers.days": ("24 h", "{n} days"),
    "providers.not-operator": "Provider accounts belong to the operator of this service: your key"
    " does not see them.",
    "providers.none": "No provider account is set.",
    "providers.status.ok": "ok",
    "providers.status.troubled": "in trouble",
    "providers.no-credentials": "It has no credentials: the provider will refuse every task.",
    "providers.slots": "At the provider",
    "providers.no-limit": "no limit is set here",
    "providers.queue": "Waiting",
    "providers.oldest": "the oldest for {age}",
    "providers.submit": "Last submit",
    "providers.callbacks": "Callbacks",
    "providers.accepted": "last accepted {age} ago",
    "providers.none-lately": "none accepted lately",
    "providers.refused": "last odd: {verdict}, {age} ago",
    "providers.quiet": "nothing ended",
    "providers.table": "The same as a table",
    "providers.from": "From",
    "providers.past": ("{n} trouble that is over", "{n} troubles that are over"),
    "providers.words": "Status words nobody knows:",
    "providers.receipts": "their callbacks",
    "providers.submits": "Latest submits",
    "providers.probe": "Ask one harmless query",
    "done.probe.ok": "{account}: {text}",
    "done.probe.note": "{account}: {text}",
    "done.probe.error": "{account} does not work: {text}",
}
