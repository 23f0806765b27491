"""`GET /metrics`: what a process did, and what one process measures for all."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.longest_call import measure_longest_call_s
from tests.support.requests import build_submission
from tests.support.service import (
    ROOT,
    build_environment,
    free_port,
    listen,
    read_url,
    serve_to_client,
)
from tests.support.slowness import measure_slowness
from tests.support.waiting import wait_until
from tracker.emulator import EmulatorConfig, EmulatorServer
from tracker.services.upkeep.sampling import FROM_DATABASE
from tracker.telemetry.exposition import PROCESSES, Collected, serve_metrics
from tracker.telemetry.metrics import (
    ALL,
    MOST_SETS,
    REQUEST_SECONDS,
    REQUESTS,
    Counter,
    Gauge,
    Metric,
)

DOCS = ROOT / "docs" / "reference" / "metrics.md"
Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def _scrape(port: int) -> Samples:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60)
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def service(database_url: str, tmp_path: Path, port: int) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        config = EmulatorConfig(step_seconds=0.02, callback_backoff_seconds=0.02)
        emulator = stack.enter_context(EmulatorServer(config))
        listener = listen()
        public = read_url(listener)
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=public,
            TRACKER_METRICS_ADDR=f"127.0.0.1:{port}",
        )
        yield stack.enter_context(serve_to_client(env, listener=listener, workers=True))


def test_a_task_is_counted_at_each_step(service: httpx.Client, port: int) -> None:
    before = _scrape(port)
    task = service.post("/v1/tasks", json=build_submission(external_task_id="counted")).json()
    service.get(f"/v1/tasks/{task['id']}", params={"wait": 20})
    wait_until(lambda: service.get(f"/v1/tasks/{task['id']}").json()["state"] == "succeeded")
    after = _scrape(port)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert grown("tracker_requests_total", route="/v1/tasks", status="202") == 1
    assert grown("tracker_request_seconds_count", route="/v1/tasks") == 1
    submits = {"provider": "kling", "account": "default"}
    assert grown("tracker_submits_total", outcome="accepted", **submits) == 1
    assert grown("tracker_callbacks_total", provider="kling", verdict="advanced") == 2
    assert grown("tracker_commit_seconds_count") >= 4
    batches, commits = "tracker_writer_batch_items_count", "tracker_commit_seconds_count"
    assert abs(grown(batches) - grown(commits)) <= 2  # one may be under way at either reading


def test_one_worker_measures_the_database(service: httpx.Client, port: int) -> None:
    wait_until(lambda: _scrape(port).get(("tracker_feed_head", ())) is not None)
    found = _scrape(port)
    assert found["tracker_open_tasks", (("state", "queued"),)] == 0
    assert found["tracker_job_oldest_due_seconds", (("kind", "submit"),)] == 0
    assert found["tracker_deliveries_pending", ()] == 0
    assert found["tracker_chore_behind", (("chore", "counting"),)] >= 0
    assert service.get("/readyz").status_code == 200


def test_strangers_choose_no_label(service: httpx.Client, port: int) -> None:
    for path in ("/nothing", "/v1/nothing/here", "/../x", "/ui/nothing", "/kling/nothing"):
        assert service.get(path).status_code == 404
    for path in ("/callbacks/nothing", "/callbacks/nothing/a/b", "/callbacks/kling/nothing/b"):
        assert service.post(path, content=b"{}").status_code == 404
    service.request("NOTHING", "/v1/tasks", headers={"host": "nothing.example"})
    for name in ("provider", "account", "operation"):
        service.post("/v1/tasks", json={**build_submission(external_task_id="n"), name: "nothing"})
    found = _scrape(port)
    assert found["tracker_callbacks_total", (("provider", "other"), ("verdict", "forged"))] >= 2
    assert not [labels for _, labels in found if "nothing" in str(labels)]


def test_a_second_process_takes_the_next_port_and_a_full_range_stops_nothing(port: int) -> None:
    with serve_metrics("127.0.0.1", port) as first, serve_metrics("127.0.0.1", port) as second:
        assert first is not None
        assert second is not None
        assert port <= first < second < port + PROCESSES
    with serve_metrics("192.0.2.1", port) as nowhere:  # nobody's address (RFC 5737)
        assert nowhere is None


def test_label_sets_are_bounded() -> None:
    counter = Counter(Metric("made_up", "", "counter", ("a", "b")))
    for number in range(MOST_SETS + 10):
        counter.add((number, "x"))
    assert len(counter.values) == MOST_SETS + 1
    assert counter.values["other", "other"] == 10


def test_gauges_forget_what_is_not_measured_any_more() -> None:
    gauge = Gauge(Metric("made_up", "", "gauge", ("a",)))
    gauge.replace({("x",): 1.0})
    gauge.replace({("y",): 2.0})
    assert dict(gauge.read()) == {("y",): 2.0}


def test_every_metric_is_documented_with_its_labels() -> None:
    rows = re.findall(
        r"^\| `(tracker_\w+)(?:\{([\w,]*)\})?` \| (\w+) \| (.*) \|$",
        DOCS.read_text(),
        re.MULTILINE,
    )
    documented = [(name.removesuffix("_total"), *more) for name, *more in rows]
    assert documented == [
        (one.metric.name, ",".join(one.metric.labels), one.metric.kind, one.metric.help)
        for one in ALL
    ]


def test_the_metrics_that_one_worker_measures_for_all_are_those_that_the_page_says() -> None:
    (first, last) = re.findall(r"^Those from `(\w+)` to `(\w+)`", DOCS.read_text(), re.MULTILINE)[0]
    names = [one.metric.name for one in ALL]
    measured = [gauge.metric.name for gauge in FROM_DATABASE]
    assert names[names.index(first) : names.index(last) + 1] == measured


@pytest.fixture
def registry() -> Iterator[CollectorRegistry]:
    """A thousand samples, in the counters of requests of this process."""
    kept = [(one, one.values) for one in ALL]
    for one in ALL:  # this process may have counted much for other tests
        one.values = {}
    for number in range(400):
        REQUESTS.add((f"/v1/route{number % 40}", 200 + number // 40))
    for number in range(40):
        REQUEST_SECONDS.observe(0.1, (f"/v1/route{number}",))
    found = CollectorRegistry()
    found.register(Collected())
    yield found
    for one, values in kept:
        one.values = values


COST_S, STOP_S = 0.020, 0.005
"""Of a scrape, and of its longest step, in processor time; the best of a few tries counts."""


def test_a_scrape_of_a_thousand_samples_is_quick_and_stops_nobody(
    registry: CollectorRegistry,
) -> None:
    costs_s, stops = list[float](), list[float]()
    while len(stops) < 10 and (min(costs_s, default=1) > COST_S or min(stops, default=1) > STOP_S):
        began_s = time.thread_time()
        text = generate_latest(registry).decode()
        costs_s.append((time.thread_time() - began_s) / measure_slowness())
        stops.append(measure_longest_call_s(lambda: generate_latest(registry)) / measure_slowness())
    assert 1000 <= len([line for line in text.splitlines() if not line.startswith("#")]) <= 1100
    assert min(costs_s) <= COST_S
    assert min(stops) <= STOP_S
