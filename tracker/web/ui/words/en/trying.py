"""Words of the playground."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "try.title": "Try an operation",
    "try.none": "No provider account is set, so that nothing can be submitted.",
    "try.operation": "Operation",
    "try.choose": "Choose",
    "try.check": "Check",
    "try.submit": "Submit",
    "try.required": "required",
    "try.default": "default: {value}",
    "try.row": "One more row",
    "try.rest": "Other fields",
    "try.account": "Account",
    "try.any-account": "any that serves it",
    "try.scenario": "Scenario",
    "try.no-scenario": "none",
    "try.scenario.why": "The account's address is an emulator: it plays this for the task.",
    "try.costs": "Submitting makes a real task at the provider, which may bill it. Checking "
    "sends nothing.",
    "try.emulator": "The account's address is an emulator: submitting costs nothing. Checking "
    "sends nothing.",
    "try.request": "The same request",
    "try.fine": "It would be taken in. Nothing was sent.",
    "try.wrong": ("{n} field is wrong:", "{n} fields are wrong:"),
}
