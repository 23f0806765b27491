"""Words of the pages of deliveries."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "deliveries.failing": "正在失败",
    "deliveries.time": "时间",
    "deliveries.endpoint": "端点",
    "deliveries.endpoint-part": "地址的一部分",
    "deliveries.which": "哪个端点的投递？",
    "deliveries.several": "有多个端点的地址含有“{part}”：",
    "deliveries.no-such-endpoint": "没有端点的地址含有“{part}”。",
    "deliveries.any-endpoint": "全部端点的投递",
    "deliveries.redeliver-ticked": "重新投递勾选的",
    "deliveries.redeliver-all": "重新投递全部符合条件的",
    "deliveries.made": "创建于",
    "deliveries.last": "最近一次尝试",
    "deliveries.late": "没有工作进程接手；到期时间：",
    "deliveries.next": "下次",
    "deliveries.stopped": "端点恢复后才会投递",
    "deliveries.none-fit": "没有符合筛选条件的投递。",
    "deliveries.none": "还没有任何投递：没有端点订阅事件，也没有任务带有 webhook URL。",
    "deliveries.ended": "结束于",
    "deliveries.next-attempt": "下次尝试",
    "deliveries.attempts": "尝试",
    "deliveries.no-attempts": "尚未发送。",
    "deliveries.answer": "应答开头",
    "deliveries.body": "签名的正文",
    "action.redeliver": "重新投递",
    "ask.redeliver": ("重新投递 {n} 条？", "重新投递 {n} 条？"),
    "ask.redeliver.why": (
        "每个都会以相同的 ID 和字节再发送一次；按 webhook-id 去重的接收方会视为同一个。从现在"
        "起新建的不在其内。"
    ),
    "ask.some": "其中一些",
    "done.redeliver": ("{n} 条投递将再次发送。", "{n} 条投递将再次发送。"),
}
