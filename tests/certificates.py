"""Certificates for servers of the tests that ask their clients for one, too."""

import ssl
from pathlib import Path

import trustme


def certified(folder: Path, host: str = "localhost") -> ssl.SSLContext:
    """The TLS of such a server; `own.pem` for its clients and `ca.pem`, which they trust, are put into the folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("crowd@shop.invalid").private_key_and_cert_chain_pem.write_to_path(folder / "own.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
