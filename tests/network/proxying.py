"""Runs a forward proxy as companies use them: it tunnels (CONNECT), forwards plain requests, and may refuse."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

HOST = "127.0.0.1"


class ForwardProxy:
    """Reaches every host name on this machine; `asked` are the request lines that came.

    It answers with `refusal` where that is a status, and with 403 to plain sockets where it `refuses_sockets`; with
    `password` it wants "name:password".
    """

    def __init__(self, password: str = "") -> None:
        self.asked: list[str] = []
        self.refusal = 0
        self.refuses_sockets = False
        self._credentials = base64.b64encode(password.encode()).decode() if password else ""
        self.port = 0

    @property
    def hosts(self) -> set[str]:
        """The host names that were asked for."""
        found = set()
        for line in self.asked:
            method, target, _ = line.split()
            found.add(urlsplit(f"//{target}" if method == "CONNECT" else target).hostname or "")
        return found

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
            self.asked.append(line)
            status = self.refusal or (0 if self._may(fields) else 407)
            if self.refuses_sockets and line.startswith("GET ws://"):
                status = 403
            if status:
                writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                return
            await self._forward(line, fields, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever it was has left
        finally:
            writer.close()

    def _may(self, fields: list[str]) -> bool:
        return not self._credentials or f"Proxy-Authorization: Basic {self._credentials}" in fields

    async def _forward(
        self, line: str, fields: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, version = line.split()
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        far_reader, far_writer = await asyncio.open_connection(HOST, parts.port or 80)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = parts._replace(scheme="", netloc="").geturl() or "/"
                upgrade = any(field.lower() == "connection: upgrade" for field in fields)
                kept = [field for field in fields if not field.lower().startswith(("proxy-", "connection:"))]
                kept.append(f"Connection: {'Upgrade' if upgrade else 'close'}")
                far_writer.write("\r\n".join([f"{method} {path} {version}", *kept, "", ""]).encode())
            await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        finally:
            far_writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def forward_proxy(password: str = "") -> AsyncIterator[ForwardProxy]:
    proxy = ForwardProxy(password)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, HOST, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    yield proxy
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
