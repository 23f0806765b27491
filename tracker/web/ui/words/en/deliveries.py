"""Words of the pages of deliveries."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "deliveries.failing": "failing",
    "deliveries.time": "Time",
    "deliveries.endpoint": "Endpoint",
    "deliveries.endpoint-part": "part of its address",
    "deliveries.which": "Deliveries of which endpoint?",
    "deliveries.several": "Several endpoints have “{part}” in their address:",
    "deliveries.no-such-endpoint": "No endpoint has “{part}” in its address.",
    "deliveries.any-endpoint": "Deliveries of all endpoints",
    "deliveries.redeliver-ticked": "Redeliver the ticked ones",
    "deliveries.redeliver-all": "Redeliver all that match",
    "deliveries.made": "Made",
    "deliveries.last": "Last attempt",
    "deliveries.late": "no worker has taken it, due at",
    "deliveries.next": "next",
    "deliveries.stopped": "waits until its endpoint is resumed",
    "deliveries.none-fit": "No delivery fits the filter.",
    "deliveries.none": (
        "Nothing was owed to anybody yet: no endpoint wants events, and no task came with a "
        "webhook URL."
    ),
    "deliveries.ended": "Ended",
    "deliveries.next-attempt": "Next attempt",
    "deliveries.attempts": "Attempts",
    "deliveries.no-attempts": "Nothing was sent yet.",
    "deliveries.answer": "Beginning of the answer",
    "deliveries.body": "The body that is signed",
    "action.redeliver": "Redeliver",
    "ask.redeliver": ("Redeliver {n} delivery?", "Redeliver {n} deliveries?"),
    "ask.redeliver.why": (
        "Each is sent once more, with the same id and bytes. Receivers that keep to the "
        "webhook-id take it for the same. What is made from now on is not caught."
    ),
    "ask.some": "Some of them",
    "done.redeliver": ("{n} delivery is owed once more.", "{n} deliveries are owed once more."),
}
