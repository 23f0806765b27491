"""Spell a secret as answers do that encode what they repeat: base64, hex, UTF-16, capitals.

Redaction looks for these where few secrets are to be found, such as those of one call.
"""

from base64 import b64encode

LEAST = 16
"""Characters of the shortest secret that is spelt so; shorter ones stand in other texts too."""


def encoded(secret: str) -> tuple[str, ...]:
    """Return a secret's other spellings; none of a short one."""
    if len(secret) < LEAST:
        return ()
    raw = secret.encode("utf-8", "replace")
    pieces = {_core(raw, before) for before in range(3)}
    found = {
        *pieces,
        *(piece.replace("+", "-").replace("/", "_") for piece in pieces),
        *(raw.hex(), raw.hex().upper(), secret.upper(), secret.lower()),
        *(secret.encode(f"utf-16-{end}", "replace").decode("latin-1") for end in ("le", "be")),
    }
    return tuple(found - {secret})


def _core(raw: bytes, before: int) -> str:
    """Return the characters of base64 that a secret alone decides, with so many bytes before it."""
    text = b64encode(b"\0" * before + raw).decode().rstrip("=")
    is_whole = (before + len(raw)) % 3 == 0
    return text[before and before + 1 : None if is_whole else -1]
