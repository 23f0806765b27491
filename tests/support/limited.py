"""Run `tracker` in a process that may open few files, as under `ulimit -n`."""

import os
import resource
import runpy

FILES = "TEST_FILES"
"""The setting that says how many."""

if __name__ == "__main__":
    files = int(os.environ.pop(FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    runpy.run_module("tracker", run_name="__main__", alter_sys=True)
