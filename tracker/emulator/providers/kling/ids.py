"""The forms that task ids take; opaque to everybody but their maker.

Source: pages of gateways that relay Kling (their sample answers), read 2026-11.
"""

import base64
import random
import uuid

__all__ = ["write_id"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def write_id(form: str, digits: str, chance: random.Random) -> str:
    """Return an id in some form.

    digits: the provider's own id, which is what `number` keeps.
    """
    match form:
        case "ulid":
            return "task_" + "".join(chance.choice(_CROCKFORD) for _ in range(26))
        case "uuid":
            return str(uuid.UUID(int=chance.getrandbits(128), version=4))
        case "base64":
            return base64.urlsafe_b64encode(chance.randbytes(24)).decode()
        case "qvideo":
            return f"qvideo-{chance.getrandbits(48):012x}-{digits}"
        case _:
            return digits
