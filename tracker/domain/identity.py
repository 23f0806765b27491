"""Prove that an address leads to a service which accepts our callback URLs.

Both sides hold the callback secrets. The one who asks sends a random number with a token over it;
only a service that knows one of the secrets answers, with a token that only such a service can
make. A stranger's number is not answered, so that nobody can have tokens made.
"""

from collections.abc import Sequence

from tracker.domain import token

SUBJECT = "self"
"""Stands in a callback URL where a provider's name does."""
_ANSWER = "self answer"


def build_path(secrets: Sequence[bytes], nonce: str) -> str:
    """Return the path to ask. nonce: a random text of letters and digits."""
    return f"/callbacks/{SUBJECT}/{nonce}/{token.sign(secrets[0], SUBJECT, nonce)}"


def build_proof(secrets: Sequence[bytes], nonce: str, given: str) -> str | None:
    """Return the answer to a question; None where none of the secrets made its token."""
    if not token.is_valid(secrets, SUBJECT, nonce, given):
        return None
    return token.sign(secrets[0], _ANSWER, nonce)


def is_proven(secrets: Sequence[bytes], nonce: str, answer: str) -> bool:
    """Tell whether an answer comes from a service that knows one of the secrets."""
    return token.is_valid(secrets, _ANSWER, nonce, answer)
