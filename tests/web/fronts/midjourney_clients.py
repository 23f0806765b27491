"""The request sequences of clients of Midjourney proxies, replayed after their sources.

Dooy/chatgpt-web-midjourney-proxy 2.26.4 (src/api/mjapi.ts), Licoy/ChatGPT-Midjourney (2024-09,
app/store/chat.ts), a chat backend of 99AI's kind (its midjourney service), and new-api as a client
of an upstream (controller/midjourney.go); all on https://github.com, read 2026-11.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.waiting import wait_until

PICTURE = "data:image/png;base64,iVBORw0KGgo="


@dataclass
class Dooy:
    """Runs in a browser; keeps ids of digits alone, and sends them back as numbers."""

    http: httpx.Client
    key: str
    base: str = "/mj"
    polled: list[Any] = field(default_factory=list)

    def fetch(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"mj-api-secret": self.key, "origin": "https://page.example"}
        answer = self.http.request(method, f"{self.base}{path}", json=body, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        parsed = answer.json()
        if answer.status_code != 200:
            raise ValueError(parsed["error"]["message"])
        return parsed

    def submit(self, path: str, **fields: Any) -> str:
        """Submit; a window is answered at once."""
        body = {"notifyHook": "", "state": "", "base64Array": []} | fields
        said = self.fetch("POST", f"/submit/{path}", body)
        if said["code"] == 21:
            modal = {"maskBase64": "", "prompt": "a hat", "taskId": said["result"]}
            said = self.fetch("POST", "/submit/modal", modal)
        if said["code"] not in (1, 22):
            raise ValueError(said["description"])
        result: str = said["result"]
        return result

    def ended(self, id_: str) -> Any:
        """Poll until 100 % or FAILURE, and look at what it shows."""

        def is_over() -> bool:
            self.polled.append(self.fetch("GET", f"/task/{id_}/fetch"))
            last = self.polled[-1]
            return bool(last["progress"] == "100%" or last["status"] == "FAILURE")

        wait_until(is_over)
        last = self.polled[-1]
        assert isinstance(last["buttons"], list)
        return last

    def listed(self, ids: list[str]) -> list[Any]:
        numbers = [int(one) for one in ids if one.isdigit()]
        assert len(numbers) == len(ids)
        assert all(json.loads(json.dumps(float(n))) == n for n in numbers)
        found: list[Any] = self.fetch("POST", "/task/list-by-condition", {"ids": numbers})
        assert len(found) >= 0
        return found


@dataclass
class Licoy:
    """Sends the bare key, takes HTTP 200 alone for success, and submits `modal` by itself."""

    http: httpx.Client
    key: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": self.key}
        answer = self.http.request(method, f"/mj{path}", json=body, headers=headers)
        if answer.status_code != 200:
            raise ValueError(answer.text)
        return answer.json()

    def imagine(self, prompt: str) -> Any:
        """Submit and poll to the end."""
        made = self.ask("POST", "/submit/imagine", {"prompt": prompt, "base64": None})
        return self.ended(made["result"])

    def ended(self, id_: str) -> Any:
        last: dict[str, Any] = {}
        modals: list[Any] = []

        def is_over() -> bool:
            found = self.ask("GET", f"/task/{id_}/fetch")
            assert found, "it polls for ever on a falsy answer"
            last.update(found)
            if last["status"] == "MODAL" and not modals:
                asked = {"taskId": id_, "prompt": "a hat"}
                modals.append(self.ask("POST", "/submit/modal", asked))
            return last["status"] in ("SUCCESS", "FAILURE")

        wait_until(is_over)
        return last | {"modals": len(modals)}


@dataclass
class ChatBackend:
    """Repeats a submit whose call fails, and reads `properties.finalPrompt` without a check."""

    http: httpx.Client
    key: str
    tries: int = 0

    def imagine(self, prompt: str) -> Any:
        headers = {"mj-api-secret": self.key}
        body = {"prompt": prompt, "base64Array": [PICTURE]}
        result = None
        while result is None and self.tries < 3:
            self.tries += 1
            try:
                answer = self.http.post("/mj/submit/imagine", json=body, headers=headers)
                result = answer.json().get("result")
            except httpx.HTTPError:
                continue
        assert isinstance(result, str)
        assert result
        last: dict[str, Any] = {}

        def is_over() -> bool:
            last.update(self.http.get(f"/mj/task/{result}/fetch", headers=headers).json())
            return bool(last["status"] == "SUCCESS")

        wait_until(is_over)
        return {"prompt": last["properties"]["finalPrompt"], "url": last["imageUrl"]}


@dataclass
class Gateway:
    """Another gateway in front of ours: submits, and polls what is open in one call."""

    http: httpx.Client
    key: str

    def submit(self, prompt: str) -> str:
        body = {"prompt": prompt, "notifyHook": "", "state": ""}
        headers = {"mj-api-secret": self.key, "accept": "application/json"}
        said = self.http.post("/mj/submit/imagine", json=body, headers=headers).json()
        assert said["code"] in (1, 21, 22)
        return str(said["result"])

    def polled(self, ids: list[str]) -> dict[str, Any]:
        headers = {"mj-api-secret": self.key, "content-type": "application/json"}
        answer = self.http.post("/mj/task/list-by-condition", json={"ids": ids}, headers=headers)
        assert answer.status_code == 200
        return {one["id"]: one for one in answer.json()}
