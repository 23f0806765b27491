"""Help and messages of the commands in Chinese, where LANG asks for it."""

from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.service import free_port
from tracker.cli.visible import measure_width
from tracker.locale import SIMPLIFIED_CHINESE, translate
from tracker.locale.zh_cn import lines

CHINESE = {"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}


@pytest.mark.parametrize("template", sorted(lines.TEXTS))
def test_a_translated_message_keeps_what_varies(template: str) -> None:
    text = template
    for number in range(template.count("{}")):
        text = text.replace("{}", f"<{number}>", 1)
    said = translate(text, SIMPLIFIED_CHINESE)
    assert [f"<{n}>" for n in range(template.count("{}")) if f"<{n}>" not in said] == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("'--port': 99999 is not in the range 0<=x<=65535", "99999 不在范围 0<=x<=65535 内"),
        ("'--state': 'x' is none of queued, failed", "'x' 不在以下之中：queued, failed"),
        ("'SRC': Directory 'x' does not exist", "目录 'x' 不存在"),
    ],
)
def test_a_wrong_value_is_told_whole(told: str, expected: str) -> None:
    said = translate(f"Invalid value for {told}", SIMPLIFIED_CHINESE)
    assert said == f"{told.partition(':')[0]} 的值无效：{expected}"


def test_help_follows_lang() -> None:
    assert "提交媒体生成任务" in run("--help", **CHINESE).stdout
    assert "只看已超过期限的" in run("tasks", "list", "--help", **CHINESE).stdout
    assert "Submit media" in run("--help", **CHINESE | {"LC_ALL": "C"}).stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_help_keeps_within_the_terminal(columns: int) -> None:
    told = run("demo", "--help", COLUMNS=str(columns), **CHINESE).stdout
    assert [
        one for one in told.partition("示例")[0].splitlines() if measure_width(one) > columns
    ] == []
    assert [
        one for one in told.splitlines() if one.strip().startswith(tuple("，。；：、）」"))
    ] == []


def test_examples_and_what_doctor_finds_follow_lang(tmp_path: Path) -> None:
    told = run("callbacks", "--help", **CHINESE).stdout
    assert "示例：" in told
    assert "attach   把被隔离的回调交给它所属的任务。" in told
    assert "Examples:" in run("tasks", "list", "--help").stdout
    found = run("doctor", "--offline", TRACKER_DATA_DIR=str(tmp_path), **CHINESE).stdout
    assert "TRACKER_PUBLIC_URL: 未设置：服务商无法回调" in found


def test_headers_of_tables_follow_lang(sqlite_url: str) -> None:
    run("keys", "create", "--name", "ours", DATABASE_URL=sqlite_url)
    told = run("keys", "list", DATABASE_URL=sqlite_url, **CHINESE).stdout.splitlines()
    assert told[0] == "密钥"
    assert {"名称", "租户"} <= set(told[1].split())


def test_messages_follow_lang() -> None:
    away = run("tasks", "list", "--url", f"http://127.0.0.1:{free_port()}", **CHINESE)
    assert "没有服务应答" in away.stderr
    assert away.returncode == 1
    wrong = run("serve", PORT="many", TRACKER_LEASE_S="soon", **CHINESE)
    assert wrong.stderr.splitlines() == [
        "tracker: PORT：必须是整数；收到 many",
        "tracker: TRACKER_LEASE_S：必须是秒数，例如一分半写 90；收到 soon",
    ]
    usage = run("tasks", "lst", **CHINESE).stderr
    assert "没有命令 'lst'" in usage


def test_the_demonstration_follows_lang() -> None:
    done = run("demo", "--port", "0", "--step", "0.02", **CHINESE)
    assert done.returncode == 0, done.stderr
    for said in ("数据库", "已迁移", "代替", "应答      任务 ", "来自 callback", "下载"):
        assert said in done.stdout
    for left in ("stands in", "web and workers", "by callback"):
        assert left not in done.stdout
    why = "exit 1: the task succeeded, but by poll: no callback brought it"
    assert translate(why, SIMPLIFIED_CHINESE).startswith("退出码 1：任务成功了，但结果来自 poll")
