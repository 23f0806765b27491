"""Words of the page that finds ids."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "find.title": "Find",
    "find.what": "Id, address or text",
    "find.button": "Find",
    "find.none": "Nothing of yours has such an id. Ids are found whole, not by their beginning.",
    "find.several": ("{n} hit", "{n} hits"),
    "find.delivery": "Delivery",
    "find.help": (
        "Takes the id of a task, its external id, the provider's id, the id of a delivery or "
        "an endpoint, a receipt as r120, or an address or a text that holds one."
    ),
}
