"""Who may do what: scopes, and who is asking."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be allowed to do. `admin` includes the others."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    tenant: whose objects this request can see; all others do not exist for it.
    key:    the row of the API key; None where none was asked for.
    """

    tenant: str
    scopes: frozenset[Scope]
    key: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the scopes cover this one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


EVERYTHING = frozenset(Scope)
"""The scopes of whoever asks where no keys are asked for."""
