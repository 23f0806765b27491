"""A resolver of names that answers as a test says."""

import socket
from collections.abc import Sequence
from typing import Any


class Resolver:
    """Answers as it is told: one list of addresses per lookup, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)
            for address in addresses
            for family, where in [_find_address(address, port)]
        ]


def _find_address(address: str, port: int) -> tuple[int, Any]:
    if ":" in address:
        return socket.AF_INET6, (address, port, 0, 0)
    return socket.AF_INET, (address, port)
