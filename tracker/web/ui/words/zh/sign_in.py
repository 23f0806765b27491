"""Words of the page that signs in."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "sign-in.title": "登录",
    "sign-in.key": "API 密钥",
    "sign-in.help": "密钥只发送一次。页面只显示该密钥有权查看的内容。",
    "sign-in.button": "登录",
    "sign-in.session": "登录有效期为 12 小时；2 小时内没有打开任何页面则自动退出。",
    "sign-in.wrong": "该密钥无法登录：它不存在或已吊销。密钥以 trk_ 开头；"
    "密钥对的 access key 和 secret key 不能在此登录。",
    "sign-in.too-many": (
        "来自你地址的错误密钥过多，请在 {n} 秒后重试。",
        "来自你地址的错误密钥过多，请在 {n} 秒后重试。",
    ),
    "sign-in.open": "尚未创建任何密钥，因此本服务不要求本机程序提供密钥，无需登录。",
    "sign-in.go": "前往控制台",
    "sign-in.plain": "本页面通过未加密的 HTTP 传输，途中的监听者可以读到密钥。"
    "请使用 HTTPS，或通过隧道连接该机器。",
    "sign-in.no-keys": "还没有密钥。请在服务所在的机器上创建：",
    "sign-in.ended": "你已退出登录",
    "sign-in.ended.why": "没有执行任何操作。请登录（将打开新标签页），再重新加载本页：浏览器会再次发送表单。",
    "sign-in.out": "退出登录",
}
