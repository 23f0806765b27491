"""服务商账号页面的文字。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "providers.title": "服务商账号",
    "providers.span": "统计时段",
    "providers.days": ("24 小时", "{n} 天"),
    "providers.not-operator": "服务商账号属于本服务的运营者：你的密钥看不到它们。",
    "providers.none": "尚未设置服务商账号。",
    "providers.status.ok": "正常",
    "providers.status.troubled": "异常",
    "providers.no-credentials": "没有凭证：服务商会拒绝所有任务。",
    "providers.slots": "占用名额",
    "providers.no-limit": "这里未设上限",
    "providers.queue": "排队",
    "providers.oldest": "最早的已等 {age}",
    "providers.submit": "最近提交",
    "providers.callbacks": "回调",
    "providers.accepted": "最近一次接受在 {age}前",
    "providers.none-lately": "近期没有接受过",
    "providers.refused": "最近一次异常：{verdict}，{age}前",
    "providers.quiet": "没有任务结束",
    "providers.table": "以表格显示",
    "providers.from": "起始",
    "providers.past": ("{n} 个已结束的异常", "{n} 个已结束的异常"),
    "providers.words": "未知状态词：",
    "providers.receipts": "相关回调",
    "providers.submits": "最近的提交",
    "providers.probe": "发送一次无害查询",
    "done.probe.ok": "{account}：{text}",
    "done.probe.note": "{account}：{text}",
    "done.probe.error": "{account} 无法使用：{text}",
}
