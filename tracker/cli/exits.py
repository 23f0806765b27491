"""Exit codes, as docs/reference/commands.md has them."""

FAILED = 1
"""The service refused, could not be reached, or the task ended otherwise than by success."""
WRONG_USAGE = 2
"""An option, an argument or a setting is wrong; nothing was done."""
TIMED_OUT = 3
"""The time to wait was over before the task was."""
INTERRUPTED = 130
"""Ctrl-C."""
OUTPUT_CLOSED = 141
"""Stdout's reader has ended, as of `| head`: 128 and the number of SIGPIPE, as shells count."""
