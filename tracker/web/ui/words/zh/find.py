"""Words of the page that finds ids."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "find.title": "查找",
    "find.what": "ID、地址或文本",
    "find.button": "查找",
    "find.none": "你没有任何对象具有这样的 ID。ID 须完整，不能只给开头。",
    "find.several": ("{n} 个结果", "{n} 个结果"),
    "find.delivery": "投递",
    "find.help": (
        "可输入任务 ID、外部 ID、服务商 ID、投递或端点的 ID、形如 r120 的回执，或包含它们的地"
        "址或文本。"
    ),
}
