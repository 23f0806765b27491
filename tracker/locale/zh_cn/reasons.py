"""Reasons that are kept in the database: of receipts, endpoints, deliveries and conditions."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Receipts
        "the token is not ours": "令牌不是我们的",
        "no task of ours has these ids": "我们没有具有这些 ID 的任务",
        "no task has this id any more": "已没有具有该 ID 的任务",
        "several accounts have a task of this name": "多个账号都有同名任务",
        "its two ids are of two different tasks": "其中的两个 ID 属于两个不同的任务",
        "that task has another external id": "该任务的外部 ID 不同",
        "the URL is this task's, the body's external id is {}": (
            "URL 属于该任务，正文中的外部 ID 却是 {0}"
        ),
        "the body's task id {} is another task's": "正文中的任务 ID {0} 属于另一个任务",
        "the status word {} is unknown": "未知的状态词 {0}",
        "it names no task": "没有指明任务",
        "{} (attached by {}; it was {})": "{0:t}（由 {1} 归属；此前为 {2}）",
        "{} (replayed by {}; it was {})": "{0:t}（由 {1} 重新判定；此前为 {2}）",
        "attached by {}; it was {}": "由 {0} 归属；此前为 {1}",
        "replayed by {}; it was {}": "由 {0} 重新判定；此前为 {1}",
        # Endpoints and deliveries
        "paused by an operator": "由操作员暂停",
        "it answered 410 Gone": "它应答了 410 Gone",
        "nothing but failures since {} UTC": "自 {0} UTC 起全部失败",
        "being deleted": "正在删除",
        "nothing that matches has somewhere to go": "符合条件的都没有可投递的去处",
        # Conditions
        "its tasks are neither sent nor asked about: the configuration has no such account. Put it"
        " back, or cancel what is queued; the rest ends by its callbacks or expires": (
            "它的任务既不发送也不询问：配置中没有这个账号。请恢复该账号，或取消排队中的任务；"
            "其余任务由回调结束或过期"
        ),
        "no process does the background work: nothing is submitted, asked for or delivered. Start"
        " `tracker worker`, or `tracker serve` without --no-worker": (
            "没有进程在做后台工作：不会提交、询问或投递。请启动 `tracker worker`，"
            "或不带 --no-worker 启动 `tracker serve`"
        ),
        "processes on this database have different callback secrets: each refuses callbacks and"
        " cannot sign deliveries of the other. Give all of them the same TRACKER_CALLBACK_SECRETS": (
            "使用同一数据库的进程具有不同的回调密钥：彼此拒绝对方的回调，也无法为对方的投递签名。"
            "请为所有进程设置相同的 TRACKER_CALLBACK_SECRETS"
        ),
    }
)
