"""Implements Socket Mode: tickets, hello, envelopes and their acks, several connections, refresh and loss."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import WSMsgType, web

from bot.playground.slack.delivery import Delivered, DeliveryTimeouts, Payload, Retry

MOST_SOCKETS = 10


@dataclass(eq=False, slots=True)
class _Connection:
    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False
    """Told to go: it still acknowledges, but gets nothing new."""


class Sockets:
    """All Socket Mode connections of the app. A payload goes to any one of them, in turn."""

    def __init__(
        self, app_id: str, clock: Callable[[], float], patience: DeliveryTimeouts, changed: Callable[[], None]
    ) -> None:
        self._app_id, self._clock, self._patience, self._changed = app_id, clock, patience, changed
        self.is_silent: Callable[[], bool] = lambda: False
        """Whether a connection begins without a word."""
        self._tickets: dict[str, float] = {}
        self._connections: list[_Connection] = []
        self._unanswered: dict[str, tuple[asyncio.Future[Delivered], _Connection]] = {}
        self._available = asyncio.Event()

    @property
    def count(self) -> int:
        """Connections that take payloads."""
        return sum(not connection.leaving for connection in self._connections)

    def ticket(self, origin: str) -> str:
        """An address for one connection, good for a short while."""
        ticket = uuid4().hex
        self._tickets[ticket] = self._clock() + self._patience.ticket
        return f"{origin.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._app_id}"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self._tickets.pop(request.query.get("ticket", ""), 0.0) <= self._clock():
            return web.Response(status=404, text="no such ticket")
        socket = web.WebSocketResponse(heartbeat=10.0)
        await socket.prepare(request)
        if len(self._connections) >= MOST_SOCKETS:
            await socket.send_json(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        connection = _Connection(socket, request)
        self._connections.append(connection)
        if not self.is_silent():
            await socket.send_json(self._hello())
        self._noticed()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledged(frame.data)
        finally:
            self._lost(connection)
        return socket

    def _hello(self) -> dict[str, object]:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": self._app_id},
            "debug_info": {"host": "local", "approximate_connection_time": 3600},
        }

    def _noticed(self) -> None:
        if self.count:
            self._available.set()
        else:
            self._available.clear()
        self._changed()

    def _lost(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        for waiting, holder in self._unanswered.values():
            if holder is connection and not waiting.done():
                waiting.set_result(Delivered(acked=False, reason="connection_failed", via=holder))
        self._noticed()

    def _acknowledged(self, frame: str) -> None:
        """An ack may come on another socket than its envelope went to."""
        try:
            ack = json.loads(frame)
        except ValueError:
            return
        envelope_id = ack.get("envelope_id") if isinstance(ack, dict) else None
        waiting, _ = self._unanswered.get(str(envelope_id), (None, None))
        if waiting is not None and not waiting.done():
            payload = ack.get("payload")
            waiting.set_result(Delivered(acked=True, payload=payload if isinstance(payload, dict) else None))

    async def send(self, kind: str, payload: Payload, retry: Retry | None = None) -> Delivered:
        """Make one attempt; where there is no connection, wait as long for one as for an ack."""
        try:
            async with asyncio.timeout(self._patience.ack):
                await self._available.wait()
        except TimeoutError:
            return Delivered(acked=False, reason="connection_failed")
        connection = self._next(retry)
        envelope: dict[str, object] = {
            "envelope_id": str(uuid4()),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope["retry_attempt"] = retry.number if retry else 0
            envelope["retry_reason"] = retry.reason if retry else ""
        return await self._exchange(connection, envelope)

    async def _exchange(self, connection: _Connection, envelope: dict[str, object]) -> Delivered:
        envelope_id = str(envelope["envelope_id"])
        waiting: asyncio.Future[Delivered] = asyncio.get_running_loop().create_future()
        self._unanswered[envelope_id] = (waiting, connection)
        try:
            async with asyncio.timeout(self._patience.ack):
                await connection.socket.send_json(envelope)
                return await waiting
        except TimeoutError:
            return Delivered(acked=False, reason="timeout", via=connection)
        except ConnectionError:
            return Delivered(acked=False, reason="connection_failed", via=connection)
        finally:
            del self._unanswered[envelope_id]

    def _next(self, retry: Retry | None) -> _Connection:
        usable = [connection for connection in self._connections if not connection.leaving]
        others = [connection for connection in usable if retry is None or connection is not retry.avoid]
        chosen = (others or usable)[0]
        self._connections.remove(chosen)
        self._connections.append(chosen)
        return chosen

    async def disconnect(self, reason: str) -> None:
        """Tell all connections to go, or with "warning" that they soon will have to. `link_disabled` also hangs up."""
        for connection in list(self._connections):
            connection.leaving = reason != "warning"
            await connection.socket.send_json(_disconnect(reason))
            if reason == "link_disabled":
                await connection.socket.close()
        self._noticed()

    def abort(self) -> None:
        """Break off all connections without a close frame."""
        for connection in list(self._connections):
            connection.leaving = True
            if connection.request.transport is not None:
                connection.request.transport.abort()
        self._noticed()

    async def close(self) -> None:
        for connection in list(self._connections):
            await connection.socket.close()


def _disconnect(reason: str) -> dict[str, object]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
