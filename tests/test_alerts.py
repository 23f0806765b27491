"""Alert rules and the dashboard: they ask for metrics that exist, and rules fire when they should.

Prometheus' own `promtool` judges them where it is installed (`make promtool`).
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.alerts import (
    RULES,
    build_case,
    expect_fired,
    expect_only,
    find_promtool,
    judge,
    load_rules,
)
from tracker.cli.doctor import database
from tracker.cli.doctor.processes import SKEW_MS
from tracker.cli.doctor.service import LITTLE_DISK_BYTES
from tracker.store import sizes
from tracker.telemetry.metrics import ALL

REFERENCE = RULES.parent
ENDS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
STEADY = "x40"
"""A value that stays for 40 minutes, as promtool's notation for series."""

FIRES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "TrackerWritesStalled": ({"tracker_writer_stalled_seconds": "12+60x40"}, {}),
    "TrackerWorkLate": (
        {'tracker_job_oldest_due_seconds{kind="submit"}': "400+60x40"},
        {"kind": "submit"},
    ),
    "TrackerNobodyMeasures": ({"tracker_sampled_timestamp_seconds": f"0+0{STEADY}"}, {}),
    "TrackerCondition": (
        {'tracker_conditions{name="no_worker"}': f"1+0{STEADY}"},
        {"name": "no_worker"},
    ),
    "TrackerChoreMissed": (
        {
            'tracker_chore_last_success_timestamp_seconds{chore="counting"}': f"0+0{STEADY}",
            'tracker_chore_period_seconds{chore="counting"}': f"2+0{STEADY}",
        },
        {"chore": "counting"},
    ),
    "TrackerChoreBehind": (
        {'tracker_chore_behind{chore="counting"}': f"100001+0{STEADY}"},
        {"chore": "counting"},
    ),
    "TrackerDeliveriesPile": ({"tracker_deliveries_pending": f"10000+0{STEADY}"}, {}),
    "TrackerDeliveriesFail": (
        {
            'tracker_deliveries_total{outcome="failed"}': "0+60x40",
            'tracker_deliveries_total{outcome="delivered"}': "0+50x40",
        },
        {},
    ),
    "TrackerDiskFull": ({"tracker_database_free_bytes": f"1073741823+0{STEADY}"}, {}),
    "TrackerSnapshotOld": ({"tracker_oldest_snapshot_seconds": "601+60x40"}, {}),
    "TrackerReplicaBehind": ({"tracker_replica_lag_seconds": "61+60x40"}, {}),
    "TrackerClockSkew": ({"tracker_clock_skew_seconds": f"1.1+0{STEADY}"}, {}),
    "TrackerLogLost": ({"tracker_log_lines_lost_total": "0+2x40"}, {}),
    "TrackerIndexMissing": ({"tracker_indexes_missing": f"1+0{STEADY}"}, {}),
    "TrackerSqliteOld": (
        {'tracker_database_info{engine="sqlite",version="3.51.2"}': f"1+0{STEADY}"},
        {"version": "3.51.2"},
    ),
}
"""Of each alert: series with which it fires, and the labels that it then bears."""
OTHER_CAUSES: list[tuple[str, dict[str, str]]] = [
    ("TrackerSnapshotOld", {'tracker_database_bytes{table="wal"}': f"268435457+0{STEADY}"}),
    ("TrackerNobodyMeasures", {"tracker_sampled_timestamp_seconds": "_x40"}),
]
"""Series of the second half of an expression, with which the alert fires too."""
QUIET = {
    "tracker_writer_stalled_seconds": f"0+0{STEADY}",
    'tracker_job_oldest_due_seconds{kind="submit"}': f"299+0{STEADY}",
    "tracker_sampled_timestamp_seconds": "0+60x40",
    'tracker_chore_last_success_timestamp_seconds{chore="strays"}': f"0+0{STEADY}",
    'tracker_chore_period_seconds{chore="strays"}': f"21600+0{STEADY}",
    'tracker_chore_behind{chore="counting"}': f"100000+0{STEADY}",
    "tracker_deliveries_pending": f"9999+0{STEADY}",
    'tracker_deliveries_total{outcome="failed"}': "0+60x40",
    'tracker_deliveries_total{outcome="delivered"}': "0+61x40",
    "tracker_database_free_bytes": "100000000000-1000000x40",
    "tracker_oldest_snapshot_seconds": f"599+0{STEADY}",
    'tracker_database_bytes{table="wal"}': f"16384000+0{STEADY}",
    "tracker_replica_lag_seconds": f"59+0{STEADY}",
    "tracker_clock_skew_seconds": f"0.9+0{STEADY}",
    "tracker_indexes_missing": f"0+0{STEADY}",
    "tracker_log_lines_lost_total": f"7+0{STEADY}",
    'tracker_database_info{engine="sqlite",version="3.51.3"}': f"1+0{STEADY}",
    'tracker_database_info{engine="postgresql",version="3.40"}': f"1+0{STEADY}",
    'tracker_callback_share{provider="made_up",account="a"}': f"0.9+0{STEADY}",
}
"""Series of a service with which all is well."""


@pytest.fixture
def program() -> str:
    found = find_promtool()
    if found is None:
        pytest.skip("promtool is not installed: run `make promtool` on Debian")
    return found


def _dashboard() -> Iterator[tuple[str, str]]:
    """Each panel's title and expression."""
    for panel in json.loads((REFERENCE / "grafana.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def _check_names(expression: str) -> set[str]:
    """Hold the names and labels of an expression to the metrics; return the metrics' names."""
    there = {f"{one.metric.name}{end}": one.metric for one in ALL for end in ENDS[one.metric.kind]}
    named = set(re.findall(r"\btracker_\w+", expression))
    assert named
    assert named <= there.keys(), expression
    labels = {"le"} | {label for name in named for label in there[name].labels}
    used = re.findall(r"(\w+)=~?\"", expression)
    for group in re.findall(r"by \(([^)]*)\)", expression):
        used += re.findall(r"\w+", group)
    assert set(used) <= labels, expression
    return {there[name].name for name in named}


def test_alert_rules_ask_for_metrics_that_exist() -> None:
    assert RULES.read_text().count("- alert: ") == len(load_rules())
    for rule in load_rules().values():
        assert rule["annotations"].keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        _check_names(rule["expr"])


def test_alerts_have_the_bounds_of_doctor_which_says_more_of_what_they_tell() -> None:
    for alert, bounds in {
        "TrackerChoreBehind": [sizes.FAR_BEHIND],
        "TrackerSnapshotOld": [database.OLD_SNAPSHOT_S, database.LARGE_LOG_BYTES],
        "TrackerReplicaBehind": [database.SLOW_STANDBY_S],
        "TrackerClockSkew": [SKEW_MS / 1000],
        "TrackerDiskFull": [0, LITTLE_DISK_BYTES],
    }.items():
        found = re.findall(r"[<>] (\d+)\b", load_rules()[alert]["expr"])
        assert [float(one) for one in found] == bounds, alert
    assert f"{database.DAYS:.0f} * 86400" in load_rules()["TrackerDiskFull"]["expr"]


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    shown = set().union(*(_check_names(expression) for _, expression in _dashboard()))
    assert shown == {one.metric.name for one in ALL}


def test_promtool_takes_rules_and_expressions_of_the_dashboard(
    program: str, tmp_path: Path
) -> None:
    panels = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, (_, expression) in enumerate(_dashboard())
    ]
    groups = {"groups": [{"name": "dashboard", "rules": panels}]}
    (tmp_path / "panels.yml").write_text(yaml.safe_dump(groups))
    done = subprocess.run(
        [program, "check", "rules", RULES, tmp_path / "panels.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_configuration_is_taken(program: str, tmp_path: Path) -> None:
    page = (REFERENCE.parent / "howto" / "operate.md").read_text()
    (block,) = re.findall(r"```yaml\n(# prometheus.yml\n.*?)```", page, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(block)
    (tmp_path / "alerts.yml").write_text(RULES.read_text())
    done = subprocess.run(
        [program, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(load_rules())} rules found" in done.stdout


def test_each_alert_fires_when_it_should_and_only_then(program: str, tmp_path: Path) -> None:
    halved = "TrackerCallbackShareHalved"
    assert FIRES.keys() | {halved} == load_rules().keys()
    causes = [(alert, *given) for alert, given in FIRES.items()]
    causes += [(alert, series, {}) for alert, series in OTHER_CAUSES]
    cases = [
        build_case(alert, _beside_what_is_well(series), expect_only(alert, labels), "40m")
        for alert, series, labels in causes
    ]
    whose = {"provider": "made_up", "account": "a"}
    share = {'tracker_callback_share{provider="made_up",account="a"}': "0.9+0x110 0.4+0x40"}
    cases.append(build_case(halved, share, {halved: expect_fired(halved, whose)}, "150m"))
    disk = "TrackerDiskFull"
    filling = {"tracker_database_free_bytes": "100000000000-60000000x300"}
    cases.append(build_case(disk, filling, {disk: []}, "150m"))
    cases.append(build_case(disk, filling, {disk: expect_fired(disk, {})}, "300m"))
    cases.append(build_case("quiet", QUIET, expect_only(None, {}), "40m"))
    judge(program, tmp_path, cases)


def _beside_what_is_well(series: Mapping[str, str]) -> dict[str, str]:
    """Return series beside those of a service with which all else is well."""
    metrics = {one.partition("{")[0] for one in series}
    return {one: v for one, v in QUIET.items() if one.partition("{")[0] not in metrics} | {**series}
