"""每种问题类型的含义与处理办法。"""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.locale.explanation import Explanation

EXPLANATIONS: Mapping[str, Explanation] = MappingProxyType(
    {
        "malformed-request": Explanation(
            "无法读取请求",
            "请求体不是 JSON，查询参数未知或重复，或游标属于另一个列表。",
            "按 `errors` 修改：每一项都有 `path`（位置）和 `reason`（原因）。原样重试仍会被拒绝。",
        ),
        "disconnected": Explanation(
            "客户端已断开连接",
            "请求尚未收全，连接就断了。只会出现在日志里。",
            "重新发送即可；带上 `Idempotency-Key` 就不会重复创建任务。",
        ),
        "unauthenticated": Explanation(
            "需要有效的 API 密钥",
            "没有携带密钥，或密钥不存在、已吊销、已过期；也可能是请求经代理转发而来，而服务还没有任何"
            "密钥。具体原因见 `WWW-Authenticate`。",
            "发送 `Authorization: Bearer KEY`。在服务所在的机器上创建密钥：`tracker keys create`。",
        ),
        "callback-unproven": Explanation(
            "回调缺少签名或签名错误",
            "该账号设置了 webhook 密钥，而这个回调没有签名、用了别的密钥签名，或时间相差超过五分钟。"
            "它会以 `forged` 记录保存下来。",
            "把服务商控制台里的密钥设为该账号的 webhook 密钥（轮换期间可设两个），并检查双方时钟。"
            "漏掉的结果会通过轮询补上。",
        ),
        "forbidden": Explanation(
            "该密钥权限不足",
            "密钥有效，但缺少 `detail` 中写明的权限范围（scope）。",
            "换用具有该权限的密钥：`tracker keys create --scope SCOPE`。",
        ),
        "foreign-page": Explanation(
            "其他网站的页面不允许执行此操作",
            "本机访问不需要密钥，而这个请求是浏览器替另一个网站的页面发出的。",
            "创建密钥并随请求发送，或者改由程序、或本服务自己的页面来调用。",
        ),
        "not-found": Explanation(
            "未找到",
            "服务没有这个地址，或对象不存在，或对象属于其他租户。后两种情况有意给出相同的回答。",
            "检查 ID 和路径（见 [HTTP](http.md)），并确认密钥属于正确的租户。",
        ),
        "method-not-allowed": Explanation(
            "此处不支持该方法",
            "路径存在，但不支持这个 HTTP 方法。",
            "使用响应头 `Allow` 中列出的方法。",
        ),
        "body-too-slow": Explanation(
            "请求体未能及时到达",
            "在 `TRACKER_BODY_TIMEOUT_S` 秒内没有收到完整的请求体，或者较大的请求体传输过慢。",
            "重新发送；线路较慢而请求体较大时，用 URL 代替 base64。",
        ),
        "head-too-slow": Explanation(
            "请求头未能及时到达",
            "请求行和请求头没有在规定时间内收全。",
            "重新发送；检查网络，以及是否有中间设备扣住了请求。",
        ),
        "conflict": Explanation(
            "与当前状态冲突",
            "请求与 `detail` 所说的状态不符：例如 `external_task_id` 已存在，或任务已不能取消、不能重新"
            "提交。",
            "读取该对象后再决定。原样重试没有用。",
        ),
        "being-sent": Explanation(
            "任务正在发送",
            "此刻正有一个请求发往服务商，暂时无法判断任务是否还能取消。",
            "等待 `Retry-After` 所示的时间后再试。",
        ),
        "idempotency-key-in-flight": Explanation(
            "使用同一 Idempotency-Key 的首个请求仍在处理",
            "两个请求同时使用了同一个 `Idempotency-Key`。",
            "等待 `Retry-After` 所示的时间后重发，会得到首个请求创建的任务。",
        ),
        "idempotency-key-reused": Explanation(
            "该 Idempotency-Key 已用于另一个请求",
            "这个 `Idempotency-Key` 之前随另一个请求体出现过。",
            "新请求用新的键；只有重发同一个请求时才使用相同的键。",
        ),
        "cursor-too-old": Explanation(
            "变更流已不含此游标之后的全部内容",
            "游标之后的变更已不完整，或恢复了较旧的数据库。",
            "先列出任务（`GET /v1/tasks`），再从 `after=now` 继续跟踪变更。",
        ),
        "gone": Explanation(
            "内容已不再保留",
            "它曾经存在，已按保留规则删除：以 `TRACKER_KEEP_…` 命名的设置决定保留多久。",
            "请在到期前自行保存所需内容，或请运维人员延长保留时间。再次请求也无法取回。",
        ),
        "task-gone": Explanation(
            "任务已不再保留",
            "任务曾经存在，已按保留规则删除（`TRACKER_KEEP_TASKS`）。`state` 与 `finished_at` 是它结束时的状态与时间。",
            "可由此得知最终状态。其结果、历史与输入已删除。",
        ),
        "input-gone": Explanation(
            "任务的输入已不再保留",
            "要重新提交的任务，其输入已按保留规则删除（`TRACKER_KEEP_INPUTS`）。",
            "请把该输入作为新任务提交。",
        ),
        "body-too-large": Explanation(
            "请求体过大",
            "请求体超过 `TRACKER_MAX_BODY_BYTES`，或回调超过 `TRACKER_CALLBACK_MAX_BYTES`。",
            "图像用 URL 代替 base64，或调高上限。",
        ),
        "url-too-long": Explanation(
            "URL 过长",
            "路径与查询串超过了服务读取的长度。",
            "一次少查一些；`POST /v1/tasks/query` 的请求体可带 500 个 ID。",
        ),
        "wrong-media-type": Explanation(
            "请求体必须是 JSON",
            "`Content-Type` 不是 JSON。",
            "发送 `Content-Type: application/json`。",
        ),
        "invalid-request": Explanation(
            "请求无效",
            "请求体可以读取，但有字段不正确。没有写入任何记录。",
            "按 `errors` 修改：每一项都有 `path`（位置）和 `reason`（原因），所有错误字段会一次列全。",
        ),
        "budget-exceeded": Explanation(
            "预算已用完",
            "这个任务会超出租户或密钥的预算。没有写入任何记录，也没有向服务商发送任何请求。",
            "等到预算的下一天或下个月，或请运维人员调高预算（`tracker budgets set`）。"
            "`GET /v1/costs` 给出已花费的金额。",
        ),
        "rate-limited": Explanation(
            "请求过于频繁",
            "该密钥这一分钟的请求数已用完（`RateLimit` 给出余量）。",
            "按 `Retry-After` 等待。不要反复查询，可以改用 `?wait=N`、变更流或 webhook 等待消息。",
        ),
        "head-too-large": Explanation(
            "请求头过大",
            "全部请求头合计，或其中某一项，超过了服务读取的大小。",
            "去掉不需要的内容：cookie、令牌、链路追踪字段等。",
        ),
        "unsupported-encoding": Explanation(
            "不支持的编码",
            "请求体使用了此处不读取的压缩方式，或被压缩超过三次。",
            "不压缩直接发送，或使用 `Content-Encoding`：`gzip` 或 `deflate`；文件和被转发的内容不要压缩。",
        ),
        "internal-error": Explanation(
            "内部错误",
            "服务自身的故障。详情在服务日志中，可用 `request_id` 查找。",
            "可以重试一次；仍然失败时，把 `request_id` 交给服务的维护者。",
        ),
        "recovering": Explanation(
            "正在从备份恢复",
            "服务从备份恢复，正在查明备份之后提交过什么。读取与回调照常，不接受新任务。没有记录任何内容。",
            "等待 `Retry-After` 所示的时间，用相同的 `Idempotency-Key` 重试。维护者：`tracker recover` 说明进度，"
            "`tracker recover --done` 结束恢复。",
        ),
        "unavailable": Explanation(
            "暂时不可用",
            "数据库没有响应或暂时不能写入，或者无法获取用于回调签名的公钥。没有确认任何内容。",
            "等待 `Retry-After` 所示的时间，用相同的 `Idempotency-Key` 重试。维护者请查看 `/readyz` 与"
            " `tracker doctor`。",
        ),
    }
)
"""键是 `type` 的最后一段，按状态码排列。"""
