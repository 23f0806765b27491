"""Hear early that the process is to end: open streams must not hold its server up."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def call_on_stop_signal(act: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `act` in the event loop as soon as the process gets SIGTERM or SIGINT.

    Servers wait for open requests before they end the app's lifespan, so that an app that waits
    for the lifespan hears of it too late. What the server itself does on a signal still happens.
    Only the main thread gets signals; elsewhere nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)
