"""试用页面的文字。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "try.title": "试用操作",
    "try.none": "尚未设置服务商账号，无法提交。",
    "try.operation": "操作",
    "try.choose": "选择",
    "try.check": "校验",
    "try.submit": "提交",
    "try.required": "必填",
    "try.default": "默认：{value}",
    "try.row": "添加一行",
    "try.rest": "其他字段",
    "try.account": "账号",
    "try.any-account": "任一可用账号",
    "try.scenario": "场景",
    "try.no-scenario": "无",
    "try.scenario.why": "该账号的地址是模拟器：它会为此任务演示该场景。",
    "try.costs": "提交会在服务商处创建真实任务，可能产生费用。校验不会发送任何内容。",
    "try.emulator": "该账号的地址是模拟器：提交不产生费用。校验不会发送任何内容。",
    "try.request": "相同的请求",
    "try.fine": "可以提交。尚未发送任何内容。",
    "try.wrong": ("{n} 个字段有误：", "{n} 个字段有误："),
}
