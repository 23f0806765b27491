"""Run programs with published clients in processes forked from one that has imported the client.

A start of Python that imports a client of OpenAI's or Google's takes a second of its processor.
Nothing else is saved: each program runs in a process of its own, from its first line.

With the name of a program as its argument, this module is the process that forks; it needs nothing
but Python's own library. A line of JSON asks for a run: `arguments`, the files of `out` and `err`,
and `longest_s`. The answer is a line with the exit status.
"""

import ast
import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any


class ForkingProgram:
    """The process that has imported what a program needs, and forks for each run of it."""

    def __init__(self, python: str, program: Path, env: Mapping[str, str]) -> None:
        """Start it; it ends with this process."""
        self._lock = threading.Lock()
        self._helper = subprocess.Popen(
            [python, __file__, str(program)],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._close)

    def run(self, arguments: Sequence[str], out: Path, err: Path, *, longest_s: float) -> int:
        """Run the program to its end; return its exit status, negative for a signal.

        longest_s: a signal ends it then.
        """
        asked = {
            "arguments": list(arguments),
            "out": str(out),
            "err": str(err),
            "longest_s": longest_s,
        }
        asks, answers = self._helper.stdin, self._helper.stdout
        assert asks is not None
        assert answers is not None
        with self._lock:
            asks.write(json.dumps(asked) + "\n")
            asks.flush()
            answer = answers.readline()
        assert answer, "the process that forks has ended: what it said stands above"
        return int(answer)

    def _close(self) -> None:
        assert self._helper.stdin is not None
        self._helper.stdin.close()
        self._helper.wait(60)


def _import_what_it_needs(program: str) -> None:
    """Import the modules at the head of a program, up to the first line that does something.

    Some clients read the environment when they are imported, which a program sets before.
    """
    _docstring, *body = ast.parse(Path(program).read_text()).body
    for node in takewhile(lambda one: isinstance(one, ast.Import | ast.ImportFrom), body):
        if isinstance(node, ast.Import):
            for one in node.names:
                import_module(one.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            import_module(node.module)


def _run_in_fork(program: str, asked: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    signal.setitimer(signal.ITIMER_REAL, asked["longest_s"])
    try:
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = [program, *asked["arguments"]]
        runpy.run_path(program, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Fork for each line."""
    program = sys.argv[1]
    sys.path.insert(0, str(Path(program).parent))
    sys.path.remove(str(Path(__file__).parent))
    _import_what_it_needs(program)
    for line in sys.stdin:
        print(_run_in_fork(program, json.loads(line)), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
