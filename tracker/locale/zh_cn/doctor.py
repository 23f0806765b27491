"""`tracker doctor` 的发现。"""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "{} with no credentials: the provider will refuse every task": "{0}，没有凭据：服务商会拒绝每个任务",
        "callbacks must be signed": "回调必须签名",
        "none is set, so that every task is refused: set TRACKER_{PROVIDER}_API_KEY, e.g.": "一个也没有设置，所以每个任务都会被拒绝：请设置 TRACKER_{PROVIDER}_API_KEY，例如",
        "no webhook secret: callbacks are believed for the token in their URL": "没有 webhook 密钥：凭网址中的令牌相信回调",
        "offers no query that costs nothing: the first task shows whether it takes the key": "没有免费的查询：第一个任务才能说明密钥是否有效",
        "no limit of ours (max in flight): the provider's own is what holds tasks back": "我们没有设并发上限（max in flight）：只受服务商自己的限制",
        "{} with {}{}": "{0}，使用 {1}{2}",
        "none runs on this database now": "目前没有进程使用这个数据库",
        "the secrets of {} endpoints were sealed with one that is not among these: their deliveries wait. Put it back as a further one": "{0} 个端点的密钥是用不在其中的密钥封存的：它们的投递在等待。请把它作为后备密钥放回",
        "{} run, and the background work is done": "{0} 个进程在运行，后台工作有人做",
        "{} cannot reach {}: a loopback, private or local address; give one that the Internet reaches (a tunnel will do), or unset it: then every task is polled for": "{0} 无法访问 {1}：这是回环、私有或本地地址；请给出互联网可访问的地址（隧道亦可），或取消设置：那样每个任务都靠轮询",
        "could not be tried: {} {}, and nothing of ours answers on port {} here; start the service and run doctor again": "无法尝试：{0} {1}，且本机端口 {2} 上没有我们的服务应答；请启动服务后再运行 doctor",
        "not set: providers cannot call back, every task is polled for": "未设置：服务商无法回调，每个任务都靠轮询",
        "plain http: the tokens in callback URLs can be read on the way": "明文 http：回调网址中的令牌可能在途中被读取",
        "could not be tried: no service ever ran with these settings; start it, ask again": "无法尝试：还没有服务用这些设置运行过；请启动后再试",
        "this service answers at {}: callbacks arrive": "本服务在 {0} 应答：回调可以到达",
        "the service runs here, and {} does not lead to it: {}": "服务在本机运行，但 {0} 到不了它：{1}",
        "providers call back to {}/callbacks/…": "服务商回调到 {0}/callbacks/…",
        "could not be tried: {}": "无法尝试：{0}",
        "nothing reads this name; did you mean {}?": "没有任何程序读取这个名字；是否想写 {0}？",
        "{} MB are free in {}: make room before it is full": "{1} 只剩 {0} MB：请在写满之前腾出空间",
        "{}: without a key only programs on this machine are answered, until the first key is made": "{0}：没有密钥时只应答本机程序，直到创建第一个密钥",
        "callers' URLs may also reach {}": "调用方的网址还可以访问 {0}",
        "{} sign what goes to a task's webhook_url or callback_url": "{0} 个密钥用于签名发往任务的 webhook_url 或 callback_url 的内容",
        "several processes write one SQLite file in turn: correct, but slower than one": "多个进程轮流写一个 SQLite 文件：正确，但比一个进程慢",
        "off: {} takes requests from anybody {}; a gateway must stand in front": "关闭：{0} 接受任何人的请求 {1}；前面必须有网关",
        "not set: what goes to a task's own webhook_url or callback_url is not signed": "未设置：发往任务自己的 webhook_url 或 callback_url 的内容不签名",
        "without {} each request takes more of the processor": "没有 {0}，每个请求占用更多处理器时间",
        "cannot be used with TRACKER_TLS_KEY: {}": "不能与 TRACKER_TLS_KEY 一起使用：{0}",
        "other users may read {}: run `chmod {} {}`": "其他用户可以读取 {0}：请运行 `chmod {1} {2}`",
        "requests are read the fast way": "以较快的方式读取请求",
        "{} answers and has the right schema": "{0} 有应答，结构正确",
        "{} stands before the server; settings travel with each transaction": (
            "服务器前有 {0}；设置随每个事务发送"
        ),
        "{} asks everybody for a key": "{0} 要求所有人提供密钥",
        "callers' URLs reach public addresses only": "调用方的网址只能访问公网地址",
        "not set: one is kept in {}; set it when several machines serve one database, or callbacks that reach another machine are refused": "未设置：密钥保存在 {0}；多台机器共用一个数据库时请设置，否则到达另一台机器的回调会被拒绝",
        "counts requests by key, and TRACKER_AUTH=off asks for none: nothing is limited": "按密钥计数，而 TRACKER_AUTH=off 不要求密钥：没有任何限制",
        "is {}, and TRACKER_PUBLIC_URL does not end with it: callbacks may miss us": "为 {0}，而 TRACKER_PUBLIC_URL 不以它结尾：回调可能到不了",
        "begins with http, and this port speaks HTTPS (TRACKER_TLS_CERT): write https": "以 http 开头，而此端口使用 HTTPS（TRACKER_TLS_CERT）：请写 https",
        "{} is more than {}={}: {}": "{0} 大于 {1}={2}：{3}",
        "a secret of {} bytes is short enough to be guessed: use {} random bytes or more": "{0} 字节的密钥短得可以猜中：请使用至少 {1} 个随机字节",
        "rules[{}].operation: {} fits no operation that its accounts can submit: it never applies": "rules[{0}].operation：{1} 不符合其账号能提交的任何操作：永远不会生效",
        "is set and holds no entry: it counts as not set": "已设置但没有内容：视为未设置",
        "no process does the background work: nothing is submitted, asked for or delivered. Start `tracker worker`, or `tracker serve` without --no-worker": "没有进程执行后台工作：不提交、不查询、不投递。请启动 `tracker worker`，或不带 --no-worker 的 `tracker serve`",
        "processes on this database have different callback secrets: each refuses callbacks and cannot sign deliveries of the other. Give all of them the same TRACKER_CALLBACK_SECRETS": "使用此数据库的进程有不同的回调密钥：彼此拒绝对方的回调，也无法为对方的投递签名。请给它们相同的 TRACKER_CALLBACK_SECRETS",
        "the clock of a process is {} s ahead of the database server's. Times are kept by the server, but logs differ: let both hosts follow one time server": "某进程的时钟比数据库服务器快 {0} 秒。时间以服务器为准，但日志会不一致：请让两台主机跟随同一时间服务器",
        "the clock of a process is {} s behind the database server's. Times are kept by the server, but logs differ: let both hosts follow one time server": "某进程的时钟比数据库服务器慢 {0} 秒。时间以服务器为准，但日志会不一致：请让两台主机跟随同一时间服务器",
    }
)
