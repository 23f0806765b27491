"""Words of questions before actions, and of what is said after them."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "action.needs": "需要 {scope}",
    "action.refresh": "刷新",
    "action.cancel": "取消任务",
    "action.resubmit": "重新提交",
    "action.resolve": "人工裁定",
    "action.dismiss": "忽略",
    "ask.leave": "返回",
    "ask.none": "尚未勾选",
    "ask.none.why": "请先在列表中勾选对象。",
    "done.none.error": "尚未勾选：请先勾选对象。",
    "ask.more": ("另有 {n} 个", "另有 {n} 个"),
    "ask.type": ("请输入 {n} 以确认", "超过十个：请输入数量 {n} 以确认"),
    "ask.left": ("{n} 个保持不变：", "{n} 个保持不变："),
    "ask.refresh": ("刷新 {n} 个任务？", "刷新 {n} 个任务？"),
    "ask.refresh.why": "将逐个询问服务商。",
    "ask.cancel": ("取消 {n} 个任务？", "取消 {n} 个任务？"),
    "ask.cancel.why": "尚未发送的会立即取消；已在服务商处的会请求其取消，以其答复为准。"
    "此前已完成的部分可能计费。",
    "ask.resubmit": ("重新提交 {n} 个任务？", "重新提交 {n} 个任务？"),
    "ask.resubmit.why": "每个任务都会以相同的输入新建一个任务，服务商会再次计费；原任务保持不变。",
    "ask.resolve": "{name} 的结果如何？",
    "ask.resolve.why": "请求已发出，但没有收到说明服务商是否已创建任务的答复。"
    "请在服务商的网站或账单中核实，再选择结果。",
    "ask.resolve.found": "核实结果",
    "ask.resolve.exists": "服务商已有该任务",
    "ask.resolve.id": "服务商处的任务 ID",
    "ask.resolve.never-made": "从未创建：重新发送",
    "ask.resolve.give-up": "无法确认：任务在此结束，可能已计费",
    "done.resolve": "已裁定。",
    "done.refresh": ("正在向服务商询问 {n} 个任务。", "正在向服务商询问 {n} 个任务。"),
    "done.refresh.some": (
        "正在询问 {n} 个任务；{refused} 个保持不变（{why}）。",
        "正在询问 {n} 个任务；{refused} 个保持不变（{why}）。",
    ),
    "done.refresh.ended": "任务已结束，不再查询服务商。",
    "done.cancel": ("{n} 个任务已取消。", "{n} 个任务已取消或即将取消。"),
    "done.cancel.asked": "正在请求服务商取消该任务。",
    "done.cancel.some": (
        "{n} 个任务已取消或即将取消；{refused} 个保持不变（{why}）。",
        "{n} 个任务已取消或即将取消；{refused} 个保持不变（{why}）。",
    ),
    "done.resubmit": ("已重新提交，这是新的任务。", "{n} 个任务已重新提交。"),
    "done.resubmit.some": (
        "{n} 个任务已重新提交；{refused} 个保持不变（{why}）。",
        "{n} 个任务已重新提交；{refused} 个保持不变（{why}）。",
    ),
    "done.dismissed": ("已忽略。", "已忽略 {n} 个。"),
}
