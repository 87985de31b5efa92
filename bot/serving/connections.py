"""Limits connections from outside: how many there are, how long each may stay without a request or take over one.

A connection is waiting (its request's head is not complete), busy (a request is being answered) or idle (between two
requests). Where there is no place for a new one, the oldest that has not shown a whole request gives way: honest
senders need milliseconds for theirs, and those who hold connections open are by that the oldest.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bot.serving.sparse_log import SparseLog

# An unread rest of a body is read for so many seconds after the answer, so that the sender gets to read it.
_LINGERING = 1.0
# One address of IPv6 is a whole network's to choose from; those who hand them out count by /64.
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections at a time, and seconds: for a request's head, between two requests, for a whole request."""

    connections: int = 512
    head: float = 10.0
    # Proxies keep idle connections for 60 s, as a rule, and must be the ones who let go of them: what they send on a
    # connection that we have just closed is lost.
    idle: float = 65.0
    # A body may take ten seconds (bot/serving/signatures.py) and our answer a few; nobody is waited for longer.
    request: float = 30.0

    @property
    def waiting_of_one(self) -> int:
        """How many connections one address may have that have not shown a complete head.

        Never less than half: behind a proxy that ends TLS, all of Slack is one address.
        """
        return max(1, (self.connections + 1) // 2)


class _State(Enum):
    WAITING = "waiting"
    BUSY = "busy"
    IDLE = "idle"


class Connection(web.RequestHandler):
    """aiohttp's connection with a time limit for each of its states."""

    __slots__ = ("_all", "_request", "_timer", "_wire", "address", "state")

    def __init__(self, all_of_them: Connections, server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner hands it over
            lingering_time=_LINGERING,
            auto_decompress=False,  # what unpacks to gigabytes is not unpacked, not even to be thrown away
        )
        self._all = all_of_them
        self._timer: asyncio.TimerHandle | None = None
        self._wire: asyncio.Transport | None = None
        self._request: web.Request | None = None
        self.state = _State.WAITING
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        self.address = _address(transport.get_extra_info("peername"))
        if not self._all.take_in(self):
            self._wire.abort()
            return
        super().connection_made(transport)
        self._is_now(_State.WAITING)

    def connection_lost(self, error: BaseException | None) -> None:
        self._all.let_go(self)
        if self._timer is not None:
            self._timer.cancel()
        self._request = None
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self.state is _State.IDLE:
            self._is_now(_State.WAITING)
        super().data_received(data)

    def begun(self, request: web.Request) -> None:
        """A request's head is complete."""
        self._request = request
        self._is_now(_State.BUSY)

    def log_access(self, request: web.BaseRequest, response: web.StreamResponse, time: float | None) -> None:
        """aiohttp calls this when an answer is sent."""
        self._request = None
        self._is_now(_State.IDLE)
        super().log_access(request, response, time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what cannot be read without a traceback, and without repeating it: anybody can send it."""
        if not self._is_theirs(exc):
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        response = web.Response(status=400, text="malformed request", headers={"Server": ""})
        response.force_close()
        return response

    def log_exception(self, *args: object, **kw: object) -> None:
        """aiohttp calls this for what comes of an unread rest of a body, too."""
        if not self._is_theirs(kw.get("exc_info")):
            super().log_exception(*args, **kw)

    def _is_theirs(self, error: object) -> bool:
        """Whether the sender is to blame for an error; that is told in one line, and a sender who left in none."""
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            self._all.log.warning("malformed request", reason=type(error).__name__, sender=self.address)
            return True
        return isinstance(error, ConnectionError)

    @property
    def is_unproven(self) -> bool:
        """Whether it may give way to another one: it has not shown a whole request yet, or has no further one."""
        return self.state is not _State.BUSY or (self._request is not None and not self._request.content.is_eof())

    def abort(self) -> None:
        """Close at once. What was to be sent is not: who does not read would hold it up for ever."""
        self._all.let_go(self)
        if self._wire is not None:  # aiohttp forgets its own when it begins to close, which may never end
            self._wire.abort()

    def _is_now(self, state: _State) -> None:
        self.state = state
        self._all.moved(self)
        if self._timer is not None:
            self._timer.cancel()
        limits = self._all.limits
        seconds = {_State.WAITING: limits.head, _State.IDLE: limits.idle, _State.BUSY: limits.request}[state]
        self._timer = self._loop.call_later(seconds, self.abort)


class Connections:
    """All connections of one server, within `limits`. What strangers do wrong goes to `log`."""

    def __init__(self, limits: ConnectionLimits, log: SparseLog) -> None:
        self.limits = limits
        self.log = log
        # In the order in which they came into their state: the one that has been in it for longest is the first.
        self._open: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def take_in(self, new: Connection) -> bool:
        """Make room for a connection; False where nothing gives way."""
        waiting = [one for one in self._open if one.state is _State.WAITING and one.address == new.address]
        if len(waiting) >= self.limits.waiting_of_one:
            self._give_way(waiting, "one address has too many connections without a request")
        elif len(self._open) >= self.limits.connections:
            self._give_way(self._in_order(), "too many connections")
        if len(self._open) >= self.limits.connections:
            self.log.warning("connection refused", reason="all are busy", sender=new.address)
            return False
        self._open[new] = None
        return True

    def moved(self, one: Connection) -> None:
        """Put a connection behind all others, for its new state is the youngest."""
        if one in self._open:
            del self._open[one]
            self._open[one] = None

    def let_go(self, one: Connection) -> None:
        self._open.pop(one, None)

    def _in_order(self) -> Iterable[Connection]:
        """Those that may give way: first without a request at all, then with half of one."""
        yield from (one for one in self._open if one.state is not _State.BUSY)
        yield from (one for one in self._open if one.state is _State.BUSY and one.is_unproven)

    def _give_way(self, candidates: Iterable[Connection], reason: str) -> None:
        oldest = next(iter(candidates), None)
        if oldest is not None:
            self.log.warning("connection closed for another", reason=reason, sender=oldest.address)
            oldest.abort()


@web.middleware
async def note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection that a request's head is complete; the application of each server begins with this."""
    if isinstance(request.protocol, Connection):
        request.protocol.begun(request)
    return await handler(request)


async def without_versions(_: web.Request, response: web.StreamResponse) -> None:
    """aiohttp would tell every stranger its version and Python's."""
    response.headers.pop("Server", None)


def _address(peer: object) -> str:
    """Who is at the other end, as one counts: an address of IPv4, a /64 of IPv6; empty where there is none."""
    if not isinstance(peer, tuple):
        return ""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return str(peer[0])
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))
