"""Reasons that tasks, attempts, looks and files have of ours: shown on pages, told by the API."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Steps of a task
        "a person found it at the provider": "人工确认：服务商已有该任务",
        "a person knows that it was never made; sent again": "人工确认：从未创建；已重新发送",
        "a person knows that it was never made": "人工确认：从未创建",
        "a person gave up finding out whether it was made": "人工放弃确认该任务是否已创建",
        "restored from a backup of {}: it may have been sent after that": (
            "从 {0} 的备份恢复：此后可能已发送"
        ),
        "its text is longer than {} characters": "其文本超过 {0} 个字符",
        # Attempts and looks
        "waiting for a free slot": "正在等待空闲的并发名额",
        "its account is not in the settings (any more)": "设置中（已）没有它的账号",
        "there is nothing to ask by": "没有可用于询问的标识",
        "the provider knows the task by its own id only, and has not told us that": (
            "服务商只认自己的任务 ID，而尚未告知该 ID"
        ),
        "nothing finds a submit of unknown outcome at this provider": (
            "在该服务商处无法查找结果未知的提交"
        ),
        "nothing in the provider's list is like this task": "服务商的列表中没有与此任务相同的任务",
        "in the provider's list these may be it, a person must say which: {}": (
            "服务商的列表中可能是它的有（须由人指明）：{0}"
        ),
        "no request of this input in the provider's list": "服务商的列表中没有此输入的请求",
        "no task of this model and time in the provider's list": (
            "服务商的列表中没有此模型在该时间的任务"
        ),
        "the answer leads on for this task alone": "该应答只为此任务引向下一次调用",
        "more than {} calls lead on from one answer": "一个应答引出的调用超过 {0} 次",
        "not on the first {} pages of the provider's list": "不在服务商列表的前 {0} 页中",
        "the provider's list cannot be read": "无法读取服务商的列表",
        "the answer could not be recorded; see the log": "应答未能记录；见日志",
        "the provider asked us to slow down": "服务商要求放慢请求",
        "asked for this task, told of {}": "询问的是该任务，得到的却是 {0}",
        "the exchange for a token failed; see the log": "换取令牌失败；见日志",
        "the account's proxy refuses its user and password (407)": (
            "账号的代理拒绝其用户名和密码（407）"
        ),
        "a proxy on the way asks for a password (407)": "途中的代理要求密码（407）",
        "the network asks to sign in first (511): is it a captive portal?": (
            "网络要求先登录（511）：是否为强制门户？"
        ),
        "Cloudflare did not reach the provider ({})": "Cloudflare 未能连接到服务商（{0}）",
        "HTTP {} leads to {}: redirects are not followed; check the base URL": (
            "HTTP {0} 指向 {1}：不跟随重定向；请检查基础地址"
        ),
        "the answer broke off: {}": "应答中断：{0:t}",
        # Calls that failed
        "the connection took too long to be made": "建立连接用时过长",
        "the connection took too long to be made: {}": "建立连接用时过长：{0:t}",
        "could not connect": "无法连接",
        "could not connect: {}": "无法连接：{0:t}",
        "the connection was cut before the whole answer came": "应答未完整到达，连接已中断",
        "the connection was cut before the whole answer came: {}": "应答未完整到达，连接已中断：{0:t}",
        "no answer came in time": "未及时收到应答",
        "no answer came in time: {}": "未及时收到应答：{0:t}",
        "the connection was cut while the request was sent": "发送请求时连接中断",
        "the connection was cut while the request was sent: {}": "发送请求时连接中断：{0:t}",
        "the request could not be sent in time": "请求未能及时发出",
        "the request could not be sent in time: {}": "请求未能及时发出：{0:t}",
        "no connection became free in time": "未能及时取得空闲连接",
        "no connection became free in time: {}": "未能及时取得空闲连接：{0:t}",
        "the answer is not proper HTTP": "应答不是正确的 HTTP",
        "the answer is not proper HTTP: {}": "应答不是正确的 HTTP：{0:t}",
        "the request cannot be written as HTTP": "请求无法写成 HTTP",
        "the request cannot be written as HTTP: {}": "请求无法写成 HTTP：{0:t}",
        "the proxy did not connect": "代理未能连接",
        "the proxy did not connect: {}": "代理未能连接：{0:t}",
        "the address is not one of HTTP": "地址不是 HTTP 地址",
        "the address is not one of HTTP: {}": "地址不是 HTTP 地址：{0:t}",
        "the address is not valid": "地址无效",
        "the address is not valid: {}": "地址无效：{0:t}",
        "the call failed": "调用失败",
        "the call failed: {}": "调用失败：{0:t}",
        # Answers
        "the answer did not come in time": "应答未及时到达",
        "the answer is empty": "应答为空",
        "a file in the answer ends within an escape": "应答中的文件在转义序列内中断",
        "the answer ends within a file": "应答在文件中途结束",
        "the answer's encoding is broken: {}": "应答的编码已损坏：{0}",
        "the answer broke off within its encoding": "应答在编码中途断开",
        "the answer is encoded {} times": "应答编码了 {0} 次",
        "the answer has an unknown encoding: {}": "应答的编码未知：{0}",
        "a text in the answer is larger than {} bytes": "应答中的一段文本超过 {0} 字节",
        "a file in the answer is no base64: {}": "应答中的文件不是 base64：{0}",
        "a file of the answer is larger than {} bytes": "应答中的文件超过 {0} 字节",
        # Callbacks
        "the signature does not cover the body: the provider is asked": (
            "签名未覆盖正文：将询问服务商"
        ),
        "unsigned: the provider is asked before it counts": "未签名：生效前先询问服务商",
        "it leaves out {}: the provider is asked for it": "缺少 {0}：将向服务商询问",
        "{} is longer than {} characters": "{0} 超过 {1} 个字符",
        "{} is too old: off by {} s": "{0} 太旧：相差 {1} 秒",
        "{} is too far in the future: off by {} s": "{0} 超前太多：相差 {1} 秒",
        # Files
        "nothing says where it lies": "没有说明文件在何处",
        "the disk has become too full for it": "磁盘已满，放不下该文件",
        "its object has vanished from the store": "存储中的对象已消失",
        "its object has vanished from the store; {}": "存储中的对象已消失；{0:t}",
        "an SVG can hold scripts: it is handed out as a download only": (
            "SVG 可能含有脚本：只作为下载提供"
        ),
        "the bytes have another digest ({}) than the origin names": (
            "内容的摘要（{0}）与来源所称的不同"
        ),
        "a file of an answer waits on {} until the store takes it: {}": (
            "回答中的文件在 {0} 上等待存储接收：{1:t}"
        ),
        "it has not within {} s": "{0} 秒内没有接收",
        "the origin sent nothing": "来源没有发送任何内容",
        "the origin sent {} in the place of the {}": "来源发送的是 {0}，而不是 {1}",
        "the origin announced {} bytes and sent {}": "来源声明 {0} 字节，实际发送 {1} 字节",
        "more came than the {} bytes that the origin announced": (
            "来源发送的内容多于其声明的 {0} 字节"
        ),
        "the file is cut: it says that it has {} bytes or more, and {} came": (
            "文件不完整：文件自身表明至少有 {0} 字节，只收到 {1} 字节"
        ),
        "the file is cut: {} bytes came without its end": (
            "文件不完整：收到的 {0} 字节中没有文件的结尾"
        ),
        "the origin answers {}": "来源应答 {0}",
        "{}, under a renewed URL too": "{0:t}，换用新的地址后也是如此",
        "{}; the origin names no version to go on with": "{0:t}；来源未提供可续传的版本标识",
        "{}; the origin does not go on with the same file": "{0:t}；来源不再提供同一文件",
        "only {} bytes came within {} s": "{1} 秒内只收到 {0} 字节",
        "not a byte came for {} s": "{0} 秒内没有收到任何字节",
        "{} bytes unpack to more than {} times as many": "{0} 字节解压后超过 {1} 倍",
        "more than {} redirects": "重定向超过 {0} 次",
        "it redirects without saying where to": "重定向但未说明目标",
        "the store ended a file before its end": "存储在文件结束前中断",
        "the connection ended after {} of {} bytes": "连接在 {1} 字节中的第 {0} 字节处中断",
        "its answer will hold its files, and the store of assets takes none now": (
            "其回答会直接带文件，而文件存储现在不接收文件"
        ),
        "larger than a page may show": "超出页面可显示的大小",
        # Files of the archive
        "{} is not in the database: it is of before a restore, or of another": (
            "{0} 不在数据库中：来自恢复之前，或属于另一个数据库"
        ),
        "{} has {} rows and not {}": "{0} 有 {1} 行，而不是 {2} 行",
        "{} is not what was written: its SHA-256 is another": ("{0} 与写入时不同：SHA-256 不一致"),
        "{} cannot be read: {}": "{0} 无法读取：{1:t}",
        "has {} bytes and not {}": "有 {0} 字节，而不是 {1} 字节",
        "is not there": "不存在",
        # Conditions
        "the store of assets cannot be used: {}": "无法使用文件存储：{0:t}",
        "the store has not taken and deleted a file within {} s": (
            "文件存储未能在 {0} 秒内写入并删除一个文件"
        ),
        "No space left on device ({})": "磁盘空间已满（{0}）",
        "{} is not the folder that assets are kept in": "{0} 不是存放文件的目录",
        "the bucket, or the object in it, is not there ({}): {}": "存储桶或其中的对象不存在（{0}）：{1}",
        "the bucket refuses access ({}): {}": "存储桶拒绝访问（{0}）：{1}",
        "the bucket does not take the credentials ({}): {}": "存储桶不接受凭证（{0}）：{1}",
        "the clock of this machine is too far off for the bucket ({}): {}": (
            "本机时钟与存储桶相差太大（{0}）：{1}"
        ),
        "the bucket does not know AWS_ACCESS_KEY_ID ({}): {}": (
            "存储桶不认识 AWS_ACCESS_KEY_ID（{0}）：{1}"
        ),
        "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID ({}): {}": (
            "AWS_SECRET_ACCESS_KEY 与 AWS_ACCESS_KEY_ID 不匹配（{0}）：{1}"
        ),
        "the bucket does not take the credentials: they have expired ({}): {}": (
            "存储桶不接受凭证：已过期（{0}）：{1}"
        ),
        "there is no such bucket ({}): {}": "没有这个存储桶（{0}）：{1}",
        "the bucket is in another region than AWS_REGION ({}): {}": (
            "存储桶所在区域与 AWS_REGION 不同（{0}）：{1}"
        ),
        "the bucket does not do what is asked ({}): {}": "存储桶未能完成请求（{0}）：{1}",
        "{} bytes are free where assets are kept, less than TRACKER_ASSET_MIN_FREE_BYTES ({}):"
        " nothing is fetched": (
            "文件存储处剩余 {0} 字节，少于 TRACKER_ASSET_MIN_FREE_BYTES（{1}）：不再获取文件"
        ),
        "the clock of a process is {} s ahead of the database server's. Times are kept by the"
        " server, but logs differ: let both hosts follow one time server": (
            "某进程的时钟比数据库服务器快 {0} 秒。时间以服务器为准，但日志会不一致：请让两台主机使用同一时间服务器"
        ),
        "the clock of a process is {} s behind the database server's. Times are kept by the"
        " server, but logs differ: let both hosts follow one time server": (
            "某进程的时钟比数据库服务器慢 {0} 秒。时间以服务器为准，但日志会不一致：请让两台主机使用同一时间服务器"
        ),
        "it redirects to what is no URL": "它重定向到的不是网址",
        "a file in the answer is no base64: it goes on behind its end": (
            "应答中的文件不是 base64：它在末尾之后还有内容"
        ),
        "its host is an address in disguise; write it in plain form": (
            "其主机名是变了形的地址；请用普通写法"
        ),
        "the origin went on with the bytes of another file": "源站续传的是另一个文件的字节",
        "the provider asked to wait with tasks like this one": "服务商要求此类任务稍候",
        "a message with this webhook-id came before": "带有此 webhook-id 的消息之前已到达",
    }
)
