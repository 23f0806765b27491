"""Be `tracker` on PATH, for what runs it by name: have the fork server fork it, and end as it ends.

It has our arguments, environment, folder, stdout and stderr, but not our stdin and umask; it writes
at the end of a file. It is told the signals that we are told, and killed when we are. This program
starts without site packages, and imports nothing of ours.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

SHARED = "TESTS_NURSERY"
"""The variable that names the socket of a fork server for several processes."""
_FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Have the command run, and end with its status, or by the signal that ended it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.connect(os.environ[SHARED])
    talk = listener.makefile("rw")

    def ask(**what: object) -> int:
        talk.write(json.dumps(what) + "\n")
        talk.flush()
        return int(json.loads(talk.readline()))

    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)  # until there is somebody to tell
    ours = f"/proc/{os.getpid()}/fd"
    pid = ask(
        module="tracker",
        arguments=sys.argv[1:],
        env=dict(os.environ),
        out=f"{ours}/1",
        log=f"{ours}/2",
        folder=str(Path.cwd()),
    )

    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(pid, number)

    for number in _FORWARDED:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    status = ask(wait=pid)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main()
