"""The chart in deploy/: Helm takes it, and it asks for what there is; linters of the other recipes.

They are installed by `make deploy-tools`.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.service import ROOT
from tests.test_deploy import DEPLOY, check_command
from tracker.settings import list_setting_names

TOOLS = ROOT / ".deploy" / "bin"
CHART = DEPLOY / "chart"
SECRET = "kept"
PLAIN = {"secretName": SECRET}
WHOLE = {
    **PLAIN,
    "settings": {"TRACKER_ASSET_STORE": "s3://bucket/results", "TRACKER_LOG_FORMAT": "json"},
    "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "imagePullSecrets": [{"name": "registry"}],
    "podAnnotations": {"team": "video"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "batch", "operator": "Exists"}],
}
CLAIMED = {**PLAIN, "data": {"existingClaim": "results"}}

pytestmark = pytest.mark.skipif(
    not (TOOLS / "python").exists(), reason="the linters of deploy/ are not here"
)


class Chart(NamedTuple):
    """How the chart renders with each values of this file, and what is wrong with it."""

    flaws: list[list[str]]
    plain: list[dict[str, Any]]
    whole: list[dict[str, Any]]
    claimed: list[dict[str, Any]]


@pytest.fixture(scope="module")
def chart() -> Chart:
    """Render the chart with Helm's library."""
    of_values = [PLAIN, WHOLE, CLAIMED, {}, {**PLAIN, "web": {"replica": 3}}]
    done = subprocess.run(
        [TOOLS / "python", ROOT / "tests" / "support" / "rendered_chart.py", CHART],
        input=json.dumps(of_values),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return Chart([one["flaws"] for one in found], *(one["documents"] for one in found[:3]))


def _of_kind(documents: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def _containers(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the container of each part."""
    owners = [one for one in documents if one["kind"] in {"Deployment", "Job"}]
    found = [one for owner in owners for one in owner["spec"]["template"]["spec"]["containers"]]
    return {one["name"]: one for one in found}


def test_helm_and_kubernetes_find_nothing_wrong(chart: Chart) -> None:
    assert chart.flaws[:3] == [[], [], []]


def test_values_without_a_secret_or_with_an_unknown_name_are_refused(chart: Chart) -> None:
    assert any("secretName" in flaw for flaw in chart.flaws[3])
    assert any("replica" in flaw for flaw in chart.flaws[4])


def test_there_are_web_worker_and_a_release_before_them(chart: Chart) -> None:
    assert set(_of_kind(chart.plain, "Deployment")) == {"tracker-web", "tracker-worker"}
    (job,) = _of_kind(chart.plain, "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    containers = _containers(chart.plain)
    assert containers["release"]["args"] == ["migrate"]
    assert containers["web"]["args"] == ["serve", "--no-worker"]
    assert containers["worker"]["args"] == ["worker"]
    for one in containers.values():
        check_command(one["args"])


def test_every_container_may_write_its_folders_alone_and_reads_the_secret(chart: Chart) -> None:
    for one in _containers(chart.whole).values():
        assert one["securityContext"]["readOnlyRootFilesystem"]
        assert [mount["mountPath"] for mount in one["volumeMounts"]] == ["/tmp", "/data"]
        assert one["envFrom"] == [{"secretRef": {"name": SECRET}}]
        names = [each["name"] for each in one["env"]]
        assert len(names) == len(set(names))
        assert set(names) <= set(list_setting_names())


@pytest.mark.parametrize(("values", "off"), [("plain", ["off"]), ("whole", []), ("claimed", [])])
def test_files_of_results_are_kept_where_every_pod_sees_them(
    chart: Chart, values: str, off: list[str]
) -> None:
    for one in _containers(getattr(chart, values)).values():
        assert [each["value"] for each in one["env"] if each["name"] == "TRACKER_ASSETS"] == off


def test_probes_services_budgets_and_the_monitor_meet_pods_and_ports(chart: Chart) -> None:
    deployments = _of_kind(chart.whole, "Deployment").values()
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in deployments]
    ports = {
        name: {port["name"] for port in one.get("ports", ())}
        for name, one in _containers(chart.whole).items()
    }
    for name in ("web", "worker"):
        container = _containers(chart.whole)[name]
        for probe in (one for key, one in container.items() if key.endswith("Probe")):
            assert (probe.get("httpGet") or probe["tcpSocket"])["port"] in ports[name]
        assert {"startupProbe", "readinessProbe"} <= set(container)
    assert "livenessProbe" in _containers(chart.whole)["web"]
    (service,) = _of_kind(chart.whole, "Service").values()
    assert _selected(service["spec"]["selector"], pods) == 1
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports["web"]
    budgets = _of_kind(chart.whole, "PodDisruptionBudget").values()
    assert [_selected(one["spec"]["selector"]["matchLabels"], pods) for one in budgets] == [1, 1]
    (monitor,) = _of_kind(chart.whole, "PodMonitor").values()
    assert _selected(monitor["spec"]["selector"]["matchLabels"], pods) == 2
    assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports["worker"]
    assert _of_kind(chart.plain, "PodMonitor") == {}


def _selected(labels: dict[str, str], pods: list[dict[str, str]]) -> int:
    return sum(labels.items() <= pod.items() for pod in pods)


@pytest.mark.parametrize(
    "arguments",
    [
        ("hadolint", DEPLOY / "Containerfile"),
        ("compose-lint", "check", DEPLOY / "compose.yaml"),
    ],
    ids=["Containerfile", "compose.yaml"],
)
def test_a_linter_finds_nothing(arguments: tuple[str | Path, ...]) -> None:
    program, *rest = arguments
    done = subprocess.run(
        [TOOLS / str(program), *rest], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
