"""设置、账户文件与账户选项中的错误。"""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # Of the file that TRACKER_CONFIG names
        "No such file or directory": "没有这个文件或目录",
        "Not a directory": "路径中有一段不是目录",
        "File exists": "那里已有文件",
        "Is a directory": "这是目录，不是文件",
        "Permission denied": "没有权限",
        "no file has such a name": "文件不能有这样的名字",
        "not UTF-8 text": "不是 UTF-8 文本",
        "not TOML: {}": "不是 TOML：{0:t}",
        "Invalid value {}": "值无效 {0}",
        "Cannot declare {} twice {}": "{0} 重复声明 {1}",
        "no such account": "没有这个账户",
        "goes with the units second and piece": "只适用于单位 second 和 piece",
        (
            "price[{}]: {} names no usual length of {}{}: where an input has none there is no"
            " estimate, and budgets count nothing; give `usual`"
        ): (
            "price[{0}]：{1} 没有给出 {2}{3} 的通常时长：输入中没有时长时无法估算，预算也不计入；"
            "请填写 `usual`"
        ),
        "{}… sets an account of this name; give it another": "{0}… 已设置同名账户；请换一个名字",
        'must be a number, like 0.35 or "0.35"': '必须是数字，例如 0.35 或 "0.35"',
        "must be days, hours or minutes, such as 30d, 12h or 90m; or never": (
            "必须是天、小时或分钟，例如 30d、12h 或 90m；或 never"
        ),
        # Of accounts
        "must be PROVIDER=HOST, with a host name and no port": (
            "必须是 PROVIDER=HOST，其中是主机名，不带端口"
        ),
        "must be a path like /tracker, with no slash at the end": (
            "必须是 /tracker 这样的路径，末尾不带斜杠"
        ),
        "{}/{} is used for something else": "{0}/{1} 另有他用",
        "no such profile; one of: {}": "没有这个 profile；可选：{0}",
        "is needed for the profile {}": "profile {0} 需要填写此项",
        "is needed for the profile that is taken where none is set": (
            "未设置 profile 时所用的那一个需要填写此项"
        ),
        "the address is that of {}; set region or base_url": (
            "这是 {0} 的地址；请设置 region 或 base_url"
        ),
        "excludes {}; set one": "与 {0} 不能同时设置；请只设一个",
        "{} and {} go together; this one is missing": "{0} 与 {1} 须一起设置；缺少这一个",
        "profile {} takes an api_key": "profile {0} 使用 api_key",
        "a proxy of the kind {} does not serve it": "{0} 类代理不提供它",
        "no RSA key of 2048 bits": "不是 2048 位的 RSA 密钥",
        "must be OWNER/MODEL, with a path or without": "必须是 OWNER/MODEL，可带路径",
        "the gateway's page is not known; set an account with profile custom": (
            "不了解这个网关；请设置 profile 为 custom 的账户"
        ),
        "it answers with a stream of broken JSON that no page shows": (
            "它以残缺的 JSON 流应答，没有文档说明"
        ),
        "events are not signed with a secret; leave it out": "事件不用密钥签名；请去掉该项",
        # Of single settings
        "must be the path of a folder, and a file stands there": "必须是文件夹的路径，而那里是文件",
        "must be more than {}": "必须大于 {0}",
        "must be more than {}; got {}": "必须大于 {0}；收到 {1}",
        "docs/reference/settings.md has them all": "全部设置见 docs/reference/settings.md",
        (
            "must be at least {} letters, digits and signs without a space: make one with"
            " `openssl rand -hex 32`"
        ): "至少须有 {0} 个字母、数字和符号，不含空格：可用 `openssl rand -hex 32` 生成",
        "must be a network in CIDR notation, like 10.0.0.0/8; separate several by commas": (
            "必须是 CIDR 写法的网段，例如 10.0.0.0/8；多个以逗号分隔"
        ),
        "must be a network in CIDR notation, without bits behind its prefix: write {}": (
            "必须是 CIDR 写法的网段，前缀之后不能有值：请写 {0}"
        ),
        (
            "{} can never match: its addresses stand for IPv4 addresses, and those are what is"
            " compared; {}"
        ): "{0} 永远不会匹配：它的地址代表 IPv4 地址，比较的是后者；{1:t}",
        "write the IPv4 network itself": "请写 IPv4 网段本身",
        "write the IPv4 network, {}": "请写 IPv4 网段 {0}",
        (
            "there are no API keys: through {} only callbacks are taken, everything else is"
            " refused; make a key with `tracker keys create` for whoever calls the API"
        ): (
            "还没有 API 密钥：经 {0} 只接收回调，其余一律拒绝；请用 `tracker keys create` "
            "为 API 的调用者创建密钥"
        ),
        # Of operations that an account does not serve
        "the upstream of account {} takes files in its forms": "账户 {0} 的上游在表单中接收文件",
        "the upstream of account {} serves tasks only": "账户 {0} 的上游只提供任务",
        "the upstream of account {} tells no such balance": "账户 {0} 的上游不提供这种余额",
        "the proxy of account {} takes no pictures": "账户 {0} 的代理不接收图片",
        "the account's upstream offers no way to cancel": "账户的上游不能取消任务",
        "the account's upstream has no list": "账户的上游没有列表",
        "the account's upstream has no such operation": "账户的上游没有这种操作",
        "new-api serves {} only": "new-api 只提供 {0}",
        "account {} speaks the {} dialect only": "账户 {0} 只使用 {1} 方言",
        (
            "the new standard takes an API key; account {} has an access-key/secret-key pair,"
            " which it refuses (401, code 1002)"
        ): (
            "新标准使用 API key；账户 {0} 是 access key 与 secret key 一对，会被拒绝"
            "（401，代码 1002）"
        ),
        "it is still being made: ask again": "仍在生成：请稍后再查",
        (
            "the answer broke off: it is not known whether anything was made, and it may be"
            " charged for; it is not made again"
        ): "应答中断：不知道是否已生成，可能已计费；不会再次生成",
    }
)
