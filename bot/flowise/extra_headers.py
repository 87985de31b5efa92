"""Reads the headers that a proxy before Flowise asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# RFC 9110, 5.6.2 and 5.5: a name is a token, a value has visible characters and spaces.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[!-~](?:[ !-~]{0,4000}[!-~])?")

# What a request says of itself. With others in their place Flowise, or the way to it, would not understand it.
_OURS = frozenset(
    {"accept", "accept-encoding", "cache-control", "connection", "content-encoding", "content-length", "content-type"}
    | {"expect", "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
)

# In characters. A shorter one, such as `1` or `true`, is none, and with it whatever else holds it would be hidden.
_SECRET = 6

KEY_HEADER = "Authorization"
"""In which the API key is sent."""


NO_HEADERS: Final[Mapping[str, str]] = {}


def read(text: str) -> Mapping[str, str]:
    """The headers in a text such as `name=value,name=value`.

    Raises:
        ValueError: it cannot be read. Its text holds no value.
    """
    headers: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, sign, value = (part.strip() for part in pair.partition("="))
        if not sign or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("expected name=value, and a comma between two of them; no value may have a comma in it")
        if name.lower() in _OURS or name.lower() in map(str.lower, headers):
            raise ValueError("expected headers that a proxy asks for, each once, and none that the bot sends itself")
        headers[name] = value
    return headers


def secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must be shown nowhere, the longest first: each value, and what follows the scheme in it (`Basic …`)."""
    found = {text for value in headers.values() for text in (value, value.rpartition(" ")[2]) if len(text) >= _SECRET}
    return tuple(sorted(found, key=len, reverse=True))


def replaces_key(headers: Mapping[str, str]) -> bool:
    """Whether one of the headers takes the place of the API key's."""
    return any(name.lower() == KEY_HEADER.lower() for name in headers)
