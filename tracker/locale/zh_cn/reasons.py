"""Reasons that are kept in the database: of receipts, endpoints, deliveries and conditions."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Receipts
        "its address holds a token that this service did not issue": (
            "其地址中的令牌不是本服务签发的"
        ),
        "no task here has these ids": "这里没有具有这些 ID 的任务",
        # Why a person must resolve an uncertain task
        "its account is not in the settings": "设置中没有它的账号",
        "{} offers no way to look up a task whose answer was lost": (
            "{0} 不支持查找应答丢失的任务"
        ),
        "{} lists when tasks were made, and not of what": "{0} 只列出任务的创建时间，不列出其输入",
        "{} says that it exists, and not under which id": "{0} 只说明任务存在，不提供其 ID",
        "{} lists tasks by their callback URL, and TRACKER_PUBLIC_URL is unset": (
            "{0} 按回调地址列出任务，而 TRACKER_PUBLIC_URL 未设置"
        ),
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
        "there is nothing to send: none matches, or its endpoint is stopped": (
            "没有可发送的内容：没有符合条件的投递，或其端点已停止"
        ),
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
        "a secret that signed callback URLs here is not among the secrets of this process: callbacks"
        " to open tasks of that time are refused, and polls alone tell how they end. Put it back as a"
        " further one in TRACKER_CALLBACK_SECRETS; else this stands until those tasks have ended": (
            "曾用来签署回调 URL 的一个密钥不在此进程的密钥之中：那段时间未完成任务的回调会被拒绝，"
            "只能靠轮询得知结果。请把它作为另一个密钥放回 TRACKER_CALLBACK_SECRETS；"
            "否则在那些任务结束之前会一直如此"
        ),
        "most of the latest verdicts had to be polled for; check that the provider can reach"
        " TRACKER_PUBLIC_URL": (
            "最近的结论大多只能靠轮询得到；请检查服务商能否访问 TRACKER_PUBLIC_URL"
        ),
        "the latest {} submits failed, the last with: {}": (
            "最近 {0} 次提交都失败了，最后一次的应答：{1:t}"
        ),
        "the latest submit was refused because of the account: {}": (
            "最近一次提交因账号原因被拒绝：{0:t}"
        ),
        "nothing was accepted for {} minutes, the last answer: {}": (
            "已有 {0} 分钟没有任何提交被接受，最后的应答：{1:t}"
        ),
        "the provider exchanges no tokens": "该服务商不发放令牌",
        "the database refuses writes: see whether its disk is full, it may only be read, is damaged, or"
        " its file was moved; the log of the processes has its words": (
            "数据库拒绝写入：请查看它的磁盘是否已满、它是否只读、是否损坏，或者它的文件是否被移走；"
            "进程的日志里有它的原话"
        ),
        "a part of the database cannot be read, and what needs it is answered 503: it is damaged, or a "
        "table is closed or gone; `tracker doctor` and the log of the processes say which": (
            "数据库有一部分无法读取，需要它的请求都回答 503：数据库已损坏，或者某个表没有权限或已不存在；"
            "是哪一部分，见 `tracker doctor` 和进程的日志"
        ),
        "the database kept a transaction waiting for longer than TRACKER_COMMIT_TIMEOUT_S: see what"
        " holds it (a stopped server, a standby that does not answer, another program with the"
        " file)": (
            "数据库让一个事务等待的时间超过了 TRACKER_COMMIT_TIMEOUT_S：请查看是什么占用了它"
            "（已停止的服务器、没有应答的备库、打开该文件的其他程序）"
        ),
        "this is another database than before: a backup was restored, a standby took over, or the"
        " file was copied. The feed's numbers have leapt, so that readers with old cursors miss"
        " nothing; what was written after the backup is not here": (
            "这已不是先前的数据库：恢复过备份、切换到了备库，或文件被复制。变更编号已跳增，"
            "持有旧游标的读者不会漏掉任何变更；备份之后写入的内容不在这里"
        ),
        "the clock of the machine went forward by {} s at once: let a time server keep it, which"
        " shifts it little by little": (
            "本机时钟一次向前跳了 {0} 秒：请由时间服务器校时，它会逐步调整"
        ),
        "the clock of the machine went back by {} s at once: let a time server keep it, which"
        " shifts it little by little": (
            "本机时钟一次向后跳了 {0} 秒：请由时间服务器校时，它会逐步调整"
        ),
        "the clock of the database server went forward by {} s at once, or another server with"
        " another clock took over: let a time server keep them": (
            "数据库服务器的时钟一次向前跳了 {0} 秒，或者换成了时钟不同的另一台服务器：请由时间服务器校时"
        ),
        "the clock of the database server went back by {} s at once, or another server with"
        " another clock took over: let a time server keep them": (
            "数据库服务器的时钟一次向后跳了 {0} 秒，或者换成了时钟不同的另一台服务器：请由时间服务器校时"
        ),
        "deliveries to endpoint {} wait: its secret cannot be read: {}. Give every process the same"
        " secrets; one that was replaced must stay as a further one": (
            "发往端点 {0} 的投递在等待：无法读取其密钥：{1:t}。请为所有进程设置相同的密钥；"
            "已更换的密钥须作为后备密钥保留"
        ),
        "it was sealed with a key that is not among TRACKER_CALLBACK_SECRETS": (
            "加密它的密钥不在 TRACKER_CALLBACK_SECRETS 之中"
        ),
        "the chore {} is {} entries behind: figures or old data are not up to date, and nothing is"
        " dropped that it has yet to come by. See the workers' logs, and start another"
        " `tracker worker`": (
            "后台任务 {0} 落后 {1} 条：统计或旧数据不是最新，它尚未处理到的内容也不会被清理。"
            "请查看工作进程日志，并再启动一个 `tracker worker`"
        ),
        "the chore {} has not ended well since {} UTC: {}. The workers' logs say more": (
            "后台任务 {0} 自 {1} UTC 起没有正常结束过：{2:t}。详情见工作进程的日志"
        ),
        "its round has not ended yet": "它的这一轮尚未结束",
        "what is to be dropped has not been for {} minutes; at least {} tasks wait: keep things"
        " longer, or give the database room": (
            "应清理的内容已有 {0} 分钟未清理；至少 {1} 个任务在等待：请延长保留时间，或为数据库腾出余力"
        ),
        "nothing is dropped, as the archive (TRACKER_ARCHIVE) takes nothing; the log of the workers"
        " says why, and every five minutes it is tried again": (
            "归档（TRACKER_ARCHIVE）无法写入，因此未清理任何内容；原因见工作进程日志，每五分钟重试一次"
        ),
        "more than a fifth of all tasks would lose something at once ({}): see `tracker retention plan`,"
        " then `tracker retention approve`, or keep things longer": (
            "一次清理会涉及超过五分之一的任务（{0}）：请查看 `tracker retention plan`，然后运行"
            " `tracker retention approve`，或延长保留时间"
        ),
        "a restore has begun and has not ended: run `tracker restore` again, with the same backup": (
            "恢复已开始但尚未完成：请用同一备份再次运行 `tracker restore`"
        ),
        "the database was restored from a backup: what was written after it is brought back by"
        " callbacks and by the lists of providers, and submits wait. See `tracker recover`;"
        " `tracker recover --done` ends it": (
            "数据库已从备份恢复：备份之后写入的内容由回调与服务商的列表补回，其间提交会等待。"
            "见 `tracker recover`；`tracker recover --done` 结束此过程"
        ),
        # Steps and attempts
        "cancelled before it was sent": "尚未发送即被取消",
        "{} is asked to cancel it": "已请求 {0} 取消它",
        "{} is asked to cancel it once it is found there": "在 {0} 处找到它之后会请求取消",
        "past its deadline; still open": "已过期限，仍未结束",
        "no verdict came in time; nobody asks any more": "未能及时得到结论；不再询问",
        "whether the provider has it, and bills it, could not be found out in time": (
            "未能及时查明服务商是否有此任务、是否计费"
        ),
        "never reached the provider: {}": "从未到达服务商：{0:t}",
        "the process that sent it vanished before it could record the outcome": (
            "发送它的进程在记录结果之前消失了"
        ),
        "the answer to an attempt that was counted as lost": "一次被视为丢失的提交，其应答后来到达",
        "the provider has deleted it: {}": "服务商已删除它：{0:t}",
        "the provider does not know it (said {} times)": "服务商不认识它（说了 {0} 次）",
        "{}: {} bytes of {}": "{0}：{1} 字节，{2}",
        "no whole answer within {} s": "{0} 秒内没有收到完整应答",
        "no answer within {} s": "{0} 秒内没有应答",
        "may not be called: {}": "不允许访问：{0:t}",
        "the account gets no token: {}": "该账号拿不到令牌：{0:t}",
        "the account's token has ended": "该账号的令牌已失效",
        "the request could not be built; see the log": "无法构造请求；请看日志",
        "the answer could not be read; see the log": "无法读取应答；请看日志",
        "the end of its stream could not be read; see the log": "无法读取流的末尾；请看日志",
        "the call raised; see the log": "调用出错；请看日志",
        "it was not ours to send any more": "已不归本进程发送",
        "not sent: raised; see the log": "未发送：出错；请看日志",
        # States, in texts that name one
        "queued": "排队中",
        "uncertain": "待确认",
        "submitted": "已提交",
        "running": "进行中",
        "active": "启用中",
        "paused": "已暂停",
        "disabled": "已停用",
        "deleted": "已删除",
        "done": "已完成",
        "stopped": "已停止",
        "succeeded": "成功",
        "failed": "失败",
        "cancelled": "已取消",
        "expired": "无法确认",
        "it says {}; the task had ended as {}": "它说的是“{0:t}”，而任务此前已以“{1:t}”结束",
        # What to do about an endpoint
        "nothing accepts connections at its address: start the receiver or open its port, then "
        "test it; if it has moved, change its address (`tracker endpoints change`)": (
            "它的地址上无人接受连接：请启动接收方或开放端口，然后测试；"
            "如已迁移，请更改地址（`tracker endpoints change`）"
        ),
        "its host name leads to no address: mend its DNS entry, then test it; if it has moved, "
        "change its address (`tracker endpoints change`)": (
            "它的主机名解析不到地址：请修正 DNS 记录，然后测试；"
            "如已迁移，请更改地址（`tracker endpoints change`）"
        ),
        "its certificate is not accepted: renew it on the receiver, with its whole chain and "
        "for this host name, then test it": (
            "它的证书不被接受：请在接收方更换证书（证书链完整、与主机名相符），然后测试"
        ),
        "it gives no whole answer in time: have it answer first and work afterwards, then test "
        "it; TRACKER_DELIVER_TIMEOUT_S says how long it has": (
            "它没有及时给出完整应答：请让接收方先应答、再处理，然后测试；"
            "时限由 TRACKER_DELIVER_TIMEOUT_S 设定"
        ),
        "it breaks the connection or does not speak HTTP: look at the receiver and at the "
        "proxy before it, then test it": (
            "它中断连接，或使用的不是 HTTP：请检查接收方及其前面的代理，然后测试"
        ),
        "tracker may not call its address, which is not a public one: give it a public "
        "address, or permit its network in TRACKER_EGRESS_ALLOW and start tracker again": (
            "tracker 不允许访问它的地址，因为那不是公网地址：请改用公网地址，"
            "或在 TRACKER_EGRESS_ALLOW 中放行其网段并重启 tracker"
        ),
        "it said that it wants nothing any more: resume it if that was a mistake, else delete "
        "it": "它表示不再接收任何通知：如系误报，请恢复；否则请删除",
        "it answers with a redirect, which is never followed: change its address to where that "
        "leads (`tracker endpoints change`)": (
            "它返回重定向，而重定向从不跟随：请把地址改成最终地址（`tracker endpoints change`）"
        ),
        "it refuses what it is sent: look at the answer in one of its deliveries; 401 or 403 "
        "mostly means another secret, 404 another path": (
            "它拒收所发内容：请在任一投递中查看应答；401 或 403 多半是密钥不同，404 多半是路径不对"
        ),
        "it fails at its own work: look at the answer in one of its deliveries and at the "
        "receiver's log, mend it, then test it": (
            "它自身出错：请在任一投递中查看应答，并查看接收方日志，修复后再测试"
        ),
        "look at one of its deliveries, mend the receiver, then test it": (
            "请查看任一投递，修复接收方，然后测试"
        ),
    }
)
