"""Checks the addresses that Slack gives before a request goes there: Slack's own, or on the host of SLACK_API_URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Everything Slack gives is under it: wss-primary.slack.com, hooks.slack.com, files.slack.com (Slack docs, Using Socket
# Mode, Handling user interaction, files.getUploadURLExternal).
_SLACK = "slack.com"
# Where all files are (Slack docs, Working with files).
_FILES = f"files.{_SLACK}"
_SAFE = frozenset({"https", "wss"})
_PLAIN = frozenset({"http", "ws"})
# Characters that no address of Slack's holds, and that URL parsers read differently.
_CROOKED = re.compile(r"[^\x21-\x7e]|[\\^`{}|<>\"]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


class Addresses:
    """The addresses that are allowed where `api` is SLACK_API_URL.

    They are https or wss, under slack.com or on the host of `api`; http or ws on that host only, and only if `api`
    itself is http, as that of a local Slack. Only `api` and the host of files are sent a token: other addresses carry
    secrets of their own.
    """

    def __init__(self, api: str) -> None:
        parts = urlsplit(api)
        self._host = parts.hostname or ""
        self._is_plain = parts.scheme == "http"

    def objection(self, address: str) -> str:
        """Why an address is not allowed, without the secret in it; empty where it is allowed."""
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

    def objection_to_file(self, address: str) -> str:
        """Why the token is not sent to the address of a file; empty where it is: to Slack's file host, and to the host
        of `api` where that is not Slack's."""
        if objection := self.objection(address):
            return objection
        host = urlsplit(address).hostname or ""
        is_slacks = self._host == _SLACK or self._host.endswith(f".{_SLACK}")
        if host == _FILES or (host == self._host and not is_slacks):
            return ""
        return f"{host} is neither {_FILES} nor the host of SLACK_API_URL"
