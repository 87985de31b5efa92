"""Delivers a payload to the app: one signed POST or one socket frame, and again where it was not acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

import aiohttp

Payload: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DeliveryTimeouts:
    """How long Slack waits, in seconds of the real clock.

    `ack`: for an acknowledgement. `retries`: before each of the further attempts; Slack tries again at once, after a
    minute and after five (Slack docs, The Events API). `ticket`: how long an address for Socket Mode can be used.
    """

    ack: float = 3.0
    retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    ticket: float = 30.0


@dataclass(frozen=True, slots=True)
class Retry:
    """The `number`-th further attempt, and why; `avoid` is the socket that did not answer the one before."""

    number: int
    reason: str
    avoid: object = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a payload: whether the app acknowledged it, with which HTTP status (None over a socket) and what
    it said in reply. `reason` says in Slack's words why it was not acknowledged."""

    acked: bool
    reason: str = ""
    status: int | None = None
    payload: Payload | None = None
    attempts: int = 1
    unwanted: bool = False
    via: object = None

    @property
    def text(self) -> str:
        """The text of the app's reply to a command; empty where it had none."""
        return str((self.payload or {}).get("text", ""))

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong with a view that was submitted, by block_id; empty where it was taken."""
        errors = (self.payload or {}).get("errors")
        return {str(block): str(text) for block, text in errors.items()} if isinstance(errors, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery as it was made, in order of its end. `retry` is 0 for the first one; the times are of the steady
    clock: when it was begun, and when it was acknowledged or given up."""

    kind: str
    payload: Payload
    retry: int
    at: float
    done_at: float
    result: Delivered


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a request (Slack docs, Verifying requests from Slack)."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


class Push:
    """Payloads by HTTP. The session is the caller's."""

    def __init__(
        self, session: aiohttp.ClientSession, secret: str, wall: Callable[[], float], patience: DeliveryTimeouts
    ) -> None:
        self._session, self._secret, self._wall, self._patience = session, secret, wall, patience

    async def send(self, url: str, kind: str, payload: Payload, retry: Retry | None = None) -> Delivered:
        """Make one attempt."""
        content_type, body = _encoded(kind, payload)
        timestamp = str(int(self._wall()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        try:
            async with (
                asyncio.timeout(self._patience.ack),
                self._session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
                unwanted = response.headers.get("x-slack-no-retry") == "1"
                status = response.status
        except TimeoutError:
            return Delivered(acked=False, reason="http_timeout")
        except (aiohttp.ClientError, OSError):
            return Delivered(acked=False, reason="connection_failed")
        if not 200 <= status < 300:
            return Delivered(acked=False, reason="http_error", status=status, unwanted=unwanted)
        return Delivered(acked=True, status=status, payload=_reply(text))


def _encoded(kind: str, payload: Payload) -> tuple[str, bytes]:
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    fields = {"payload": json.dumps(payload)} if kind == "interactive" else {k: str(v) for k, v in payload.items()}
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


def _reply(text: str) -> Payload | None:
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return {"text": text}
    return value if isinstance(value, dict) else {"text": text}
