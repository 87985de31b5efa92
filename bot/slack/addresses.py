"""Knows which addresses that Slack gives may be gone to: Slack's own, and those on the host of SLACK_API_URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Everything Slack gives is under it: wss-primary.slack.com, hooks.slack.com, files.slack.com (Slack docs, Using Socket
# Mode, Handling user interaction, files.getUploadURLExternal).
_SLACK = "slack.com"
_SAFE = frozenset({"https", "wss"})
_PLAIN = frozenset({"http", "ws"})
# What no address of Slack's holds, and what one reader of addresses takes for another part of it than the next one.
_CROOKED = re.compile(r"[^\x21-\x7e]|[\\^`{}|<>\"]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


class Addresses:
    """The addresses that may be gone to where `api` is SLACK_API_URL.

    They are https or wss, under slack.com or on the host of `api`; http or ws on that host only, and only where `api`
    itself is http: that is a local Slack's. None but `api` is sent a token: each address carries a secret of its own.
    """

    def __init__(self, api: str) -> None:
        parts = urlsplit(api)
        self._host = parts.hostname or ""
        self._is_plain = parts.scheme == "http"

    def objection(self, address: str) -> str:
        """Why an address may not be gone to, without what is secret in it; empty where it may."""
        if _CROOKED.search(address):
            return "it holds characters that no address of Slack's has"
        try:
            parts = urlsplit(address)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return "it cannot be read"
        if "@" in parts.netloc or not _HOST.fullmatch(host):
            return "its host cannot be read"
        if not (host in {self._host, _SLACK} or host.endswith(f".{_SLACK}")):
            return f"{host} is neither under {_SLACK} nor the host of SLACK_API_URL"
        if parts.scheme in _SAFE or (parts.scheme in _PLAIN and self._is_plain and host == self._host):
            return ""
        return f"{parts.scheme or 'no scheme'} is not safe on {host}"
