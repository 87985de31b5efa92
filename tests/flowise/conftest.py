"""Serves bytes as a Flowise: plays recordings and faults over a real socket, and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.flowise.client import Client, Limits, new_session

RECORDINGS = Path(__file__).parents[1] / "recordings"
FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What is written for one request, and what happens then: keep, close, reset (RST) or hang."""

    parts: tuple[bytes, ...]
    then: str = "keep"


def chunked(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


@dataclass
class Server:
    """Answers in the order given with `on`; the last answer of a place is given again and again."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a prediction was asked for."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def was_left(self) -> None:
        """Wait until a client has closed a connection that hung; long only where it never does."""
        async with asyncio.timeout(5):
            await self.left.wait()

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def on(self, method: str, place: str, *answers: Answer) -> None:
        """Answer requests whose target has `place` in it."""
        self._answers[method, place] = list(answers)

    def predicts(self, *answers: Answer) -> None:
        self.on("POST", "/api/v1/prediction/", *answers)

    def probes(self, *answers: Answer) -> None:
        self.on("GET", "/api/v1/chatflows-streaming/", *answers)

    def page(self, status: int, content_type: str, body: str, **headers: str) -> Answer:
        data = body.encode()
        lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {content_type}", f"Content-Length: {len(data)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return Answer(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))

    def json(self, value: object, status: int = 200) -> Answer:
        return self.page(status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False))

    def silence(self, then: str = "hang", sent: tuple[bytes, ...] = ()) -> Answer:
        """Nothing, or only these raw bytes."""
        return Answer(sent, then)

    def stream(self, *parts: bytes, then: str = "keep") -> Answer:
        """A chunked event stream; it is finished properly where the connection is kept."""
        last = (b"0\r\n\r\n",) if then == "keep" else ()
        return Answer((STREAM_HEAD, *map(chunked, parts), *last), then)

    def events(self, *events: tuple[str, object], then: str = "keep") -> Answer:
        """A stream in the form that the server sends."""
        frames = [json.dumps({"event": name, "data": data}, ensure_ascii=False) for name, data in events]
        return self.stream(*(f"message:\ndata:{frame}\n\n".encode() for frame in frames), then=then)

    def recording(self, name: str) -> Answer:
        """A recorded exchange, byte for byte, without its pauses."""
        rows = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]
        head = next((row["head"].encode() for row in rows if "head" in row), b"")
        body = [row.get("frame", row.get("tail", "")).encode() for row in rows if "frame" in row or "tail" in row]
        closed = next(row["closed"] for row in rows if "closed" in row)
        then = {"by server": "keep", "curl: time-out": "hang"}.get(closed, "close")
        if b"chunked" in head:
            body = [*map(chunked, body), *((b"0\r\n\r\n",) if then == "keep" else ())]
        return Answer((head, *body) if head else (), then)

    def _answer_to(self, method: str, target: str) -> Answer:
        for (known, place), answers in self._answers.items():
            if known == method and place in target:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return self.page(404, "text/html", "<!doctype html>not here")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        try:
            while await self._one(reader, writer, connection):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Request(method, target, headers, body, connection))
        if method == "POST":
            self.asked.set()
        answer = self._answer_to(method, target)
        for part in answer.parts:
            writer.write(part)
        await writer.drain()
        if answer.then == "hang":
            with suppress(ConnectionError):  # who leaves an answer unread leaves with a reset
                while await reader.read(1024):
                    pass
            self.left.set()
        if answer.then == "reset":
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return answer.then == "keep"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(served.handle(reader, writer))
        running.add(task)
        await asyncio.wait([task])

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    served.port = listener.sockets[0].getsockname()[1]
    served.probes(served.json({"isStreaming": True}))
    yield served
    listener.close()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as opened:
        yield opened


MakeClient = Callable[..., Client]


@pytest.fixture
def make_client(server: Server, session: aiohttp.ClientSession) -> MakeClient:
    """A client of the server; limits by name, other arguments as Client has them."""

    def make(
        *, key: str | None = None, url: str | None = None, limits: Limits | None = None, flow: str = FLOW, **more: Any
    ) -> Client:
        return Client(session, url or server.url, flow, key, limits or Limits(refused_pause=0), **more)

    return make
