"""Words of the page that signs in."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "sign-in.title": "Sign in",
    "sign-in.key": "API key",
    "sign-in.help": "It is sent once. Pages show what this key may see.",
    "sign-in.button": "Sign in",
    "sign-in.session": "You stay signed in for 12 hours, or until 2 hours pass without a page.",
    "sign-in.wrong": "No key like this lets anybody in: it does not exist, or it was revoked. A key"
    " begins with trk_; access keys and secret keys of a pair do not sign in here.",
    "sign-in.too-many": (
        "Too many wrong keys came from your address. Try again in {n} second.",
        "Too many wrong keys came from your address. Try again in {n} seconds.",
    ),
    "sign-in.open": "This service asks programs on its own machine for no key, because nobody has"
    " made one yet. You need not sign in.",
    "sign-in.go": "Go to the dashboard",
    "sign-in.plain": "This page came over plain HTTP: whoever can listen on the way can read the"
    " key. Use HTTPS, or a tunnel to the machine.",
    "sign-in.no-keys": "There is no key yet. Make one on the machine of the service:",
    "sign-in.ended": "You are signed out",
    "sign-in.ended.why": "Nothing was done. Sign in, which opens another tab, then reload this page:"
    " the browser sends the form once more.",
    "sign-in.out": "Sign out",
}
