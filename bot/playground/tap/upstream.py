"""Chooses where the tap leads, a flow of the local Flowise or somebody's own, and rewrites requests for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from multidict import CIMultiDict
from yarl import URL

# RFC 9110, section 7.6.1: what is for one connection alone. How a body is framed is for each connection to say.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HIDDEN = "<key>"


@dataclass(frozen=True, slots=True, eq=False)
class Upstream:
    """A server, one flow on it, the flow's title, and the key that is put into requests, which is shown nowhere."""

    kind: Literal["local", "yours"]
    url: str
    chatflow_id: str
    title: str
    api_key: str | None = field(default=None, repr=False)

    def address(self, raw_path: str, chatflow_id: str) -> URL:
        """Where a request goes, with the flow's own id in place of the one that the bot is told."""
        for before in ("/", "chatflowId="):  # a file that a flow has made is asked for by a query
            raw_path = raw_path.replace(f"{before}{chatflow_id}", f"{before}{self.chatflow_id}")
        return URL(self.url + raw_path, encoded=True)

    def headers(self, given: Mapping[str, str], *, key: bool) -> CIMultiDict[str]:
        """The headers of a request as they go on; with the key where it may have it."""
        headers = passed_on(given)
        for name in ("Host", "Authorization", "Content-Length"):
            headers.popall(name, None)
        if key and self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers

    def hidden(self, text: str) -> str:
        """A text without the key, should the server repeat it."""
        if self.api_key is None:
            return text
        escaped = json.dumps(self.api_key)[1:-1]
        return text.replace(self.api_key, _HIDDEN).replace(escaped, _HIDDEN)


def passed_on(given: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers that concern both ends."""
    return CIMultiDict((name, value) for name, value in given.items() if name.lower() not in _HOP_BY_HOP)


def yours(url: str, chatflow_id: str, api_key: str | None) -> Upstream:
    """Somebody's own Flowise.

    Raises:
        ValueError: a sentence for whoever has typed it; it never holds the key.
    """
    base = url.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        _ = parts.port  # raises where it is no number of a port
        (parts.hostname or "").encode("idna")  # raises where a part of the name is empty or too long
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", base):
        raise ValueError("Flowise's address begins with http:// or https:// and a host, such as http://localhost:3000.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Please give Flowise's address without a name and password in it.")
    if parts.query or parts.fragment or re.search(r"/(api/v1|prediction|canvas|agentcanvas|chatbot)\b", parts.path):
        raise ValueError("Please give Flowise's base address alone, without the path of a chatflow.")
    flow = chatflow_id.strip()
    if not re.fullmatch(r"[\w-]{1,100}", flow, re.ASCII):
        raise ValueError("The chatflow's id is the last part of its address in Flowise: letters, digits and hyphens.")
    key = (api_key or "").strip() or None
    if key is not None and not re.fullmatch(r"[!-~]+", key):
        raise ValueError("An API key is one word of plain characters.")
    return Upstream("yours", base, flow, f"Your chatflow at {parts.hostname}", key)
