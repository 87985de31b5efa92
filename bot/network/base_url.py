"""Checks the base address of an HTTP server, as a setting gives it."""

from __future__ import annotations

from urllib.parse import urlsplit


def base_url(value: str) -> str:
    """Return an http(s) address without a query, with trailing slashes removed.

    Raises:
        ValueError: it is none, or holds a name and password. The text does not repeat it.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "expected an address that begins with http:// or https://, such as https://flowise.example.com"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without a name and password in it")
    try:
        _ = parts.port
    except ValueError:  # its text repeats what stands there
        raise ValueError("expected an address whose port is a number up to 65535") from None
    return value.rstrip("/")
