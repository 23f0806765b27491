"""结果预览的文字。"""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "media.task": "返回任务",
    "media.open": "在服务商处打开",
    "media.failed": "无法在此显示：查看原因",
    "media.nothing": "没有文件",
    "media.nothing.why": "这一部分结果没有浏览器可打开的地址。",
    "media.gone": "服务商处已不存在",
    "media.gone.why": "该文件的地址已过期，这里也没有留存副本。",
    "media.forbidden": "未打开",
    "media.forbidden.why": "它的地址指向本服务不允许访问的网络。",
    "media.type": "不在此显示",
    "media.type.why": "它不属于可显示的媒体类型，或内容与声明的类型不符。",
    "media.large": "太大，无法显示",
    "media.large.why": "超过 512 MiB 的文件不予转发。",
    "media.busy": "正在显示其他文件",
    "media.busy.why": "本进程同时只转发四个文件：请稍后再试。",
    "media.unreachable": "暂时无法取得",
    "media.unreachable.why": "服务商没有给出该文件。",
    "action.fetch": "重新获取",
    "done.fetch": "正在重新获取该文件。",
}
