"""The connection to the provider is cut at every byte of a submit: it is made once, never twice.

The provider takes an external id twice (`lax_ids`), so that a second creation would be counted.
"""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.chaos import Left, is_any_open, look
from tests.support.proxy import Choose, Cut, Fault, Proxy, Side
from tests.support.requests import build_submission
from tests.support.service import build_environment, serve_to_client
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

STRIDE = {"sqlite": 1, "postgres": 7}
"""Every so many bytes. Odd, so that resets and orderly ends take turns on both."""
PARTS = 3
"""Tests that share the bytes, so that they may run beside each other. Odd for the same reason."""
SCENARIO = "lax_ids,no_callback"
WHOLE = "req-9999"
"""Never cut."""
_NAME = re.compile(rb'"external_task_id": ?"(re[qs])-(\d{4})"')


class CutOnce:
    """Cuts the first create of `req-0137` after 137 bytes of it, of `res-0137` of its answer.

    done: how often each was sent.
    """

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def __call__(self, request: bytes) -> Fault | None:
        found = _NAME.search(request)
        if found is None or not request.startswith(b"POST "):
            return None
        name = f"{found[1].decode()}-{found[2].decode()}"
        self.done[name] += 1
        after = int(found[2])
        if self.done[name] > 1 or name == WHOLE:
            return None
        side = Side.REQUEST if found[1] == b"req" else Side.RESPONSE
        return Cut(side, after, is_reset=after % 2 == 0)


@contextmanager
def _world(database_url: str, folder: Path, choose: Choose) -> Iterator[tuple[World, Proxy]]:
    config = EmulatorConfig(step_seconds=0.005, max_slots=10_000, scenario=SCENARIO)
    with Emulator(config) as emulator, Proxy(emulator.url, choose=choose) as proxy:
        env = build_environment(
            database_url,
            folder,
            provider_url=proxy.url,
            public_url=None,
            TRACKER_POLL_FIRST_S="0.1",
            TRACKER_POLL_CONFIRM_S="0.15",
        )
        with serve_to_client(env, workers=True) as http:
            yield World(http, emulator.url), proxy


def _submit(world: World, name: str, image: str = "https://example.com/1.png") -> None:
    body = {"image_list": [{"image": image}]}
    answer = world.http.post("/v1/tasks", json=build_submission(input=body, external_task_id=name))
    assert answer.status_code == 202, answer.text


def _healed(database_url: str) -> Left:
    wait_until(lambda: not is_any_open(database_url))
    return look(database_url)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_submit_that_is_cut_at_any_byte_makes_one_task(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, part: int
) -> None:
    stride = STRIDE[request.node.callspec.params["database_url"]]
    choose = CutOnce()
    with _world(database_url, tmp_path, choose) as (world, proxy):
        _submit(world, WHOLE)
        _healed(database_url)
        whole = proxy.exchanges[0]
        bytes_of = [
            range(part * stride, size + 1, PARTS * stride)
            for size in (whole.request_size, whole.response_size)
        ]
        names = [f"req-{n:04}" for n in bytes_of[0]] + [f"res-{n:04}" for n in bytes_of[1]]
        # Behind a whole answer the connection counts as kept until its end is seen: another create
        # that is sent on it meanwhile is cut as well, without having been chosen.
        alone = {f"res-{whole.response_size:04}"} & set(names)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: _submit(world, name), [n for n in names if n not in alone]))
        left = _healed(database_url)
        for name in alone:
            _submit(world, name)
            left = _healed(database_url)
        names.append(WHOLE)
        assert left.states == dict.fromkeys(names, "succeeded")
        assert world.count_creations() == dict.fromkeys(names, 1)
        assert left.breaks == []
        assert set(choose.done) == set(names)
        for name in names[:-1]:
            assert left.outcomes[name] in _possible(name, whole.request_size, whole.response_size)


def _possible(name: str, request_size: int, response_size: int) -> list[list[str]]:
    """Return the ledgers that are possible after one cut."""
    side, after = name.split("-")
    if side == "res":
        return [["accepted"]] if int(after) == response_size else [["unknown"]]
    # All of it went out: whether the provider still made the task is a race.
    both = [["unknown", "accepted"], ["unknown"]]
    return both if int(after) == request_size else both[:1]


def test_large_submits_that_are_cut_while_they_are_still_being_sent_make_one_task_each(
    sqlite_url: str, tmp_path: Path
) -> None:
    cuts = [Cut(Side.REQUEST, n, r) for n in (0, 60, 1000, 1_500_000) for r in (True, False)]
    left_over = list(cuts)

    def next_one(request: bytes) -> Fault | None:
        return left_over.pop() if left_over and request.startswith(b"POST ") else None

    names = [f"large-{n}" for n in range(len(cuts))]
    with _world(sqlite_url, tmp_path, next_one) as (world, _):
        for name in names:
            _submit(world, name, image="AAAA" * 500_000)
        left = _healed(sqlite_url)
        assert (left_over, left.breaks) == ([], [])
        assert left.states == dict.fromkeys(names, "succeeded")
        assert world.count_creations() == dict.fromkeys(names, 1)
        sent = [outcome for one in left.outcomes.values() for outcome in one]
        assert Counter(sent) == {"unknown": len(cuts), "accepted": len(names)}
