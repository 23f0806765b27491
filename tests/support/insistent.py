"""A client that asks again what a service refuses for now."""

from typing import Any

import httpx

from tests.support.waiting import PATIENCE_S, wait_until


class InsistentClient(httpx.Client):
    """Repeats reads of tasks that are answered 503: on a busy machine, the short limits that a
    test gives to a database may run out where nothing is wrong with it."""

    def __init__(self, url: str, *, timeout: float = PATIENCE_S) -> None:
        super().__init__(base_url=url, trust_env=False, timeout=timeout)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, again where it may be repeated."""
        answers = list[httpx.Response]()

        def is_answered() -> bool:
            answers.append(super(InsistentClient, self).send(request, **options))
            return answers[-1].status_code != 503

        if request.method != "GET" or not request.url.path.startswith("/v1/"):
            return super().send(request, **options)
        wait_until(is_answered)
        return answers[-1]
