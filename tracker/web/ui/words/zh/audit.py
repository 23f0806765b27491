"""审计页面的文字。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "audit.title": "审计：谁做了什么",
    "audit.action": "操作",
    "audit.target": "对象",
    "audit.at": "时间",
    "audit.actor": "操作者",
    "audit.number": "数量",
    "audit.filter": "所有符合条件的",
    "audit.command": "命令行",
    "audit.none": "没有符合条件的人工操作。提交不在此列：每个任务记有其密钥。",
}
