"""Has the certificate that servers of tests show: for 127.0.0.1, and for names that only the tests' proxy resolves."""

from __future__ import annotations

import ssl
from pathlib import Path

# Kept as a file, with its key: none has to be made, and so no program has to be there to make it.
CERTIFICATE = Path(__file__).with_suffix(".pem")


def showing_it() -> ssl.SSLContext:
    """What a server needs to show it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
