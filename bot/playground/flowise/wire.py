"""Writes as a Flowise server does: the frames of a stream, its JSON, its headers.

Every form here is measured on Flowise 3.1.4.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

HEARTBEAT = b":heartbeat\n\n"

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

# On every answer that passed the server's first middleware.
COMMON_HEADERS: Mapping[str, str] = {
    "Vary": "Origin",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}

STREAM_HEADERS: Mapping[str, str] = {
    **COMMON_HEADERS,
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class WireReply:
    """An answer in one piece. `headers` holds the content type and all others that are sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def dumps(data: object) -> str:
    """JSON as Node writes it: no spaces, nothing escaped that need not be, so a raw U+2028 may stand in a line."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _encoded(data: object) -> bytes:
    # Half a surrogate pair has no UTF-8; JSON.stringify writes it as the escape that backslashreplace makes.
    return dumps(data).encode("utf-8", "backslashreplace")


def frame(event: str, data: object, **more: object) -> bytes:
    """One frame of the stream. The event's type stands inside the JSON; `message:` is a field without meaning."""
    return b"message:\ndata:" + _encoded({"event": event, "data": data, **more}) + b"\n\n"


END = frame("end", "[DONE]")


def whole(status: int, body: bytes, content_type: str, extra: Mapping[str, str] | None = None) -> WireReply:
    """An answer in one piece with the headers Express gives it."""
    headers = {
        **COMMON_HEADERS,
        **(extra or {}),
        "Content-Type": content_type,
        "ETag": _etag(body),
        "Connection": "keep-alive",
        "Keep-Alive": "timeout=5",
    }
    return WireReply(status, body, headers)


def json_reply(data: object, status: int = 200) -> WireReply:
    return whole(status, _encoded(data), JSON_TYPE)


def failure(status: int, message: str) -> WireReply:
    """The JSON of Flowise's error middleware."""
    return json_reply({"statusCode": status, "success": False, "message": message, "stack": {}}, status)


def prediction_error(reason: str) -> str:
    """The text that Flowise makes of whatever went wrong in a prediction."""
    return f"Error: predictionsServices.buildChatflow - {reason}"


def _etag(body: bytes) -> str:
    digest = b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()[:27]
    return f'W/"{len(body):x}-{digest}"'
