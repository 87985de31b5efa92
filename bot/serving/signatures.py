"""Admits requests that Slack has signed, of its kinds and sizes, and rejects all others."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. Slack's largest events are far below; it bounds what a stranger can make us read."""

# Slack counts a delivery as failed after three seconds (Slack docs, The Events API).
_BODY_SECONDS = 10.0
# Either way: Slack's own advice against replays (Slack docs, Verifying requests from Slack).
_CLOCK_SECONDS = 300
# A timestamp has ten digits until the year 2286; int() of thousands of them is an error, and slow before that.
_MOST_DIGITS = 12
# The outer keys whose kind Bolt takes for granted while it looks for a listener, and would fail over.
_KINDS: Final[Mapping[str, type]] = {"event": dict, "view": dict, "command": str, "callback_id": str, "action_id": str}
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


class RejectedRequest(Exception):
    """A request is not let in; `status` is the HTTP status of the answer, the text its reason, without a secret."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class RequestGuard:
    """Lets in what is signed with `secret`. `wall` is seconds since the epoch, `patience` how many of them a body may
    take to come."""

    def __init__(self, secret: str, *, wall: Callable[[], float] = time.time, patience: float = _BODY_SECONDS) -> None:
        self._patience = patience
        self._secret = secret.encode()
        self._wall = wall

    async def admit(self, request: web.Request) -> tuple[str, Mapping[str, object]]:
        """The body of a request of Slack's, as text and as the object that it holds.

        Nothing is parsed before the signature is known to be Slack's.

        Raises:
            RejectedRequest: it is not to be acted on.
        """
        self._check_head(request)
        try:
            async with asyncio.timeout(self._patience):
                body = await request.read()
        except TimeoutError:
            raise RejectedRequest(408, "the body takes too long") from None
        except web.HTTPRequestEntityTooLarge:
            raise RejectedRequest(413, "the body is too large") from None
        except web.RequestPayloadError:
            raise RejectedRequest(400, "the body is malformed") from None
        if not self._is_signed(request, body):
            raise RejectedRequest(401, "the signature is not Slack's")
        return _object(body, request.content_type)

    def _check_head(self, request: web.Request) -> None:
        if (request.content_length or 0) > LARGEST_BODY:
            raise RejectedRequest(413, "the body is too large")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise RejectedRequest(415, "Slack compresses nothing")  # and what unpacks to gigabytes is not unpacked
        if request.content_type not in {_JSON, _FORM}:
            raise RejectedRequest(415, "Slack sends JSON and forms")
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _MOST_DIGITS):
            raise RejectedRequest(401, "no timestamp of Slack's")
        if abs(self._wall() - int(stamp)) > _CLOCK_SECONDS:
            raise RejectedRequest(401, "the timestamp is more than five minutes away from our clock")

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        digest = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        # As bytes: compare_digest raises for text that is not ASCII.
        given = request.headers.get("X-Slack-Signature", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(f"v0={digest}".encode(), given)


def _object(body: bytes, content_type: str) -> tuple[str, Mapping[str, object]]:
    try:
        text = body.decode()
        if content_type == _JSON:
            found = json.loads(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True))
            found = json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError) as error:  # among the first: bytes that are no text, numbers of 5,000 digits
        raise RejectedRequest(400, f"the body cannot be read ({type(error).__name__})") from None
    if not isinstance(found, dict) or not _has_shape(found):
        raise RejectedRequest(400, "the body is not one of Slack's")
    return text, found


def _has_shape(found: Mapping[str, object]) -> bool:
    if not all(isinstance(found[key], kind) for key, kind in _KINDS.items() if key in found):
        return False
    actions = found.get("actions", [{"action_id": ""}])
    if not isinstance(actions, list) or not actions or not all(isinstance(action, dict) for action in actions):
        return False
    return found.get("type") != "block_actions" or all(isinstance(action.get("action_id"), str) for action in actions)
