"""Rows 7 and 8: submits, and reads of one task."""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import httpx

from bench import fill
from bench.bed import BOTH, Bed, counts
from bench.load import Load, closed_loop, request
from bench.processes import Server
from bench.table import Figure

CONNECTIONS = 64
TASKS = 1000


def submits(bed: Bed) -> list[Figure]:
    """Row 7: the web process alone, so that nothing is sent to a provider meanwhile."""
    body = _submission()
    urls = {kind: bed.migrated(kind) for kind in BOTH}
    rates: dict[str, list[float]] = {"echo": [], **{kind: [] for kind in BOTH}}
    accepted = dict.fromkeys(BOTH, 0)
    with ExitStack() as stack:
        echo = stack.enter_context(bed.plain("plain"))
        ours = {kind: stack.enter_context(bed.service(urls[kind], "--no-worker")) for kind in BOTH}
        for kind in BOTH:
            accepted[kind] += _load(ours[kind], request("POST", "/v1/tasks", body), 0.3).answers[
                202
            ]
        for _ in range(bed.rounds):
            load = _load(echo, request("POST", "/echo", body), bed.seconds)
            rates["echo"].append(load.rate())
            for kind, server in ours.items():
                load = _load(server, request("POST", "/v1/tasks", body), bed.seconds)
                assert set(load.answers) == {202}, load.answers
                accepted[kind] += load.answers[202]
                rates[kind].append(load.rate(202))
    for kind in BOTH:
        found = counts(urls[kind], "tasks", "task_inputs", "jobs", "transitions")
        assert found == [accepted[kind]] * 4, (accepted[kind], found)
    return [
        Figure(
            "7",
            median(a / b for a, b in zip(rates[kind], rates["echo"], strict=True)),
            f"{median(rates[kind]):,.0f}/s ÷ {median(rates['echo']):,.0f}/s",
            kind,
        )
        for kind in BOTH
    ]


def gets(bed: Bed) -> list[Figure]:
    """Row 8: one task in full, and one that the caller has (304)."""
    figures = []
    for kind in BOTH:
        url = bed.migrated(kind)
        fill.history(url, 1, TASKS)
        with ExitStack() as stack:
            ours = stack.enter_context(bed.service(url, "--no-worker"))
            plain = stack.enter_context(bed.plain("plain"))
            figures += _gets(bed, kind, ours, plain)
    return figures


def _gets(bed: Bed, kind: str, ours: Server, plain: Server) -> list[Figure]:
    paths = [f"/v1/tasks/{fill.task_id(number)}" for number in range(1, TASKS + 1)]
    answer = httpx.get(f"http://127.0.0.1:{ours.port}{paths[0]}", trust_env=False)
    assert answer.status_code == 200, answer.text
    etag, size = answer.headers["etag"], len(answer.content)
    figures = []
    for status, ours_tag, plain_tag in ((200, "", ""), (304, etag, '"1"')):
        asked = [request("GET", path, if_none_match=ours_tag) for path in paths]
        bare = [request("GET", f"/get/{size}", if_none_match=plain_tag)]
        pairs = [
            (_loads(ours, asked, bed.seconds / 2), _loads(plain, bare, bed.seconds / 2))
            for _ in range(bed.rounds)
        ]
        assert all(set(load.answers) == {status} for pair in pairs for load in pair), pairs
        value = median(a.rate(status) / b.rate(status) for a, b in pairs)
        rates = [
            median(load.rate(status) for load in column) for column in zip(*pairs, strict=True)
        ]
        raw = f"{rates[0]:,.0f}/s ÷ {rates[1]:,.0f}/s, {size} bytes"
        figures.append(Figure("8", value, raw, f"{kind}, {status}"))
    return figures


def _load(server: Server, one: bytes, seconds: float) -> Load:
    return _loads(server, [one], seconds)


def _loads(server: Server, several: list[bytes], seconds: float) -> Load:
    """Every connection sends all of them in turn, each beginning at another."""
    lanes: list[Iterator[bytes]] = []
    for place in range(CONNECTIONS):
        start = place * len(several) // CONNECTIONS
        lanes.append(itertools.cycle(several[start:] + several[:start]))
    return closed_loop(server.port, lanes, seconds=seconds)


def _submission() -> bytes:
    said = {
        "provider": "kling",
        "operation": "videos/text2video",
        "input": {
            "model_name": "kling-v1-6",
            "prompt": "a quiet sea at dawn, " * 16,
            "mode": "std",
            "duration": "5",
            "aspect_ratio": "16:9",
        },
        "metadata": {"order": "A-1042"},
    }
    return json.dumps(said).encode()
