"""Texts by their English template. `{0}` is its first `{}`; `{0:t}` is translated as well."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Pages
        "tracker submits tasks to providers of media-generation APIs, receives their callbacks, and"
        " keeps the history of each task.": (
            "tracker 向媒体生成服务商提交任务，接收它们的回调，并保存每个任务的历史。"
        ),
        "The HTTP API, to read and to try": "HTTP 接口文档，可在线试用",
        "Problem types: what each error means and what to do": "问题类型：每种错误的含义与处理办法",
        "The API's OpenAPI document": "接口的 OpenAPI 文档",
        "Tasks, newest first (needs a key once there is one)": (
            "任务列表，新的在前（有密钥之后需要携带密钥）"
        ),
        "What needs a human (needs a key once there is one)": (
            "需要人处理的事（有密钥之后需要携带密钥）"
        ),
        "Counts, latencies and costs (needs a key once there is one)": (
            "数量、延迟与费用（有密钥之后需要携带密钥）"
        ),
        "Whether the service is ready": "服务是否就绪",
        "On the command line: `tracker --help`, `tracker doctor`, `tracker tasks list`.": (
            "命令行：`tracker --help`、`tracker doctor`、`tracker tasks list`。"
        ),
        "Problem types": "问题类型",
        "When": "何时出现",
        "What to do": "处理办法",
        # Details of problems
        "Not Found": "服务没有这个地址",
        "Method Not Allowed": "此路径不支持该 HTTP 方法",
        "there is no such provider": "没有这个服务商",
        "there is no such task": "没有这个任务",
        "there is no such receipt": "没有这个回执",
        "no provider of this name sends callbacks here": "没有这个名字的服务商向这里发送回调",
        "it was applied to the task that it is about: replay it": "它已应用于所属任务：请改用 replay",
        "nothing in it can be read: {}": "其中没有可读的内容：{0:t}",
        "it is an answer to a query: only callbacks are read again": "它是查询的应答：只有回调可以重新读取",
        "its bytes are not kept, or only the first of them": "其字节未保存，或只保存了开头部分",
        "it was submitted again before": "它之前已重新提交过",
        "ids are done in one call: leave cursor out": "ids 一次完成：请去掉 cursor",
        "there is no such key": "没有这个密钥",
        "must be printable": "必须可打印",
        "the input of this task is not kept": "此任务的输入未保存",
        "must be one of: hour": "必须是 hour",
        "at most {} at once": "一次最多 {0} 个",
        "somebody else has just settled it": "别人刚刚处理了它",
        "it came from {}, the task is at {}": "它来自 {0}，而任务在 {1}",
        "it tells of several tasks, and names none of them as this one": "它涉及多个任务，其中没有一个指名是这个任务",
        "only a task that has ended and is still asked about, or lost a file, is dismissed": (
            "只有已结束但仍在查询、或丢失了文件的任务才能标记为已处理"
        ),
        "the task is {}, a state of a later release": "任务处于更新版本的状态 {0}",
        "there is no such endpoint": "没有这个端点",
        "there is no such delivery": "没有这个投递",
        "this task is not kept any more": "这个任务已不再保留",
        "its task is not kept any more": "其任务已不再保留",
        "must be at least 7d: an idempotency key lives so long, and its task outlives it": (
            "至少须为 7d：幂等键保留这么久，其任务必须保留更久"
        ),
        "deliveries of that time are not kept any more": "那段时间的投递已不再保留",
        "the input of this task is not kept any more": "这个任务的输入已不再保留",
        "its input is not kept any more: submit it as a new task": "其输入已不再保留：请作为新任务提交",
        "must be days, hours or minutes, such as 30d, 12h or 90m; or never": (
            "必须是天、小时或分钟，例如 30d、12h 或 90m；或 never"
        ),
        "the page has no such file": "文档页面没有这个文件",
        "the token in this URL was not issued by this service": "此 URL 中的令牌不是本服务签发的",
        "another server answers, and the feed's numbers have not leapt yet": (
            "由另一台服务器应答，变更流的序号尚未跳过"
        ),
        "the feed ends before this cursor: an older database was restored": (
            "变更流在此游标之前就结束了：恢复了较旧的数据库"
        ),
        "what comes behind this cursor is not all kept any more": "此游标之后的变更已不完整",
        "there are {} endpoints already; delete some first": "已有 {0} 个端点；请先删除一些",
        "{} replaced secrets still sign, the first until {}; rotate again after that, or with "
        "overlap_s=0": "还有 {0} 个被替换的密钥仍在签名，最早的到 {1} 为止；请在此之后再轮换，或使用 overlap_s=0",
        "it is {}; resume it first": "当前状态为“{0:t}”；请先恢复",
        "there is no account {} at {} any more": "服务商 {1} 下已没有账号 {0}",
        "it is {}; failed, cancelled and expired ones are resubmitted": (
            "当前状态为“{0:t}”；只有失败、已取消或无法确认的任务可以重新提交"
        ),
        "its input cannot be submitted again: {}": "无法重新提交它的输入：{0:t}",
        "others submitted it: its input is not known here": (
            "任务由其他系统提交：这里没有它的输入"
        ),
        "it is being made: only the answer to its create tells of it": (
            "任务正在创建：只有创建调用的应答会说明它的情况"
        ),
        "it has ended: no answer would change it": "任务已结束：再查询也不会改变结果",
        "it has not been sent: {} does not know it": "任务尚未发送：{0} 还不知道它",
        "others submitted it: by which operation to ask for it is not known": (
            "任务由其他系统提交：不知道该用哪个操作去查询"
        ),
        "it is being sent at this moment; ask again once that is settled": (
            "任务正在发送；请在有结果后再试"
        ),
        "{} may have it: that is being found out": "{0} 可能已收到该任务：正在核实",
        "{} has not told under which id it has the task": "{0} 还没有给出该任务在它那里的 ID",
        "{} erases a task that has ended when it is cancelled, and cannot be asked whether this one "
        "has": "{0} 在取消时会删除已结束的任务，而又无法查询该任务是否已结束",
        "another task has the id {} at {}": "{1} 的 ID {0} 已属于另一个任务",
        "it is {}: only an uncertain task is resolved": (
            "当前状态为“{0:t}”：只有待确认的任务才能人工裁定"
        ),
        "goes with the verb exists, and is needed there": ("只与 exists 一起使用，且此时必填"),
        "task {} has no id at its provider yet; wait until it has": (
            "任务 {0} 在服务商处还没有 ID；请等它有了再试"
        ),
        "the task that it continues is one of account {}": "被延续的任务属于账号 {0}",
        "there is no task {} to continue": "没有可延续的任务 {0}",
        "{} has it and offers no way to cancel a task": "{0} 已收到该任务，而它不提供取消任务的接口",
        "it is {}: there is nothing to cancel": "当前状态为“{0:t}”：没有可取消的内容",
        "external_task_id {} already exists for account {} at {}": (
            "external_task_id {0} 在服务商 {2} 的账号 {1} 下已存在"
        ),
        "this Idempotency-Key came before with another request": (
            "这个 Idempotency-Key 之前用于另一个请求"
        ),
        "a request with this Idempotency-Key is being accepted now": (
            "正在受理使用同一 Idempotency-Key 的请求"
        ),
        "callbacks to this URL must be signed with the account's secret": (
            "发往此 URL 的回调必须用该账号的密钥签名"
        ),
        "the keys that callbacks are signed with cannot be fetched now: send it again": (
            "目前无法获取用于回调签名的公钥：请稍后重新发送"
        ),
        "this process only reads (TRACKER_READ_ONLY): send this to one that writes": (
            "本进程只读（TRACKER_READ_ONLY）：请发送给可写入的进程"
        ),
        "this replica has not got as far as Tracker-Position: ask again, or ask a process that "
        "writes": "此副本尚未到达 Tracker-Position：请重试，或询问可写入的进程",
        "must be a Tracker-Position that an answer carried": "必须是某个应答带来的 Tracker-Position",
        "the database does not take writes now": "数据库暂时不能写入",
        "the database cannot be read now": "数据库暂时不能读取",
        "a name must not hold U+0000": "名称中不能含 U+0000",
        "must not hold U+0000": "不能含 U+0000",
        "must not nest more than {} levels deep": "嵌套不能超过 {0} 层",
        "the body is not what Content-Encoding says: {}": (
            "请求体与 Content-Encoding 所说的不符：{0}"
        ),
        "holds a text that cannot be stored: a NUL or half of a surrogate pair": (
            "含有无法保存的文本：NUL 或半个代理对"
        ),
        "its account is gone": "它的账号已不存在",
        "there is no such {}": "没有这个 {0}",
        "too many calls are being passed on to the provider": "正在转发给服务商的调用过多",
        "it is still being recorded which tenant earlier results belong to": (
            "仍在记录先前的结果属于哪个租户"
        ),
        "must be the id of a {}, as a text": "必须是 {0} 的 ID（文本）",
        "must have at most {} bytes": "最多 {0} 字节",
        "the database did not answer in time": "数据库未及时响应",
        "the database did not take it in time; it may still do": (
            "数据库未及时写入；之后仍可能写入"
        ),
        "must be a host name or an IP address, and perhaps a port behind a colon": (
            "必须是主机名或 IP 地址，后面可以用冒号加端口"
        ),
        "must be sent exactly once, and came {} times": "必须恰好发送一次，实际出现 {0} 次",
        "this key was revoked, or allows less than before": "该密钥已吊销，或权限已减少",
        "the URL names no host": "URL 中没有主机",
        "the URL must not hold a user or a password": "URL 中不能包含用户名或密码",
        "not a request of HTTP/1.1: {}": "不是 HTTP/1.1 请求：{0}",
        "other large bodies are being taken in": "正在接收其他大请求体",
        "this process has all the connections it can hold": "本进程的连接数已达上限",
        "the body did not arrive within {} s": "请求体未在 {0} 秒内收全",
        "nothing of the body came for {} s": "{0} 秒内没有收到请求体的任何数据",
        "less than {} bytes of the body came for {} s": "{1} 秒内收到的请求体不足 {0} 字节",
        "the body is larger than {} bytes": "请求体超过 {0} 字节",
        "send the body as application/json": "请以 application/json 发送请求体",
        "send an API key: Authorization: Bearer KEY": "请携带 API 密钥：Authorization: Bearer KEY",
        "the Authorization field must be: Bearer KEY": "Authorization 字段的格式应为：Bearer KEY",
        "there is no such API key": "没有这个 API 密钥",
        "there is no such access key": "没有这个 access key",
        "this key was revoked": "该密钥已吊销",
        "sign in first": "请先登录",
        "tick one or several, {} at most": "请勾选一个或多个，最多 {0} 个",
        "names several tasks: give the id of one": "对应多个任务：请给出其中一个的 ID",
        "must be {}, the number of objects": "必须填写对象数量 {0}",
        "send the form as {}": "请以 {0} 发送表单",
        "there is no such time zone": "没有这个时区",
        "tick one task or several, {} at most": "请勾选一个或多个任务，最多 {0} 个",
        "this session has ended": "本次登录已结束",
        "only pages of this service may send this": "此请求只能由本服务的页面发送",
        "the token is not one that a known key signed": "令牌不是由已知密钥签名的",
        "the token has no valid exp and nbf": "令牌缺少有效的 exp 和 nbf",
        "the token has expired": "令牌已过期",
        "the token is not valid yet; is the clock right?": "令牌尚未生效；时钟是否准确？",
        "this key lacks the scope {}": "该密钥缺少权限 {0}",
        "without a key, only pages of this service may send this": (
            "不带密钥时，只有本服务自己的页面可以发送此请求"
        ),
        "too many requests with this key": "该密钥的请求过于频繁",
        "the fault is recorded in the service's log under this request id": (
            "故障已记录在服务日志中，可用此 request id 查找"
        ),
        "send the file in a multipart form": "请以 multipart 表单发送文件",
        "the file of the result was not kept": "结果文件没有保存下来",
        "no type: this is not an event": "没有 type：这不是事件",
        "the event names no task": "事件没有指明任务",
        "the request is larger than 20 MB": "请求超过 20 MB",
        "the task has not ended yet": "任务尚未结束",
        "there is no such file": "没有这个文件",
        "no provider has an account here: name one": "这里没有服务商配置了账号：请指明一个",
        "the request is larger than 10 MB": "请求超过 10 MB",
        "unreadable": "无法读取",
        "no task_status: this is not a task object": "没有 task_status：这不是任务对象",
        "this is no event": "这不是一个事件",
        "it is on its way, or its endpoint gets nothing any more": (
            "它正在投递中，或其端点已不再接收"
        ),
        "no such callback URL": "没有这个回调 URL",
        "this service has no API keys yet, and without keys it answers only programs on its own "
        "machine that connect to localhost directly (not through a proxy or a tunnel, nor by "
        "another host name): make a key there with `tracker keys create` and send it as "
        "Authorization: Bearer KEY": (
            "本服务还没有 API 密钥；没有密钥时只回答本机上直接连接 localhost 的程序（经代理、隧道或其他"
            "主机名来的都不回答）：请在那台机器上用 `tracker keys create` 创建密钥，并以 "
            "Authorization: Bearer KEY 发送"
        ),
        "Task not found by id/external id": "按 id 或 external id 都找不到任务",
        "may not be called: {}": "不允许调用：{0:t}",
        "no data: this is no callback of a task": "没有 data：这不是任务的回调",
        "no task id and stage: this is no callback of a task": (
            "没有任务 ID 和阶段：这不是任务的回调"
        ),
        "the provider answers with the files themselves and no URL: this needs custody of files, "
        "which is switched off (TRACKER_ASSETS)": (
            "该平台直接返回文件而不是 URL：需要文件保管，而它已关闭（TRACKER_ASSETS）"
        ),
        "custody is switched off (TRACKER_ASSETS)": "文件保管已关闭（TRACKER_ASSETS）",
        "this needs custody of files, which is switched off (TRACKER_ASSETS)": (
            "此功能需要文件保管，而它已关闭（TRACKER_ASSETS）"
        ),
        "it is kept, is being fetched now, or has no URL": "文件已保管、正在下载，或没有 URL",
        "the form's file did not begin within {} s": "表单中的文件未在 {0} 秒内开始传输",
        "nothing of the body came for {} s, or not all of it within {} s": (
            "请求体中断了 {0} 秒，或未能在 {1} 秒内传完"
        ),
        "the file cannot be read now: {}": "现在无法读取文件：{0:t}",
        "the file cannot be stored now: {}": "现在无法存储文件：{0:t}",
        "the file cannot be made smaller now: {}": "现在无法缩小文件：{0:t}",
        "the file is being fetched; it is not kept yet{}": "文件正在下载，尚未保管{0}",
        "the file is not kept ({}){}": "文件未保管（{0}）{1}",
        "the file is not kept any more": "文件已不再保管",
        "the file is empty": "文件为空",
        "there is no such asset": "没有这个文件",
        "another file was uploaded by this form": "已用此表单上传了另一个文件",
        "no file came, or it is kept no more": "没有收到文件，或已不再保管",
        "there is no room for a body of this size now": "现在没有空间容纳这么大的请求体",
        "there is no such form, or its time is over": "没有这个表单，或已过期",
        "there is no such link": "没有这个链接",
        "there is no such link, or its time is over": "没有这个链接，或已过期",
        "larger than {} bytes (TRACKER_ASSET_MAX_BYTES)": (
            "大于 {0} 字节（TRACKER_ASSET_MAX_BYTES）"
        ),
        "the object ends before byte {}": "对象在第 {0} 字节之前结束",
        "the object is not there": "对象不存在",
        "{} is no name of an object": "{0} 不是对象名",
        "the budget of this tenant is {} a {}: {} are used, and this would add {}": "此租户的预算为每"
        "{1:t} {0}：已用 {2}，此任务将增加 {3}",
        "the budget of this key is {} a {}: {} are used, and this would add {}": "此密钥的预算为每"
        "{1:t} {0}：已用 {2}，此任务将增加 {3}",
        "the budget of this tenant is {} a {}, and nothing of it is left for a task whose price in {} is not known": "此租户的预算为每{1:t} {0}，没有余额留给 {2} 价格未知的任务",
        "the budget of this key is {} a {}, and nothing of it is left for a task whose price in {} is not known": "此密钥的预算为每{1:t} {0}，没有余额留给 {2} 价格未知的任务",
        "day": "天",
        "month": "月",
        "custody is off": "文件保管已关闭",
        "this is not an object with fields": "这不是带字段的对象",
        "it is {}: there is nothing to stop": "状态为“{0:t}”：没有可停止的",
        "the dry run is older than ten minutes: make it again": "试运行已超过十分钟：请重新试运行",
        "there is no such run": "没有这个批量操作",
        "it does not match any more": "已不再符合条件",
        "acting on it failed; the service's log has the error": "执行失败；错误见服务日志",
        "somebody without a key": "未使用密钥的人",
        "a command at the service's machine": "服务所在机器上的命令",
        "there is no such account": "没有这个账号",
        "offers no query that costs nothing: the first task shows whether it takes the key": "没有不产生费用的查询：首个任务才能看出密钥是否可用",
        "its input is too large for a form": "其输入太大，无法放入表单",
        "there is no such operation": "没有这个操作",
        "the service was restored from a backup and still finds out what was submitted since; nothing new is taken until its operator ends that with `tracker recover --done`": "服务从备份恢复，仍在查明此后提交过什么；在维护者用 `tracker recover --done` 结束之前不接受新任务",
        "the restore has not ended: run `tracker restore` again": "恢复尚未完成：请再次运行 `tracker restore`",
    }
)
