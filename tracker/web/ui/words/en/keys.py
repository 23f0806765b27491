"""Words of the pages of API keys."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "keys.title": "API keys",
    "keys.none": "No key was made yet: the service answers programs on its own machine without "
    "one. With the first key it asks everybody.",
    "keys.name": "Name",
    "keys.hint": "Begins with",
    "keys.scopes": "Scopes",
    "keys.rate": "A minute",
    "keys.made": "Made",
    "keys.used": "Last used",
    "keys.state": "State",
    "keys.pair": "(pair)",
    "keys.never": "never",
    "keys.revoked": "revoked",
    "keys.revoke": "Revoke",
    "keys.revoke.title": "Revoke the key {name}?",
    "keys.revoke.why": "Every process refuses it within seconds, and whoever signed in with it "
    "is signed out. This cannot be undone.",
    "keys.make": "Make a key",
    "keys.make.why": "It is shown once: only its hash is kept.",
    "keys.scope.tasks-read": "look at everything of this tenant",
    "keys.scope.tasks-write": "submit and act",
    "keys.scope.admin": "endpoints, holds, keys, audit, system",
    "keys.per-minute": "Requests a minute (empty: the limit of the service)",
    "keys.kind": "Kind",
    "keys.kind.key": "a key that is sent as it is",
    "keys.kind.pair": "an access key and a secret key, for clients that sign JWTs",
    "keys.new": "The new key",
    "keys.once": "Copy it now: it is not shown again.",
    "keys.access-key": "Access key",
    "keys.secret-key": "Secret key",
    "keys.key": "Key",
    "keys.kept": "I have kept it",
    "done.key-revoked": "The key {name} is revoked.",
}
