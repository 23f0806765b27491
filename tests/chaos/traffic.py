"""Callers in a chaos run: they submit, and repeat what was not acknowledged, with the same key."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.support.requests import EXAMPLE, build_submission

LIES = (
    "",
    "no_callback",
    "duplicated=4",
    "reordered",
    "delayed=0.6",
    "forged",
    "forged,duplicated=2",
    "callback_first",
    "cut_before_accept",
    "cut_after_accept",
    "cut_after_accept,no_callback",
    "error_5000_lost",
    "error_5000_created,no_callback",
    "error_5002_created",
    "html_error",
    "html_error_created,no_callback",
    "timeout",
    "busy=2",
    "rate_limited=1",
    "unavailable=1",
    "mute_query=2,no_callback",
    "unknown_word",
    "failed",
    "refused",
)
"""Scenarios that the provider may play for a task. An external id may be used twice, so that a
second submit shows as a second creation."""
GIVEN_UP_S = 8
"""Callers give an answer up after this, and send again."""
TOLD_EVERY = 3
"""Every so many tasks have a callback URL of the caller's."""


@dataclass(frozen=True, slots=True)
class Order:
    """One caller's request."""

    name: str
    lies: str
    is_told: bool


@dataclass
class Callers:
    """Threads that submit until they are told to stop, and then only finish what they began.

    acknowledged: {external id: task id}, of what was answered 202.
    repeated:     how often a submit had to be sent again.
    """

    urls: Sequence[str]
    sink_url: str
    seed: int
    threads: int = 3
    acknowledged: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        self._running = [
            threading.Thread(target=self._submit_for_ever, args=(n,), daemon=True)
            for n in range(self.threads)
        ]
        for thread in self._running:
            thread.start()

    def finish(self, *, timeout_s: float) -> None:
        """Begin nothing new; wait until what was begun is acknowledged."""
        self._stopping.set()
        for thread in self._running:
            thread.join(timeout_s)
        self._over.set()

    def _submit_for_ever(self, number: int) -> None:
        chance = Random(f"{self.seed}/{number}")
        with httpx.Client(trust_env=False, timeout=GIVEN_UP_S) as http:
            count = 0
            while not self._stopping.is_set():
                lies = chance.choice(LIES)
                order = Order(f"c{number}-{count}", lies, is_told=count % TOLD_EVERY == 0)
                self.orders[order.name] = order
                while not self._over.is_set() and not self._submit(http, order, chance):
                    self.repeated += 1
                    self._over.wait(0.1)
                count += 1
                self._stopping.wait(chance.uniform(0, 0.2))

    def _submit(self, http: httpx.Client, order: Order, chance: Random) -> bool:
        body: dict[str, Any] = EXAMPLE | {
            "prompt": f"[scenario:{','.join(filter(None, ('lax_ids', order.lies)))}]"
        }
        if order.is_told:
            body["callback_url"] = f"{self.sink_url}/{order.name}"
        try:
            answer = http.post(
                f"{chance.choice(self.urls)}/v1/tasks",
                json=build_submission(input=body, external_task_id=order.name),
                headers={"idempotency-key": order.name},
            )
        except httpx.TransportError:
            return False
        if answer.status_code == 202:
            self.acknowledged[order.name] = answer.json()["id"]
            return True
        if answer.status_code < 500 and answer.status_code != 409:
            self.wrong.append(f"{order.name}: {answer.status_code} {answer.text[:200]}")
            return True
        return False
