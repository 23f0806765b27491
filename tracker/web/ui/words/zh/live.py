"""实时更新的用语。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "live.live": "实时",
    "live.every": "每 10 秒更新",
    "live.paused": "已暂停",
    "live.lost": "实时更新中断于",
    "live.pause": "暂停",
    "live.resume": "继续",
}
