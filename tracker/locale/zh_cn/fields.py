"""Reasons why settings and fields are wrong, by their English template; see `texts`."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
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
        "must be within the years 2 to 9998": "必须在公元 2 年到 9998 年之间",
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
        "there is no such field; known here: {}": "没有这个字段；此处可用：{0}",
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
        "{}; or {}": "{0:t}；或{1:t}",
        "is not sent on: what this gateway calls back with is unknown; give webhook_url instead": (
            "不会转发：该网关回调的内容未知；请改用 webhook_url"
        ),
        "must be an id": "必须是 ID",
        "must be a JSON object": "必须是 JSON 对象",
        "must be one of {}": "必须是以下之一：{0}",
        "the provider has no such file: it was uploaded here, and is given by a link alone": (
            "服务商没有这个文件：它是在此上传的，只能以链接提供"
        ),
        "names no file that was uploaded here and is still kept": "所指文件未在此上传，或已不再保管",
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
        "has more than {} fields, or much text in them": "超过 {0} 个字段，或字段文本过多",
        "has more than one file": "有不止一个文件",
        "must end with its boundary": "必须以其分隔符结尾",
        "is not UTF-8": "不是 UTF-8",
        "must have 6 to 64 characters": "必须有 6 到 64 个字符",
        "is required where there is no image": "没有 image 时必填",
        "must be an RSA key in PEM, without a password": "必须是不带密码的 PEM 格式 RSA 密钥",
        "must be an https URL": "必须是 https URL",
        "must be http(s) URLs": "必须是 http(s) URL",
        "must be the JSON of a key file, or that in base64": "必须是密钥文件的 JSON 或其 base64",
        "is a key file without {}": "密钥文件中缺少 {0}",
        "must be up to 63 of a-z, 0-9, _ and -": "最多 63 个字符，只能是 a-z、0-9、_ 和 -",
        "is required where there is no image_url": "没有 image_url 时必填",
        "at most {} characters with this model": "此模型最多 {0} 个字符",
        "at most {} seconds with this model": "此模型最多 {0} 秒",
        "has at most one text": "最多包含一个文本",
        "is required by this model": "此模型必须提供",
        "is required where there is no first_frame_image": "没有 first_frame_image 时必须提供",
        "must be 6 with 1080P": "1080P 时必须为 6",
        "give either {} or {}": "请给出 {0} 或 {1} 之一",
        "must be a time as YYYYMMDDhhmmss": "必须是 YYYYMMDDhhmmss 格式的时间",
        "must be a time such as 2026-05-01T10:00:00Z": "必须是时间，例如 2026-05-01T10:00:00Z",
        "must be 5 or 10": "必须是 5 或 10",
        "at most 2 decimal places": "最多两位小数",
        "needs a picture: use image_to_video": "需要图片：请用 image_to_video",
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
        "names more than {} objects": "引用的对象超过 {0} 个",
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
        "say which; one of: {}": "请指明是哪一个；可选：{0}",
        "no such provider; one of: {}": "没有这个服务商；可选：{0}",
        "is needed where type is {}": "type 为 {0} 时必填",
        "must be 25 and a multiple of 4": "必须是 25 加 4 的倍数",
        "must be from {} to {} with this model": "此模型必须在 {0} 到 {1} 之间",
        "must be a text, a number, true or false, or a data: URI": (
            "必须是文本、数字、true 或 false，或 data: URI"
        ),
        "names more than one draft": "引用了多个草稿",
        "must be: ID U1 … U4, V1 … V4 or R": "必须形如：ID 加 U1 … U4、V1 … V4 或 R",
        "must be a list of at most {} ids": "必须是最多 {0} 个 ID 的列表",
        "names another task than {}: one can be continued": (
            "与 {0} 指的不是同一个任务：只能延续一个"
        ),
        "10 seconds are made in 720p alone": "10 秒的视频只能以 720p 生成",
        "must have an image in each object": "每个对象中都必须有 image",
        "names another task than {}: one can be continued; give the other one as an image": (
            "与 {0} 指的不是同一个任务：只能延续一个；另一个请以图片给出"
        ),
        "no such account at this provider": "该服务商下没有这个账号",
        "a secret has at most {} bytes, a nonce 16": "密钥最多 {0} 字节，nonce 为 16 字节",
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
        "is a task of account {}: {}": "是账号 {0} 的任务：{1:t}",
        "is at account {} alone": "只在账号 {0} 上",
        "is at account {} alone: {}": "只在账号 {0} 上：{1:t}",
        "is at account {}, and the task that it continues at {}": (
            "在账号 {0} 上，而被延续的任务在账号 {1} 上"
        ),
        "is at account {}, and what {} names at account {}": (
            "在账号 {0} 上，而 {1} 所指的对象在账号 {2} 上"
        ),
        "what {} names is at account {}": "{0} 所指的对象在账号 {1} 上",
        "must be named: no account that is open to all can do this": (
            "必须指明账号：对所有人开放的账号都做不了这个操作"
        ),
        "differs from the one in the input; give it once": "与 input 中的不一致；只给一处即可",
        "must be one of: {}": "必须是以下之一：{0}",
        "must be a time with its zone, like 2026-11-24T10:00:00Z (a + is written %2B)": (
            "必须是带时区的时间，例如 2026-11-24T10:00:00Z（+ 要写成 %2B）"
        ),
        "must be a whole number from {} to {}": "必须是 {0} 到 {1} 之间的整数",
        "must be asc or desc": "必须是 asc 或 desc",
        "only desc is served": "只支持 desc",
        "at most {} of them": "最多 {0} 个",
        "must be 1 to {} printable characters": "必须是 1 到 {0} 个可打印字符",
        "is no key of metadata": "不是 metadata 的键",
        "must be 1 to {} ids, separated by commas": "必须是 1 到 {0} 个 ID，以逗号分隔",
        "must be 1 to {} ids": "必须是 1 到 {0} 个 ID",
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
        "is needed": "必填",
        "must be a folder or s3://BUCKET/PREFIX": "必须是文件夹或 s3://BUCKET/PREFIX",
        "must be own or provider": "必须是 own 或 provider",
        "is needed, or lyrics": "必填，或改填 lyrics",
        "is needed, or image_url": "必填，或改填 image_url",
        "is needed, or video": "必填，或改填 video",
        "this provider never calls back; leave it out": "此服务商从不回调；请删去",
        "this provider signs no callbacks; leave it out": "此服务商不对回调签名；请删去",
        "each create carries a secret of its own; leave it out": "每次创建各带密钥；请删去",
        "callbacks are signed with published keys; leave it out": "回调由公开的密钥签名；请删去",
        "must be printable ASCII": "只能是可打印的 ASCII 字符",
        "this provider has one kind of upstream; leave it out": "此服务商只有一种上游；请删去",
        "is needed, or {}": "必填，或改填 {0}",
        "access_key and secret_key go together": "access_key 和 secret_key 须一起设置",
        "must be WORD=STATE, with one of: {}": "必须是 WORD=STATE，状态为以下之一：{0}",
        "must not be after until, which is {} (UTC)": "不能晚于 until（{0}，UTC）",
        "must be at most {} days before until": "最多比 until 早 {0} 天",
        "must be a day like 2026-11-28": "必须是日期，如 2026-11-28",
        "must be one of: json, csv": "必须是 json 或 csv",
        "not the token of a dry run of yours; make a dry run": "不是您的试运行令牌；请先试运行",
        "is missing": "缺失",
        "must be from 1 to {}": "必须在 1 到 {0} 之间",
    }
)
