"""`GET /metrics`, in the text format of Prometheus, on a listener and in threads of its own.

https://prometheus.io/docs/instrumenting/exposition_formats/ (read 2026-11). Behind one port of
several processes a scrape would meet one of them at random; so process number k takes port + k.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from tracker.telemetry.metrics import ALL, Counter, Gauge, Histogram, Labels

log = logging.getLogger("tracker.telemetry.metrics")

AT_ONCE = 100
"""Samples that are rendered in one go: about a millisecond."""
PAUSE_S = 0.0001
PROCESSES = 64
"""Ports that are tried."""


class Collected(Collector):
    """The metrics of this process, made anew for each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        for one in ALL:
            if isinstance(one, Counter):
                family = _build_counter(one)
            elif isinstance(one, Gauge):
                family = _build_gauge(one)
            else:
                family = _build_histogram(one)
            family.samples = _GivingWay(family.samples)
            yield family


class _GivingWay(list[Sample]):
    """Samples whose rendering lets other threads go on: CPython takes 5 ms to ask for that."""

    def __iter__(self) -> Iterator[Sample]:
        """Yield each sample."""
        for place, sample in enumerate(super().__iter__()):
            if place % AT_ONCE == 0:
                sleep(PAUSE_S)
            yield sample


def _build_counter(one: Counter) -> Metric:
    family = CounterMetricFamily(one.metric.name, one.metric.help, labels=one.metric.labels)
    for labels, value in list(one.values.items()):
        family.add_metric(_format_labels(labels), value)
    return family


def _build_gauge(one: Gauge) -> Metric:
    family = GaugeMetricFamily(one.metric.name, one.metric.help, labels=one.metric.labels)
    for labels, value in one.read():
        family.add_metric(_format_labels(labels), value)
    return family


def _build_histogram(one: Histogram) -> Metric:
    family = HistogramMetricFamily(one.metric.name, one.metric.help, labels=one.metric.labels)
    names = [*map(str, one.bounds), "+Inf"]
    for labels, counts in list(one.values.items()):
        *ranges, total = list(counts)
        buckets, so_far = [], 0.0
        for name, count in zip(names, ranges, strict=True):
            so_far += count
            buckets.append((name, so_far))
        family.add_metric(_format_labels(labels), buckets, sum_value=total)
    return family


def _format_labels(labels: Labels) -> list[str]:
    return [str(label) for label in labels]


@contextmanager
def serve_metrics(host: str, port: int) -> Iterator[int | None]:
    """Serve the metrics while the block runs.

    Yields the port: the first of 64 from `port` on that is free; None where none is, or the address
    is not this machine's, which is said in the log and stops nothing.
    """
    registry = CollectorRegistry()
    registry.register(Collected())
    for candidate in range(port, port + PROCESSES):
        try:
            server, thread = start_http_server(candidate, host, registry)
        except OSError as error:
            reason = error
            continue
        try:
            log.info(
                "metrics on http://%(host)s:%(port)d/metrics",
                {"host": host, "port": server.server_port},
            )
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
        return
    log.warning(
        "no metrics: %(host)s from port %(port)d on: %(reason)s",
        {"host": host, "port": port, "reason": reason},
    )
    yield None
