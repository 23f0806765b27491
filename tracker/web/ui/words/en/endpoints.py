"""Words of the pages of endpoints."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "endpoints.title": "Endpoints",
    "endpoints.none": "There is no endpoint, so that nobody is told of anything.",
    "endpoints.since": "since",
    "endpoints.accepted": "{share} % accepted",
    "endpoints.answered": "answer time p95",
    "endpoints.last-failure": "last failure",
    "endpoints.owed": ("deliveries owed: {n}", "deliveries owed: {n}"),
    "endpoints.redeliver-missed": "Redeliver missed",
    "endpoints.about": "What it is told",
    "endpoints.description": "Description",
    "endpoints.events": "Events",
    "endpoints.all": "all",
    "endpoints.payload": "Payload",
    "endpoints.payload.thin": "thin: which task, and where it stands",
    "endpoints.payload.full": "full: the task as the API shows it",
    "endpoints.order": "Order",
    "endpoints.ordered": "a task's later change waits for its earlier one",
    "endpoints.unordered": "as they come",
    "endpoints.old-secret": "The old secret signs until",
    "endpoints.new-secret": "The new secret",
    "endpoints.secret-once": (
        "It is shown this once and nowhere else: put it into the receiver now."
    ),
    "endpoints.secret": "Secret",
    "endpoints.kept-it": "I have kept it",
    "endpoint.state.active": "active",
    "endpoint.state.paused": "paused",
    "endpoint.state.disabled": "disabled",
    "endpoint.state.deleted": "deleted",
    "action.test": "Test",
    "action.pause": "Pause",
    "action.resume": "Resume",
    "action.change-url": "Change the address",
    "action.drop": "Drop the backlog",
    "action.rotate": "Rotate the secret",
    "action.delete": "Delete",
    "ask.endpoint.change": "Where is this endpoint now?",
    "ask.endpoint.change.why": (
        "From now on everything goes to the new address, also what is owed already. Secret and"
        " filters stay as they are."
    ),
    "ask.endpoint.change.stopped": "It gets nothing before it is resumed.",
    "ask.endpoint.new-url": "New address",
    "ask.endpoint.resend": "Send what it is owed at once, and not when its next attempt is due",
    "ask.endpoint.pause": "Pause this endpoint?",
    "ask.endpoint.pause.why": (
        "Nothing is sent to it until it is resumed. What happens is kept for it."
    ),
    "ask.endpoint.resume": "Resume this endpoint?",
    "ask.endpoint.resume.why": (
        "What it is owed is sent, the oldest first. Drop the backlog before, if that is unwanted."
    ),
    "ask.endpoint.drop": "Drop what this endpoint is owed?",
    "ask.endpoint.drop.why": "The deliveries stay listed as cancelled and can be redelivered.",
    "ask.endpoint.delete": "Delete this endpoint?",
    "ask.endpoint.delete.why": (
        "What it is owed is cancelled. Its deliveries stay listed; the endpoint does not come back."
    ),
    "ask.endpoint.rotate": "Give this endpoint a new secret?",
    "ask.endpoint.rotate.why": "The new one is shown once, on the next page.",
    "ask.endpoint.owed": ("It is owed {n} delivery now.", "It is owed {n} deliveries now."),
    "ask.endpoint.overlap": "The old secret signs beside it for",
    "ask.endpoint.no-overlap": "no time: it became known to others",
    "done.endpoint.test": "A test is on its way: this is its delivery.",
    "done.endpoint.change": "Its address is changed. Test shows whether it answers.",
    "done.endpoint.change-sent": (
        "Its address is changed; {n} delivery goes there first.",
        "Its address is changed; {n} deliveries go there first.",
    ),
    "done.endpoint.pause": "Paused.",
    "done.endpoint.resume": "Resumed.",
    "done.endpoint.drop": ("{n} delivery is dropped.", "{n} deliveries are dropped."),
    "done.endpoint.delete": "Deleted.",
}
