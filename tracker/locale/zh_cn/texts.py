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
        "there is no such receipt": "没有这个收据",
        "no provider of this name sends callbacks here": "没有这个名字的服务商向这里发送回调",
        "it was applied to the task that it is about: replay it": "它已应用于所属任务：请改用 replay",
        "nothing in it can be read: {}": "其中没有可读的内容：{0}",
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
        "only a task that has ended and is still asked about is dismissed": (
            "只有已结束但仍在查询的任务才能标记为已处理"
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
        "the token in this URL is not one of ours": "此 URL 中的令牌不是本服务签发的",
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
        "it is {}; resume it first": "当前状态为 {0}；请先恢复",
        "there is no account {} at {} any more": "服务商 {1} 下已没有账号 {0}",
        "it is {}; failed, cancelled and expired ones are resubmitted": (
            "当前状态为 {0}；只有失败、已取消或已过期的任务可以重新提交"
        ),
        "others submitted it: its input is not known here": (
            "任务由其他系统提交：这里没有它的输入"
        ),
        "it has not been sent: {} does not know it": "任务尚未发送：{0} 还不知道它",
        "others submitted it: by which operation to ask for it is not known": (
            "任务由其他系统提交：不知道该用哪个操作去查询"
        ),
        "it is being sent at this moment; ask again once that is settled": (
            "任务正在发送；请在有结果后再试"
        ),
        "{} may have it: that is being found out": "{0} 可能已收到该任务：正在核实",
        "{} has not told under which id it has the task": "{0} 还没有给出该任务在它那里的 id",
        "{} erases a task that has ended when it is cancelled, and cannot be asked whether this one "
        "has": "{0} 在取消时会删除已结束的任务，而又无法查询该任务是否已结束",
        "another task has the id {} at {}": "{1} 的 id {0} 已属于另一个任务",
        "it is {}: only an uncertain task is resolved": (
            "当前状态为 {0}：只有 uncertain 状态的任务才能人工裁定"
        ),
        "provider_task_id goes with the verb exists, and is needed there": (
            "provider_task_id 只与 exists 一起使用，且此时必填"
        ),
        "task {} has no id at its provider yet; wait until it has": (
            "任务 {0} 在服务商处还没有 id；请等它有了再试"
        ),
        "the task that it continues is one of account {}": "被延续的任务属于账号 {0}",
        "there is no task {} to continue": "没有可延续的任务 {0}",
        "{} has it and offers no way to cancel a task": "{0} 已收到该任务，而它不提供取消任务的接口",
        "it is {}: there is nothing to cancel": "当前状态为 {0}：没有可取消的内容",
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
        "whose it is cannot be told; only the operator's tenant may send it": (
            "无法判断它属于谁；只有运营者的租户可以发送"
        ),
        "must be the id of a {}, as a text": "必须是 {0} 的 id（文本）",
        "must have at most {} bytes": "最多 {0} 字节",
        "the database did not answer in time": "数据库未及时响应",
        "the database did not take it in time; it may still do": (
            "数据库未及时写入；之后仍可能写入"
        ),
        "must be sent exactly once, and came {} times": "必须恰好发送一次，实际出现 {0} 次",
        "this key was revoked, or allows less than before": "该密钥已吊销，或权限已减少",
        "not a request of HTTP/1.1: {}": "不是 HTTP/1.1 请求：{0}",
        "this process has all the connections it can hold": "本进程的连接数已达上限",
        "the body did not arrive within {} s": "请求体未在 {0} 秒内收全",
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
        # Reasons of wrong settings
        "a naive datetime names no instant": "不带时区的时间无法确定时刻",
        "{} is not supported (sqlite or postgresql)": "不支持 {0}（可用 sqlite 或 postgresql）",
        "SQLite needs a file: an in-memory database forgets what it acknowledged": (
            "SQLite 必须使用文件：内存数据库会丢失已确认的内容"
        ),
        "an @ within the password is to be written %40, and a / in it %2F": (
            "密码里的 @ 要写成 %40，/ 要写成 %2F"
        ),
        "not a database URL (sqlite:///path or postgresql://…)": (
            "不是数据库 URL（sqlite:///path 或 postgresql://…）"
        ),
        "must be an http(s) URL with a host, and no user, query or fragment": (
            "必须是带主机名的 http(s) URL，不含用户名、查询串和片段"
        ),
        "is blank: set it, or leave it out": "内容为空：请填写，或去掉该项",
        "must be http://HOST:PORT or https://HOST:PORT, where needed with USER:PASSWORD@ before the "
        "host, written with %40 for @ and %2F for /; SOCKS is not supported": (
            "必须形如 http://HOST:PORT 或 https://HOST:PORT，需要时在主机名前加 USER:PASSWORD@，"
            "其中 @ 写成 %40，/ 写成 %2F；不支持 SOCKS"
        ),
        "has U+{} at character {}: write it on one line": "第 {1} 个字符是 U+{0}：请写成一行",
        "has U+{} at character {}, which cannot stand in a header: copy it again": (
            "第 {1} 个字符是 U+{0}，不能放进请求头：请重新复制"
        ),
        "has the quotation mark {} at one end only: copy it again": (
            "只有一端有引号 {0}：请重新复制"
        ),
        "region: excludes base_url; set one": "region：与 base_url 互斥，只设一个",
        "region: no such region; one of: {}": "region：没有这个区域；可选：{0}",
        "no account of {} is set: set {}, or one in TRACKER_CONFIG": (
            "没有设置 {0} 的账号：请设置 {1}，或在 TRACKER_CONFIG 中添加一个"
        ),
        # Reasons of wrong fields
        "is required": "必填",
        "there is no such field": "没有这个字段",
        "no such field is known; it is passed on as it is": "没有已知的同名字段；已原样转发",
        "no such field is known; it is passed on as it is; did you mean {}?": (
            "没有已知的同名字段；已原样转发；你是不是想写 {0}？"
        ),
        "must be a string": "必须是字符串",
        "must be valid Unicode text": "必须是有效的 Unicode 文本",
        "must be an object": "必须是对象",
        "must be an array": "必须是数组",
        "must be true or false": "必须是 true 或 false",
        "must be a whole number": "必须是整数",
        "must be a number": "必须是数字",
        "must be a finite number": "必须是有限的数",
        "must be an id": "必须是 id",
        "must be a JSON object": "必须是 JSON 对象",
        "must be one of {}": "必须是以下之一：{0}",
        "at most {} characters": "最多 {0} 个字符",
        "at least {} characters": "至少 {0} 个字符",
        "at most {} characters, got {}": "最多 {0} 个字符，收到 {1} 个",
        "must be an object with {} or {}": "必须是带 {0} 或 {1} 的对象",
        "must have either {} or {}": "{0} 与 {1} 必须且只能填一个",
        "{} must begin with {}": "{0} 必须以 {1} 开头",
        "{} must be base64 without a data: prefix": "{0} 必须是不带 data: 前缀的 base64",
        "{} holds more than 10 MB": "{0} 超过 10 MB",
        "is required, or image, or video": "必填，或填写 image 或 video",
        "is required where there is a {}": "有 {0} 时必填",
        "must be a number from {} to {}": "必须是 {0} 到 {1} 之间的数",
        "must be a data: URI: this upstream takes files, and no URLs": "必须是 data: URI：此上游接收文件，不接收网址",
        "must be {} to {} files": "必须是 {0} 到 {1} 个文件",
        "a multipart form must name its boundary": "multipart 表单必须写明分隔符（boundary）",
        "is no form of at most {} fields in UTF-8": "不是最多 {0} 个字段的 UTF-8 表单",
        "must end with its boundary, after at most {} parts": "必须以其分隔符结尾，最多 {0} 个部分",
        "has a part without a head, or with a long one": "有一个部分没有头部，或头部过长",
        "has a part without a name": "有一个部分没有名称",
        "has a part without a head, or a long field before its file": "有一个部分没有头部，或文件之前的字段过长",
        "has no file": "没有文件",
        "must end with its boundary": "必须以其分隔符结尾",
        "send the file in a multipart form": "请以 multipart 表单发送文件",
        "is not UTF-8": "不是 UTF-8",
        "must have 6 to 64 characters": "必须有 6 到 64 个字符",
        "is required where there is no image": "没有 image 时必填",
        "must be an RSA key in PEM, without a password": "必须是不带密码的 PEM 格式 RSA 密钥",
        "must be an https URL": "必须是 https URL",
        "must be http(s) URLs": "必须是 http(s) URL",
        "must be the JSON of a key file, or that in base64": "必须是密钥文件的 JSON 或其 base64",
        "the file of the result was not kept": "结果文件没有保存下来",
        "is a key file without {}": "密钥文件中缺少 {0}",
        "must be up to 63 of a-z, 0-9, _ and -": "最多 63 个字符，只能是 a-z、0-9、_ 和 -",
        "is required where there is no image_url": "没有 image_url 时必填",
        "at most 512 characters": "最多 512 个字符",
        "at most {} seconds with this model": "此模型最多 {0} 秒",
        "has at most one text": "最多包含一个文本",
        "is required by this model": "此模型必须提供",
        "is required where there is no first_frame_image": "没有 first_frame_image 时必须提供",
        "must be 6 with 1080P": "1080P 时必须为 6",
        "give either {} or {}": "请给出 {0} 或 {1} 之一",
        "must be a time as YYYYMMDDhhmmss": "必须是 YYYYMMDDhhmmss 格式的时间",
        "no type: this is not an event": "没有 type：这不是事件",
        "the event names no task": "事件没有指明任务",
        "must be a time such as 2026-05-01T10:00:00Z": "必须是时间，例如 2026-05-01T10:00:00Z",
        "the request is larger than 20 MB": "请求超过 20 MB",
        "must be 5 or 10": "必须是 5 或 10",
        "must be 30 or 60": "必须是 30 或 60",
        "must be a text, a list of texts or an object": "必须是文本、文本数组或对象",
        "must be a list of texts": "必须是文本数组",
        "at most {} UTF-16 code units": "最多 {0} 个 UTF-16 码元",
        "must be one of {} for this model": "对此模型必须是 {0} 之一",
        "must be a URI, or a list of 1 to {} objects with uri": "必须是一个 URI，或 1 到 {0} 个带 uri 的对象",
        "must have a uri in each object": "每个对象都必须有 uri",
        "has a position that is neither first nor last": "其中的 position 既不是 first 也不是 last",
        "must be an https URL, a data: URI or a {} URI": "必须是 https 网址、data: URI 或 {0} URI",
        "at most {} items, got {}": "最多 {0} 项，收到 {1} 项",
        "{} more fields are wrong": "还有 {0} 个字段有误",
        "holds more than {} texts": "字符串超过 {0} 个",
        "holds more than {} bytes besides its long texts": "除长字符串外超过 {0} 字节",
        "holds a text of more than {} characters not in ASCII": (
            "含有超过 {0} 个字符的非 ASCII 字符串"
        ),
        "a text does not end": "字符串没有结束",
        "holds more than {} values and separators; send fewer": (
            "包含的值和分隔符超过 {0} 个；请减少"
        ),
        "at least {} items, got {}": "至少 {0} 项，收到 {1} 项",
        "at most {} MB, got {} bytes": "最多 {0} MB，收到 {1} 字节",
        "must be greater than {}": "必须大于 {0}",
        "must be at least {}": "不能小于 {0}",
        "must be less than {}": "必须小于 {0}",
        "must be at most {}": "不能大于 {0}",
        "at most one picture": "最多一张图片",
        "must be {}, or left out": "必须是 {0}，或不填",
        "must have {} pictures, or {} must": "必须有 {0} 张图片，或放在 {1} 中",
        "must be a multiple of {}": "必须是 {0} 的倍数",
        "must be a ratio such as 16:9": "必须是 16:9 这样的比例",
        "must be a ratio from 21:9 to 9:21": "比例必须在 21:9 到 9:21 之间",
        "must be a whole number from 5 to 20, or auto": "必须是 5 到 20 的整数，或 auto",
        "or preprocessed_image is required": "此项与 preprocessed_image 必须提供其一",
        "must be send or drop": "必须是 send 或 drop",
        "must be a string, a number, true, false or null": (
            "必须是字符串、数字、true、false 或 null"
        ),
        "must not hold control characters": "不能含控制字符",
        "must not be empty": "不能为空",
        "must not be null; leave the field out": "不能为 null；不需要时请省略该字段",
        "must begin with {}": "必须以 {0} 开头",
        "must hold a key after {}": "{0} 之后必须有密钥",
        "must be {} and base64": "必须是 {0} 加 base64",
        "must be an absolute http or https URL": "必须是完整的 http 或 https URL",
        "must be raw base64 without the data: prefix, or a URL": (
            "必须是不带 data: 前缀的 base64，或一个 URL"
        ),
        "must be an http or https URL, or raw base64": "必须是 http 或 https URL，或不带前缀的 base64",
        "name 1 to {} tasks in ids and external_task_ids": (
            "请在 ids 与 external_task_ids 中指定 1 到 {0} 个任务"
        ),
        "not a cursor of this list with these filters; start without one": (
            "不是此列表在这些条件下的游标；请从头开始"
        ),
        "not JSON: {}": "不是 JSON：{0:t}",
        "{} is no JSON": "{0} 不是 JSON",
        "nested too deep": "嵌套过深",
        "given more than once": "重复给出",
        "unknown parameter; known here: {}": "未知参数；此处可用：{0}",
        "holds a number out of range": "含有超出范围的数字",
        "the task has not ended yet": "任务尚未结束",
        "there is no such file": "没有这个文件",
        "say which; one of: {}": "请指明是哪一个；可选：{0}",
        "no provider has an account here: name one": "这里没有服务商配置了账号：请指明一个",
        "no such provider; one of: {}": "没有这个服务商；可选：{0}",
        "is needed where type is {}": "type 为 {0} 时必填",
        "must be 25 and a multiple of 4": "必须是 25 加 4 的倍数",
        "must be from {} to {} with this model": "此模型必须在 {0} 到 {1} 之间",
        "must be a text, a number, true or false, or a data: URI": (
            "必须是文本、数字、true 或 false，或 data: URI"
        ),
        "the request is larger than 10 MB": "请求超过 10 MB",
        "names more than one draft": "引用了多个草稿",
        "must be: ID U1 … U4, V1 … V4 or R": "必须形如：ID 加 U1 … U4、V1 … V4 或 R",
        "must be a list of at most {} ids": "必须是最多 {0} 个 id 的列表",
        "names another task than {}: one can be continued; give the other one as an image": (
            "与 {0} 指的不是同一个任务：只能延续一个；另一个请以图片给出"
        ),
        "no such account at this provider": "该服务商下没有这个账号",
        "a secret has at most {} bytes, a nonce 16": "密钥最多 {0} 字节，nonce 为 16 字节",
        "unreadable": "无法读取",
        "no task_status: this is not a task object": "没有 task_status：这不是任务对象",
        "this is no event": "这不是一个事件",
        "belongs under options here; at the top level the provider ignores it": (
            "应放在 options 之下；放在顶层会被服务商忽略"
        ),
        "prompt is required (or contents)": "需要 prompt（或 contents）",
        "prompt is required (or multi_prompt)": "需要 prompt（或 multi_prompt）",
        "item {} needs a text, a url or an element_id": "第 {0} 项需要 text、url 或 element_id",
        "video_id or video_url is required": "需要 video_id 或 video_url",
        "voice_url or video_id is required": "需要 voice_url 或 video_id",
        "image or image_tail is required": "需要 image 或 image_tail",
        "image_tail, masks and camera_control exclude each other": (
            "image_tail、遮罩与 camera_control 互斥"
        ),
        "text is required in mode text2video": "text2video 模式需要 text",
        "audio_file or audio_url is required in mode audio2video": (
            "audio2video 模式需要 audio_file 或 audio_url"
        ),
        "exactly one of audio_id and sound_file is required": (
            "audio_id 与 sound_file 必须且只能给出一个"
        ),
        "exactly one of task_ids and external_task_ids is required": (
            "task_ids 与 external_task_ids 必须且只能给出一个"
        ),
        "must hold {} to {} bytes after whsec_": "whsec_ 之后必须有 {0} 到 {1} 字节",
        "it is on its way, or its endpoint gets nothing any more": (
            "它正在投递中，或其端点已不再接收"
        ),
        "no such callback URL": "没有这个回调 URL",
        "must be named: no account that is open to all can do this": (
            "必须指明账号：对所有人开放的账号都做不了这个操作"
        ),
        "differs from the one in the input; give it once": "与 input 中的不一致；只给一处即可",
        "must be one of: {}": "必须是以下之一：{0}",
        "this service has no API keys yet, and without keys it answers only programs on its own "
        "machine that connect to localhost directly (not through a proxy or a tunnel, nor by "
        "another host name): make a key there with `tracker keys create` and send it as "
        "Authorization: Bearer KEY": (
            "本服务还没有 API 密钥；没有密钥时只回答本机上直接连接 localhost 的程序（经代理、隧道或其他"
            "主机名来的都不回答）：请在那台机器上用 `tracker keys create` 创建密钥，并以 "
            "Authorization: Bearer KEY 发送"
        ),
        "must be a time with its zone, like 2026-11-24T10:00:00Z (a + is written %2B)": (
            "必须是带时区的时间，例如 2026-11-24T10:00:00Z（+ 要写成 %2B）"
        ),
        "must be a whole number from {} to {}": "必须是 {0} 到 {1} 之间的整数",
        "only desc is served": "只支持 desc",
        "at most {} of them": "最多 {0} 个",
        "must be 1 to {} printable characters": "必须是 1 到 {0} 个可打印字符",
        "is no key of metadata": "不是 metadata 的键",
        "must be 1 to {} ids, separated by commas": "必须是 1 到 {0} 个 id，以逗号分隔",
        "Task not found by id/external id": "按 id 或 external id 都找不到任务",
        "may not be called: {}": "不允许调用：{0}",
        "no such operation of this provider": "此服务商没有这个操作",
        "no such operation of this provider; did you mean {}?": (
            "此服务商没有这个操作；你是不是想写 {0}？"
        ),
        "has more than {} characters, the most of this model": "超过 {0} 个字符，这是该模型的上限",
        "is a song of another task than {}": "不是 {0} 所指任务的歌曲",
        "is empty": "为空",
        "is needed beside continue_clip_id: the task that the song is of": (
            "与 continue_clip_id 一起必填：歌曲所属的任务"
        ),
        "is needed where defaultParamFlag is true": "defaultParamFlag 为 true 时必填",
        "is needed where {}": "以下情况必填：{0}",
        "is needed, or gpt_description_prompt (an idea), or tags and title": (
            "必填，或改填 gpt_description_prompt（创意描述），或填 tags 和 title"
        ),
        "the address is that of {}; set region or base_url": (
            "这是 {0} 的地址；请设置 region 或 base_url"
        ),
        "only kie.ai signs callbacks; leave it out": "只有 kie.ai 对回调签名；请删去",
        "only the profile gcui takes one; leave it out": "只有 gcui 这个 profile 需要；请删去",
        "no data: this is no callback of a task": "没有 data：这不是任务的回调",
        "no task id and stage: this is no callback of a task": (
            "没有任务 id 和阶段：这不是任务的回调"
        ),
        "is needed": "必填",
        "the provider answers with the files themselves and no URL: this needs custody of files, "
        "which is switched off (TRACKER_ASSETS)": (
            "该平台直接返回文件而不是 URL：需要文件保管，而它已关闭（TRACKER_ASSETS）"
        ),
        "must be a folder or s3://BUCKET/PREFIX": "必须是文件夹或 s3://BUCKET/PREFIX",
        "custody is switched off (TRACKER_ASSETS)": "文件保管已关闭（TRACKER_ASSETS）",
        "this needs custody of files, which is switched off (TRACKER_ASSETS)": (
            "此功能需要文件保管，而它已关闭（TRACKER_ASSETS）"
        ),
        "it is kept, is being fetched now, or has no URL": "文件已保管、正在下载，或没有 URL",
        "nothing of the body came for {} s, or not all of it within {} s": (
            "请求体中断了 {0} 秒，或未能在 {1} 秒内传完"
        ),
        "the disk of the store is nearly full: nothing more is taken": (
            "存储磁盘将满：不再接收文件"
        ),
        "the file cannot be read now: {}": "现在无法读取文件：{0}",
        "the file cannot be stored now: {}": "现在无法存储文件：{0}",
        "the file is being fetched; it is not kept yet": "文件正在下载，尚未保管",
        "the file is not kept ({}){}": "文件未保管（{0}）{1}",
        "the file is not kept any more": "文件已不再保管",
        "the file is empty": "文件为空",
        "there is no such asset": "没有这个文件",
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
        "day": "天",
        "month": "月",
        "custody is off": "文件保管已关闭",
        "must be own or provider": "必须是 own 或 provider",
        "is needed, or lyrics": "必填，或改填 lyrics",
        "this provider never calls back; leave it out": "此服务商从不回调；请删去",
        "this provider signs no callbacks; leave it out": "此服务商不对回调签名；请删去",
        "each create carries a secret of its own; leave it out": "每次创建各带密钥；请删去",
        "callbacks are signed with published keys; leave it out": "回调由公开的密钥签名；请删去",
        "must be printable ASCII": "只能是可打印的 ASCII 字符",
        "this provider has one kind of upstream; leave it out": "此服务商只有一种上游；请删去",
        "is needed, or {}": "必填，或改填 {0}",
        "access_key and secret_key go together": "access_key 和 secret_key 须一起设置",
        "must be WORD=STATE, with one of: {}": "必须是 WORD=STATE，状态为以下之一：{0}",
        "this is not an object with fields": "这不是带字段的对象",
        "must be at most {} days before until": "最多比 until 早 {0} 天",
        "must be a day like 2026-11-28": "必须是日期，如 2026-11-28",
        "must be one of: json, csv": "必须是 json 或 csv",
        "it is {}: there is nothing to stop": "状态为 {0}：没有可停止的",
        "not the token of a dry run of yours; make a dry run": "不是您的试运行令牌；请先试运行",
        "the dry run is older than ten minutes: make it again": "试运行已超过十分钟：请重新试运行",
        "there is no such run": "没有这个批量操作",
        "it does not match any more": "已不再符合条件",
        "acting on it failed; the service's log has the error": "执行失败；错误见服务日志",
        "nobody in particular: no key was asked for": "未指名：未要求密钥",
        "a command at the service's machine": "服务所在机器上的命令",
        "there is no such account": "没有这个账号",
        "offers no query that costs nothing: the first task shows whether it takes the key": "没有不产生费用的查询：首个任务才能看出密钥是否可用",
        "is missing": "缺失",
        "must be from 1 to {}": "必须在 1 到 {0} 之间",
        "its input is too large for a form": "其输入太大，无法放入表单",
        "there is no such operation": "没有这个操作",
        "the service was restored from a backup and still finds out what was submitted since; nothing new is taken until its operator ends that with `tracker recover --done`": "服务从备份恢复，仍在查明此后提交过什么；在维护者用 `tracker recover --done` 结束之前不接受新任务",
        "the restore has not ended: run `tracker restore` again": "恢复尚未完成：请再次运行 `tracker restore`",
    }
)
