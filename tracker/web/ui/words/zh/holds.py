"""保留页面的文字。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "holds.title": "保留",
    "holds.what": "被保留的内容在保存期限结束后不会被删除。",
    "holds.until": "保留没有期限：直到有人解除为止。",
    "holds.none": "没有保留：超过保存期限的内容会被删除。",
    "holds.what-is-held": "保留对象",
    "holds.all": "全部任务和文件",
    "holds.task": "任务",
    "holds.reason": "原因",
    "holds.since": "开始时间",
    "holds.by": "操作者",
    "holds.add": "保留",
    "holds.add-all": "保留全部任务和文件",
    "holds.remove": "解除",
    "holds.ask": "保留 {name}？",
    "holds.ask.why": "无论保存期限如何，该任务及其证据和文件都会保留。",
    "holds.ask.all": "保留全部任务和文件？",
    "holds.ask.all.why": "本租户的内容将不再被删除，数据库会持续增长。",
    "holds.ask.remove": "解除此保留？",
    "holds.ask.remove.why": "它所保留的内容若已过期且没有其他保留，将在一天内被删除，且无法恢复。",
    "holds.held": "保留中，始于",
    "holds.held-all": "全部任务保留中，始于",
    "done.held": "已保留。",
    "done.released": "保留已解除。",
}
