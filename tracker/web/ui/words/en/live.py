"""Words of what is live."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "live.live": "live",
    "live.every": "every 10 s",
    "live.paused": "paused",
    "live.lost": "not live since",
    "live.pause": "Pause",
    "live.resume": "Resume",
}
