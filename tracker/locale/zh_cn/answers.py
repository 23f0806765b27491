"""Texts of our own about what providers answer: of attempts, receipts, failures and probes.

A provider's own words are shown as they came.
"""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Failures, and results that are not there
        "a task is continued whose id at its provider is not known": "要继续的任务在其服务商处的 ID 未知",
        "the provider gave no reason": "服务商没有说明原因",
        "the provider gave no reason; its whole answer is kept in the task's receipts": (
            "服务商没有说明原因；完整的应答保存在任务的回执中"
        ),
        "{} (the provider names no reason; its whole answer is in the task's receipts)": (
            "{0}（服务商没有说明原因；完整的应答在任务的回执中）"
        ),
        "the provider answered HTTP {} and gave no reason": ("服务商应答了 HTTP {0}，没有说明原因"),
        "the gateway gave no reason": "网关没有说明原因",
        "no reason given": "没有说明原因",
        "it failed": "失败了",
        "the provider let the task expire": "服务商让该任务过期了",
        "it was not made before execution_expires_after had passed": (
            "在 execution_expires_after 规定的时间内没有完成"
        ),
        "deadline reached": "到了期限",
        "deleted at the provider, as was asked for": "已按请求在服务商处删除",
        "suspended by the provider": "被服务商暂停",
        "the provider says UNKNOWN": "服务商称 UNKNOWN（未知）",
        "the prompt was blocked: {}": "提示词被拦截：{0}",
        "the result was blurred by moderation": "结果被内容审核模糊处理",
        "succeeded without content": "已成功，但没有内容",
        "success without creations": "已成功，但没有作品",
        "Ready without a sample": "已就绪（Ready），但没有样本",
        "done without a file": "已完成，但没有文件",
        "done, and neither a video nor a reason is there": "已完成，但既没有视频，也没有原因",
        "Success, and its file is not there yet": "已成功（Success），但文件还没有出现",
        "the provider has deleted the result": "服务商已删除结果",
        "the result is no longer there": "结果已不存在",
        "its result cannot be had": "无法取得结果",
        "the webhook holds no result": "回调中没有结果",
        "the answer holds no picture": "应答中没有图片",
        "the response holds no picture": "应答中没有图片",
        "{} of {} pieces failed": "{1} 个结果中有 {0} 个失败",
        "{} of its songs never came": "有 {0} 首歌曲始终没有出现",
        "{} of {} videos never came": "{1} 个视频中有 {0} 个始终没有出现",
        "{} of {} songs failed: {}": "{1} 首歌曲中有 {0} 首失败：{2:t}",
        "{} of {} songs exist, although the task failed: {}": (
            "任务虽然失败，{1} 首歌曲中仍有 {0} 首存在：{2:t}"
        ),
        "it waits for an answer of its caller's, which nobody will give here": (
            "它在等待调用方的答复，而这里不会有人答复"
        ),
        # Answers to submits and looks
        "not found": "未找到",
        "an empty list": "空列表",
        "an error": "出错",
        "invalid url": "地址无效",
        "accepted without a task_id": "已接受，但没有 task_id",
        "the answer is not JSON": "应答不是 JSON",
        "the answer says nothing of a task": "应答中没有关于任务的内容",
        "a failure that names no task": "失败，但没有说明是哪个任务",
        "complete without a song": "已完成，但没有歌曲",
        "the answer is about another task": "应答说的是另一个任务",
        "the answer is larger than {} bytes": "应答超过 {0} 字节",
        "a line of it is longer than {} bytes": "其中一行超过 {0} 字节",
        "the answer has no list of pictures": "应答中没有图片列表",
        "the answer has no text and no link": "应答中没有文字，也没有链接",
        "the answer ended without its end": "应答没有结束就中断了",
        "{}; it said: {}": "{0:t}；其内容为：{1}",
        "the stream ended without a picture": "流结束时没有图片",
        "the stream told an error": "流报告了错误",
        "the stream broke off: further pictures may have been made": (
            "流中断了：可能还生成了其他图片"
        ),
        "its entry cannot be read": "它的条目无法读取",
        "the task's entry is unreadable": "该任务的条目无法读取",
        "the gateway does not know how it stands": "网关不知道它的状态",
        "the list leaves it out": "列表中没有它",
        "the list does not hold it": "列表中没有它",
        "the proxy's list leaves it out": "代理的列表中没有它",
        "the login's list does not show it": "该登录账号的列表中没有它",
        "none of its songs is in the list": "列表中没有它的任何一首歌曲",
        "no entry of the provider's list carries this task's mark": (
            "服务商的列表中没有带该任务标记的条目"
        ),
        "no entry of the proxy's list carries this task's mark": (
            "代理的列表中没有带该任务标记的条目"
        ),
        "no task in the provider's list carries our id": "服务商的列表中没有带 tracker 所给 ID 的任务",
        "the list is not known to show what is made at once, so that its silence proves nothing": (
            "不知列表是否显示即时生成的任务，因此列表中没有并不能证明什么"
        ),
        "the list shows tasks without a payload, so that its silence proves nothing": (
            "列表中的任务不带 payload，因此查不到并不能说明什么"
        ),
        "{}: redirects are not followed; check the base URL": "{0}：不跟随重定向；请检查基础地址",
        "the provider tests the callback URL while the task is created, and did not reach it: check"
        " TRACKER_PUBLIC_URL, or do without callbacks (option `callbacks` of the account) ({})": (
            "服务商在创建任务时测试回调地址，但没有连通：请检查 TRACKER_PUBLIC_URL，"
            "或不使用回调（账号的 `callbacks` 选项）；它的应答：{0}"
        ),
        # Submits that cannot be made
        "names another task than {}: one can be continued": (
            "与 {0} 指的不是同一个任务：只能延续一个"
        ),
        "10 seconds are made in 720p alone": "10 秒的视频只能以 720p 生成",
        "no id beside data or a status: this is no callback": (
            "没有 ID 以及 data 或状态：这不是回调"
        ),
        "must have an image in each object": "每个对象中都必须有 image",
        "SUCCESS without a file": "SUCCESS，但没有文件",
        "the provider cancels only what is queued, and this task has begun": (
            "服务商只取消排队中的任务，而该任务已经开始"
        ),
        "PiAPI has no task type for it; it has {}": "PiAPI 没有对应的任务类型；它有 {0}",
        "AceDataCloud serves {} only": "AceDataCloud 只提供 {0}",
        # Callbacks
        "this is not a task object": "这不是任务对象",
        "no id and status: this is not a task": "没有 id 和 status：这不是任务",
        "no id and status: this is not a task object": "没有 id 和 status：这不是任务对象",
        "no id and status: this is not a prediction": "没有 id 和 status：这不是 prediction",
        "no task_id and status: this is not a task": "没有 task_id 和 status：这不是任务",
        "no id and state: this is not a task": "没有 id 和 state：这不是任务",
        "no request_id and status: this is not a webhook of the provider's": (
            "没有 request_id 和 status：这不是服务商的 webhook"
        ),
        "the provider says {}": "服务商称 {0}",
        "the event says {}": "事件称 {0}",
        "the event {}": "事件 {0}",
        "its body is documented nowhere": "没有任何文档说明其正文",
        "a gateway has news; its body is not documented": "网关有新消息；其正文没有文档说明",
        "it says that all is done, and names nothing": "它说全部完成，却没有给出任何结果",
        "the wrapper of the bot says that a task is done": "机器人的封装服务说一个任务已完成",
        # Proofs of callbacks
        "no signature fits": "没有匹配的签名",
        "not signed: no {}": "未签名：没有 {0}",
        "not signed: no {} header": "未签名：没有请求头 {0}",
        "{} does not fit": "{0} 不匹配",
        "{} is no JWT": "{0} 不是 JWT",
        "{} is not hexadecimal": "{0} 不是十六进制",
        "{} is not a time in Unix seconds": "{0} 不是以秒计的 Unix 时间",
        "{} is too far from now": "{0} 与当前时间相差太远",
        "{} is not the user of this account": "{0} 不是该账号的用户",
        "the body names no id that could be signed": "正文中没有可签名的 ID",
        "no published key fits": "没有匹配的公开密钥",
        "no published key fits the signature": "没有与签名匹配的公开密钥",
        "no published key of this id is at hand": "手头没有具有该 ID 的公开密钥",
        "the JWT asks for an extension that is not known here": "该 JWT 要求一种此处不支持的扩展",
        "the JWT is not signed by RS256": "该 JWT 不是以 RS256 签名的",
        "the JWT has expired, or does not say when it does": "该 JWT 已过期，或没有写明过期时间",
        "the JWT is for another audience": "该 JWT 是给另一个受众的",
        "the JWT is from the future": "该 JWT 的签发时间在未来",
        "x-hmac-algorithm is not hmac-sha256": "x-hmac-algorithm 不是 hmac-sha256",
        "x-hmac-access-key names another key": "x-hmac-access-key 指的是另一个密钥",
        "date is no time within five minutes of now": "date 不是五分钟以内的时间",
        "the answer names no operation that could be asked about": ("应答中没有可供查询的操作名称"),
        "an event of it is longer than {} bytes": "其中一个事件超过 {0} 字节",
        "no picture of the answer can be read: {}": "应答中没有可读的图片：{0:t}",
        "the picture came as base64, although its address was asked for": (
            "图片以 base64 返回，而请求的是其地址"
        ),
        "the video came within the answer, and was not kept": "视频直接在应答中返回，没有保存下来",
        "the answer names a task of the gateway's instead of a picture": (
            "应答给出的是网关的任务，而不是图片"
        ),
        "what stands in its place is no picture": "该位置的内容不是图片",
        # Probes
        "answers in its own words, and takes the credentials": "以自己的格式应答，并接受凭证",
        "answers, but cannot tell now: {}": "有应答，但现在无法判断：{0:t}",
        "could not be reached: {}": "无法连通：{0:t}",
        "refuses this account: {}": "拒绝该账号：{0:t}",
        "takes the credentials, but {} is {}": "接受凭证，但 {0} 为 {1}",
        "{}: no answer of its API; check the base URL": "{0}：不是其 API 的应答；请检查基础地址",
        "{}: no such API here; check the base URL": "{0}：此处没有该 API；请检查基础地址",
        "{}: no such API here; check base URL and profile": (
            "{0}：此处没有该 API；请检查基础地址和 profile"
        ),
        # Of the parser of JSON, and of connections
        "Expecting value: line {} column {} (char {})": "第 {0} 行第 {1} 列缺少值（字符 {2}）",
        "Expecting property name enclosed in double quotes: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列缺少带双引号的属性名（字符 {2}）"
        ),
        "Expecting ':' delimiter: line {} column {} (char {})": "第 {0} 行第 {1} 列缺少“:”（字符 {2}）",
        "Expecting ',' delimiter: line {} column {} (char {})": "第 {0} 行第 {1} 列缺少“,”（字符 {2}）",
        "Extra data: line {} column {} (char {})": "第 {0} 行第 {1} 列之后有多余内容（字符 {2}）",
        "Unterminated string starting at: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列开始的字符串没有结尾（字符 {2}）"
        ),
        "Invalid control character at: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列有不允许的控制字符（字符 {2}）"
        ),
        "Invalid \\escape: line {} column {} (char {})": "第 {0} 行第 {1} 列有无效的转义（字符 {2}）",
        "Invalid \\uXXXX escape: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列有无效的 \\uXXXX 转义（字符 {2}）"
        ),
        "Illegal trailing comma before end of object: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列对象末尾有多余的逗号（字符 {2}）"
        ),
        "Illegal trailing comma before end of array: line {} column {} (char {})": (
            "第 {0} 行第 {1} 列数组末尾有多余的逗号（字符 {2}）"
        ),
        "could not connect: {} (All connection attempts failed)": "无法连接：{0}（所有连接尝试都失败了）",
        "could not connect: {} (Connection refused)": "无法连接：{0}（连接被拒绝）",
        "could not connect: {} (Connection reset by peer)": "无法连接：{0}（连接被对方重置）",
        "could not connect: {} (Connection timed out)": "无法连接：{0}（连接超时）",
        "could not connect: {} (No route to host)": "无法连接：{0}（没有到该主机的路由）",
        "could not connect: {} (Network is unreachable)": "无法连接：{0}（网络不可达）",
        "All connection attempts failed": "所有连接尝试都失败了",
        "Connection refused": "连接被拒绝",
        "Connection reset by peer": "连接被对方重置",
        "Connection timed out": "连接超时",
        "No route to host": "没有到该主机的路由",
        "Network is unreachable": "网络不可达",
        "Server disconnected without sending a response.": "服务器未作应答便断开了连接",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} (_ssl.c:{})": (
            "证书校验失败：{0:t}"
        ),
        "its certificate is not accepted: {}": "其证书不被接受：{0:t}",
        "no TLS comes about: {}": "无法建立 TLS：{0:t}",
        "HTTP {}, code {}, {}": "HTTP {0}，代码 {1}，{2:t}",
        "HTTP {}, {}": "HTTP {0}，{1:t}",
        "certificate has expired": "证书已过期",
        "self-signed certificate": "自签名证书",
        "self-signed certificate in certificate chain": "证书链中有自签名证书",
        "unable to get local issuer certificate": "找不到签发者的证书",
        "Hostname mismatch, certificate is not valid for {}": "主机名不符，证书不适用于 {0}",
        # Networks that are not public, by their names in the registry of the IANA
        "{} is Private-Use ({})": "{0} 是私有网段（{1}）",
        "{} is Unique-Local ({})": "{0} 是私有网段（{1}）",
        "{} is Loopback ({})": "{0} 是本机回环网段（{1}）",
        "{} is Loopback Address ({})": "{0} 是本机回环地址（{1}）",
        "{} is Link Local ({})": "{0} 是链路本地网段（{1}）",
        "{} is Shared Address Space ({})": "{0} 是运营商共享网段（{1}）",
        "Name or service not known": "找不到该名称的地址",
        "Temporary failure in name resolution": "名称解析暂时失败",
    }
)
