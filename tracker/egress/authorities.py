"""Whom this system trusts to certify servers: read once, as that takes some 20 ms each time."""

import ssl
from functools import lru_cache


def load_system_tls() -> ssl.SSLContext:
    """Return the settings of TLS for calls to anywhere. They are shared: nobody may change them."""
    return _read(ssl.get_default_verify_paths())


@lru_cache(maxsize=8)
def _read(_where: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """where: as the variables SSL_CERT_FILE and SSL_CERT_DIR have it now."""
    return ssl.create_default_context()
