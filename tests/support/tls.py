"""A throwaway certificate authority, for clients that speak to nobody without TLS."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority's, and a server's with its key."""

    authority: Path
    cert: Path
    key: Path

    def read_context(self) -> ssl.SSLContext:
        """Return what a server of these names needs."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.cert, self.key)
        return made


def make_certificates(folder: Path, *names: str) -> Certificates:
    """One for a server of these names, valid while the test runs."""
    authority = trustme.CA()
    server = authority.issue_cert(*names)
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(made.authority)
    server.cert_chain_pems[0].write_to_path(made.cert)
    for further in server.cert_chain_pems[1:]:
        further.write_to_path(made.cert, append=True)
    server.private_key_pem.write_to_path(made.key)
    return made
