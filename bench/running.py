"""Rows 13, 14 and 28: a second web process, what one takes to be there, and what watching costs."""

import time
from contextlib import ExitStack
from statistics import median

from bench.bed import BOTH, Bed
from bench.callbacks import Subject, ours_after
from bench.processes import CORES, SERVER_CORE
from bench.table import Figure

CONNECTIONS = 256
_WATCHED = {
    "28": {"TRACKER_METRICS_ADDR": "127.0.0.1:9464"},
    # Nobody listens there: what is measured is the making of spans, one callback in a hundred.
    "28x": {"TRACKER_METRICS_ADDR": "off", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
}


def two_processes(bed: Bed) -> list[Figure]:
    """Row 13. The second process runs on the core of the load generator, as there are but two."""
    with ExitStack() as stack:
        subjects = [
            ours_after(bed, stack, "postgresql", 0, workers=workers, cores=cores)
            for workers, cores in ((1, SERVER_CORE), (2, set(CORES)))
        ]
        for subject in subjects:
            subject.warm_up()
        for _ in range(bed.rounds):
            for subject in subjects:
                subject.take(CONNECTIONS, bed.seconds)
    return [_second(*subjects)]


def _second(one: Subject, two: Subject) -> Figure:
    value = median(b.rate() / a.rate() for a, b in zip(one.loads, two.loads, strict=True))
    return Figure("13", value, f"{two.rate:,.0f}/s ÷ {one.rate:,.0f}/s")


def footprint(bed: Bed) -> list[Figure]:
    """Row 14."""
    figures = []
    for kind in BOTH:
        url = bed.migrated(kind)
        took, memory = [], []
        for _ in range(bed.rounds):
            with bed.service(url, "--no-worker") as server:
                took.append(server.started_s)
                time.sleep(0.5)  # until it idles
                memory.append(server.rss_mb)
        figures.append(Figure("14", median(memory), f"{bed.rounds} starts", kind))
        figures.append(Figure("14x", median(took), f"{bed.rounds} starts", kind))
    return figures


def watched(bed: Bed) -> list[Figure]:
    """Row 28: callbacks with metrics, and with traces, beside callbacks with neither.

    Every second round goes backwards: the disk and the database may still be busy with the load
    before, which would otherwise be taken for the cost of whoever comes later.
    """
    figures = []
    for kind in BOTH:
        with ExitStack() as stack:
            settings: list[dict[str, str]] = [{"TRACKER_METRICS_ADDR": "off"}, *_WATCHED.values()]
            bare, *others = [ours_after(bed, stack, kind, 0, settings=one) for one in settings]
            for subject in (bare, *others):
                subject.warm_up()
            everyone = [bare, *others]
            for _ in range(bed.rounds):
                for subject in everyone:
                    subject.take(64, bed.seconds)
                everyone.reverse()
        for row, subject in zip(_WATCHED, others, strict=True):
            pairs = zip(bare.loads, subject.loads, strict=True)
            value = median(with_.rate() / without.rate() for without, with_ in pairs)
            raw = f"{subject.rate:,.0f}/s ÷ {bare.rate:,.0f}/s"
            figures.append(Figure(row, value, raw, kind))
    return sorted(figures, key=lambda figure: figure.row)
