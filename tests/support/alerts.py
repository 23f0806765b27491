"""Alert rules as Prometheus' own `promtool` judges them: do they fire, given some series."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.service import ROOT
from tracker.telemetry.metrics import ALL, Gauge

RULES = ROOT / "docs" / "reference" / "alerts.yml"
OF_THE_MACHINE = {
    "TrackerDiskFull": "tracker_database_free_bytes",
    "TrackerSqliteOld": "tracker_database_info",
}
"""Alerts about what the tests run on, with the gauge that each asks for."""


def find_promtool() -> str | None:
    """Return the program; None where it is not installed."""
    ours = ROOT / ".promtool" / "usr" / "bin" / "promtool"
    return shutil.which("promtool") or (str(ours) if ours.exists() else None)


def load_rules() -> dict[str, dict[str, Any]]:
    """Return the rules by alert."""
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def build_case(
    name: str, series: Mapping[str, str], alerts: Mapping[str, Sequence[Any]], at: str
) -> dict[str, Any]:
    """Return a test for promtool: which alerts fire at a time.

    series: values by name and labels.
    """
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "alert_rule_test": [
            {"eval_time": at, "alertname": alert, "exp_alerts": list(expected)}
            for alert, expected in alerts.items()
        ],
    }


def expect_fired(alert: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what promtool is to find of an alert that fires with some labels of its own."""
    rule = load_rules()[alert]
    texts = dict(rule["annotations"])
    for name, value in labels.items():
        texts["summary"] = texts["summary"].replace(f"{{{{ $labels.{name} }}}}", value)
    return [{"exp_labels": rule["labels"] | labels, "exp_annotations": texts}]


def expect_only(alert: str | None, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what promtool is to find: this alert, and none of the others."""
    return {name: expect_fired(name, labels) if name == alert else [] for name in load_rules()}


def check_firing(
    folder: Path, alert: str, series: Mapping[str, str] | None = None, **labels: str
) -> None:
    """Let an alert fire, and no other. Skips the test where there is no promtool.

    series: in the place of this process's gauges as they are, steady.
    """
    program = find_promtool()
    if program is None:
        pytest.skip("promtool is not installed: run `make promtool` on Debian")
    unasked = {gauge for name, gauge in OF_THE_MACHINE.items() if name != alert}
    shown = build_steady_gauges() if series is None else series
    there = {one: v for one, v in shown.items() if one.partition("{")[0] not in unasked}
    judge(program, folder, [build_case(alert, there, expect_only(alert, labels), "40m")])


def judge(program: str, folder: Path, cases: Sequence[Mapping[str, Any]]) -> None:
    """Run tests. Raises AssertionError with promtool's words where an alert does otherwise."""
    test = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": list(cases)}
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [program, "test", "rules", folder / "test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def build_steady_gauges() -> dict[str, str]:
    """Return the gauges of this process as series that stay as they are for 40 minutes."""
    found = {}
    for one in ALL:
        if isinstance(one, Gauge):
            for labels, value in one.read():
                named = zip(one.metric.labels, labels, strict=True)
                shown = ",".join(f'{name}="{label}"' for name, label in named)
                found[f"{one.metric.name}{{{shown}}}"] = f"{value}+0x40"
    return found
