"""A running service with its provider, and the questions that tests ask of both."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.requests import EXAMPLE, MULTI_IMAGE
from tests.support.waiting import PATIENCE_S, wait_until

_WAIT_S = 5
OPEN = {"queued", "uncertain", "submitted", "running"}


@dataclass(frozen=True, slots=True)
class World:
    """The service's client, and the emulator's address."""

    http: httpx.Client
    emulator: str

    def submit(self, **fields: Any) -> str:
        """Submit the contract's example through the front; the task's id."""
        answer = self.http.post(MULTI_IMAGE, json=EXAMPLE | fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    def read_task(self, task_id: str) -> dict[str, Any]:
        """A task as it is now."""
        found: dict[str, Any] = self.http.get(f"/v1/tasks/{task_id}").json()
        return found

    def read_part(self, task_id: str, name: str) -> list[dict[str, Any]]:
        """A task's transitions, receipts, attempts or deliveries."""
        found: list[dict[str, Any]] = self.http.get(f"/v1/tasks/{task_id}/{name}").json()[name]
        return found

    def wait_for_end(self, task_id: str, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """A task once it is over, its history checked."""
        found: list[dict[str, Any]] = []

        def is_over() -> bool:
            # The service is asked to wait, or it would be asked every few milliseconds.
            answer = self.http.get(f"/v1/tasks/{task_id}", params={"wait": _WAIT_S})
            found[:] = [answer.json()]
            return found[0]["state"] not in OPEN

        wait_until(is_over, timeout_s=timeout_s)
        self.check_history(found[0])
        return found[0]

    def check_history(self, task: dict[str, Any]) -> None:
        """Versions have no gap, each step starts where the last ended, the last is the state.

        There may be more steps than when the task was read: a file of its result was kept since.
        """
        steps = self.read_part(task["id"], "transitions")
        state = None
        for version, step in enumerate(steps, start=1):
            assert step["version"] == version
            assert step["from"] == state
            state = step["to"]
        assert len(steps) >= task["version"]
        assert steps[task["version"] - 1]["to"] == task["state"]

    def list_sources(self, task_id: str) -> list[tuple[str, str]]:
        """(state, source) of each transition."""
        return [(step["to"], step["source"]) for step in self.read_part(task_id, "transitions")]

    def list_verdicts(self, task_id: str) -> list[str]:
        """Return the verdict of each receipt."""
        return [receipt["verdict"] for receipt in self.read_part(task_id, "receipts")]

    def list_outcomes(self, task_id: str) -> list[str]:
        """Return how each submit attempt ended."""
        return [attempt["outcome"] for attempt in self.read_part(task_id, "attempts")]

    def play(self, scenario: str) -> None:
        """Set the scenario that the provider plays from now on."""
        httpx.put(
            f"{self.emulator}/emulator/scenario",
            json={"scenario": scenario},
            trust_env=False,
            timeout=60,
        ).raise_for_status()

    def move(self, name: str, status: str) -> None:
        """Have the provider move a task, whatever it plays."""
        httpx.post(
            f"{self.emulator}/emulator/tasks/{name}/move",
            json={"status": status},
            trust_env=False,
            timeout=60,
        ).raise_for_status()

    def find_callback_url(self, task_id: str) -> str:
        """The task's callback URL, as the provider was given it."""
        wait_until(lambda: self.read_task(task_id)["provider_task_id"] is not None)
        sent = httpx.get(f"{self.emulator}/emulator/requests", trust_env=False, timeout=60).text
        found = re.search(rf"http://[\w.:]+/callbacks/kling/{task_id}/[\w-]+", sent)
        assert found is not None
        return found[0]

    def count_creations(self) -> dict[str, int]:
        """Return how often the provider created a task, by external id."""
        found: dict[str, int] = httpx.get(
            f"{self.emulator}/emulator/creations", trust_env=False, timeout=60
        ).json()
        return found

    def list_callbacks(self) -> list[dict[str, Any]]:
        """Return the provider's callbacks, with the answers to them."""
        answer = httpx.get(
            f"{self.emulator}/emulator/callbacks", trust_env=False, timeout=60
        ).json()
        found: list[dict[str, Any]] = answer["callbacks"] if isinstance(answer, dict) else answer
        return found
