"""Commands to copy: read the task, submit it again, send a callback's exact bytes somewhere."""

from collections.abc import Mapping

from tracker.web.ui.frame.visible import escape_hidden

_NOT_SENT = frozenset(
    {
        *("host", "content-length", "connection", "transfer-encoding", "accept-encoding", "accept"),
        *("authorization", "cookie", "forwarded", "via", "expect", "te", "upgrade"),
    }
)
_PLAIN = frozenset(range(32, 127)) - set(b"\\%'")


def quote(text: str) -> str:
    """Return a text as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def build_printf(body: bytes) -> str:
    r"""Return a command that writes exactly these bytes: `printf '%b' '…'`.

    Characters of UTF-8 that can be seen stand as they are: prompts are to be read, and changed.
    Everything else that is no plain ASCII is octal, as `%b` of POSIX's printf reads it (`\0ddd`):
    NUL, line ends, bytes that are no text, and what a terminal would not show or would act on.
    Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/printf.html, read 2026-11-29.
    """
    text = "".join(map(_write, body.decode("utf-8", "surrogateescape")))
    return f"printf '%b' '{text}'"


def _write(char: str) -> str:
    if char.isascii():
        is_plain = ord(char) in _PLAIN
    else:
        is_plain = char.isprintable() and not char.isspace() and escape_hidden(char) == char
    if is_plain:
        return char
    return "".join(f"\\0{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def build_reading(base: str, id_: str) -> str:
    """Return a command that reads a task. base: where the service is found."""
    return f'curl -sS -H "Authorization: Bearer $TRACKER_API_KEY" {quote(f"{base}/v1/tasks/{id_}")}'


def build_submitting(base: str, body: bytes) -> str:
    """Return a command that submits a body of `POST /v1/tasks`."""
    url = quote(f"{base}/v1/tasks")
    return (
        f"{build_printf(body)} |\ncurl -sS -X POST -H 'Content-Type: application/json' "
        f'-H "Authorization: Bearer $TRACKER_API_KEY" \\\n  --data-binary @- {url}'
    )


def build_sending(headers: Mapping[str, str], body: bytes) -> str:
    """Return a command that sends a callback's bytes to `$URL`, with the headers that are kept."""
    fields = [
        f"-H {quote(f'{name}: {value}')}"
        for name, value in sorted(headers.items())
        if name not in _NOT_SENT and not name.startswith("x-forwarded")
    ]
    if not any(name == "content-type" for name in headers):
        fields.append("-H 'Content-Type:'")  # or curl says that it is a form
    return (
        f"{build_printf(body)} |\ncurl -sS -g -X POST {' '.join(fields)} \\\n"
        '  --data-binary @- "$URL"'
    )
