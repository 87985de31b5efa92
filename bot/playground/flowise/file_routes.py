"""Serves the routes of the local Flowise that are about files: what a flow takes, attachments, upserts, and what
flows have made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiohttp import web

from bot.playground.flowise.dispatch import Dispatcher
from bot.playground.flowise.files import ReceivedFile, RefusedError, uploads
from bot.playground.flowise.flows import Flow
from bot.playground.flowise.wire import COMMON_HEADERS, WireReply, failure, json_reply

_CHUNK = 64 * 1024

T = TypeVar("T")


class FileRoutes:
    """The routes of one server. `answer` makes a response of a reply."""

    def __init__(self, dispatcher: Dispatcher, answer: Callable[[WireReply], web.Response]) -> None:
        self._dispatcher = dispatcher
        self._answer = answer

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/api/v1/chatflows-uploads/{flow}", self._uploads)
        router.add_post("/api/v1/attachments/{flow}/{chat}", self._attach)
        router.add_get("/api/v1/get-upload-file", self._made)
        router.add_post("/api/v1/vector/upsert/{flow}", self._upsert)

    def _flow(self, request: web.Request) -> Flow | None:
        return self._dispatcher.flows.get(request.match_info["flow"])

    async def _uploads(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        if flow is None:
            return self._answer(failure(500, f"Chatflow {request.match_info['flow']} not found"))
        return self._answer(json_reply(uploads(flow.takes)))

    async def _attach(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        if flow is None:
            return self._answer(failure(404, f"Chatflow {request.match_info['flow']} not found"))
        _, files = await _form(request, "attachment", flow.id, request.match_info["chat"])
        try:
            taken = [await self._taken(file, partial(self._dispatcher.files.attach, flow.takes)) for file in files]
            return self._answer(json_reply(taken))
        except RefusedError as refused:
            return self._answer(failure(500, f"Error: attachmentService.createAttachment - {refused}"))

    async def _made(self, request: web.Request) -> web.StreamResponse:
        """A file that a flow has made: without a type or a length, and without a key."""
        asked = (request.query.get(key, "") for key in ("chatflowId", "chatId", "fileName"))
        flow, chat, name = asked
        self._dispatcher.files.asked_for.append((flow, chat, name))
        await self._dispatcher.files.wait(ReceivedFile("made", flow, chat, name, "", b""), taken=False)
        content = self._dispatcher.files.made.get((flow, chat, name))
        if content is None:
            return self._answer(failure(500, f"Error: File {name} not found"))
        response = web.StreamResponse(headers={**COMMON_HEADERS, "Content-Disposition": "attachment"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for start in range(0, len(content), _CHUNK):
            await response.write(content[start : start + _CHUNK])
        await response.write_eof()
        return response

    async def _upsert(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        if not self._dispatcher.has_key(request.headers):
            return self._answer(json_reply({"error": "Unauthorized Access"}, 401))
        if flow is None:
            return self._answer(failure(404, f"Chatflow {request.match_info['flow']} not found"))
        chat, files = await _form(request, "upsert", flow.id, "")
        files = [ReceivedFile(file.way, file.flow_id, chat, file.name, file.mime, file.content) for file in files]
        try:
            added = [await self._taken(file, partial(self._dispatcher.files.upsert, flow.takes)) for file in files]
        except RefusedError as refused:
            return self._answer(failure(500, f"Error: vectorsService.upsertVector - {refused}"))
        return self._answer(json_reply({"numAdded": sum(added), "addedDocs": []}))

    async def _taken(self, file: ReceivedFile, take: Callable[[ReceivedFile], T]) -> T:
        """Take a file, and wait as was asked before and after. Raises RefusedError."""
        files = self._dispatcher.files
        await files.wait(file, taken=False)
        found = take(file)
        await files.wait(file, taken=True)
        return found


async def _form(request: web.Request, way: str, flow_id: str, chat_id: str) -> tuple[str, list[ReceivedFile]]:
    """The `chatId` and the files of a form."""
    chat, files = "", []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file:  # aiohttp closes it where a request comes to its end alone
                content = value.file.read()
            files.append(ReceivedFile(way, flow_id, chat_id, value.filename, value.content_type, content))
        elif name == "chatId":
            chat = str(value)
    return chat, files
