"""Serves the routes of the local Flowise, and sends a prediction's answer in the form that was asked for, if ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from uuid import UUID

from aiohttp import web

from bot.playground.flowise.dispatch import Dispatcher
from bot.playground.flowise.file_routes import FileRoutes
from bot.playground.flowise.flows import Flow
from bot.playground.flowise.plans import Plan, PredictionRequest
from bot.playground.flowise.runs import Listener, LiveRun, LiveRuns, Received
from bot.playground.flowise.wire import HTML_TYPE, STREAM_HEADERS, WireReply, failure, json_reply, whole

VERSION = "3.1.4"

# Flowise's default FLOWISE_FILE_SIZE_LIMIT, 50mb.
_BODY_AT_MOST = 50 * 1024 * 1024

_PAGE = b'<!DOCTYPE html>\r\n<html lang="en"><head><title>Flowise - Build AI Agents, Visually</title></head></html>\r\n'


def application(dispatcher: Dispatcher, runs: LiveRuns) -> web.Application:
    """The server's routes."""
    predictions, rest = _Predictions(dispatcher, runs), _Rest(dispatcher, runs)
    app = web.Application(client_max_size=_BODY_AT_MOST)
    app.on_response_prepare.append(_without_server_name)
    app.router.add_post("/api/v1/prediction", predictions.post)
    app.router.add_post("/api/v1/prediction/{flow}", predictions.post)
    app.router.add_get("/api/v1/chatflows-streaming/{flow}", rest.can_stream)
    app.router.add_put("/api/v1/chatmessage/abort/{flow}/{chat}", rest.abort)
    app.router.add_get("/api/v1/chatmessage/{flow}", rest.chat_messages)
    FileRoutes(dispatcher, _response).add_to(app.router)
    app.router.add_get("/api/v1/chatflows", rest.listed)
    app.router.add_get("/api/v1/public-chatbotConfig/{flow}", rest.config)
    app.router.add_post("/api/v1/feedback", rest.rate)
    app.router.add_put("/api/v1/feedback/{row}", rest.rate_anew)
    app.router.add_get("/api/v1/feedback/{flow}", rest.ratings)
    app.router.add_get("/api/v1/ping", rest.ping)
    app.router.add_get("/api/v1/version", rest.version)
    app.router.add_route("*", "/{rest:.*}", rest.anything_else)
    return app


class _Predictions:
    """POST /api/v1/prediction/{flow}."""

    def __init__(self, dispatcher: Dispatcher, runs: LiveRuns) -> None:
        self._dispatcher = dispatcher
        self._runs = runs

    async def post(self, request: web.Request) -> web.StreamResponse:
        try:
            raw = await request.read()
            body = json.loads(raw) if raw.strip() else {}
        except web.HTTPRequestEntityTooLarge:
            return _response(failure(413, "request entity too large"))
        except ValueError as error:
            return _response(failure(400, str(error)))
        flow_id = request.match_info.get("flow", "")
        received = self._dispatcher.receive(flow_id, body if isinstance(body, dict) else {}, request.headers)
        try:
            return await self._answer(request, received)
        except asyncio.CancelledError:
            if not self._runs.stopping:
                received.leave()
            raise

    async def _answer(self, request: web.Request, received: Received) -> web.StreamResponse:
        streams = _wants_stream(received)
        flow = self._dispatcher.flows.get(received.flow_id)
        if flow is None:
            # The error middleware writes nothing where a stream was asked for (measured on Flowise 3.1.4).
            return await self._hang(request) if streams else _response(_no_such_flow(received.flow_id))
        asked, plan = self._dispatcher.plan(flow, received)
        if plan.silent:
            return await self._hang(request)
        if plan.reply is None if plan.forced else streams and flow.streamable:
            return await self._stream(request, received, flow, asked, plan)
        return await self._in_one_piece(request, received, flow, asked, plan)

    async def _stream(
        self, request: web.Request, received: Received, flow: Flow, asked: PredictionRequest, plan: Plan
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=plan.headers or STREAM_HEADERS)
        listener = Listener(request, response, plan.heartbeats)
        self._dispatcher.begin(received, asked, plan)
        self._runs.begin(LiveRun(plan, received, lambda: self._dispatcher.store(received, asked, plan), listener))
        return await self._listened(listener)

    async def _in_one_piece(
        self, request: web.Request, received: Received, flow: Flow, asked: PredictionRequest, plan: Plan
    ) -> web.StreamResponse:
        self._dispatcher.begin(received, asked, plan)
        self._runs.begin(LiveRun(plan, received, lambda: self._dispatcher.store(received, asked, plan), None))
        await received.over()
        if plan.reply is None or self._runs.stopping:
            return _cut(request)
        failed = plan.reply.status >= 400 and not plan.forced
        if failed and _wants_stream(received):
            # A flow that cannot stream and fails never answers who asked for one (measured on Flowise 3.1.4).
            return await self._hang(request)
        return _response(plan.reply)

    async def _hang(self, request: web.Request) -> web.StreamResponse:
        """Send no byte until the client leaves or the server stops."""
        return await self._listened(Listener(request, web.StreamResponse()))

    async def _listened(self, listener: Listener) -> web.StreamResponse:
        await self._runs.listen(listener)
        return _cut(listener.request, listener.response) if listener.broken else listener.response


class _Rest:
    """The other endpoints that a chat client may use."""

    def __init__(self, dispatcher: Dispatcher, runs: LiveRuns) -> None:
        self._dispatcher = dispatcher
        self._runs = runs

    async def can_stream(self, request: web.Request) -> web.Response:
        flow = self._dispatcher.flows.get(request.match_info["flow"])
        if flow is None:
            missing = f"Chatflow {request.match_info['flow']} not found"
            return _response(failure(500, f"Error: chatflowsService.checkIfChatflowIsValidForStreaming - {missing}"))
        return _response(json_reply({"isStreaming": flow.streamable}))

    async def abort(self, request: web.Request) -> web.Response:
        """Says 200 whatever it did, and needs no key."""
        self._dispatcher.aborts.append(request.match_info["chat"])
        self._runs.abort(request.match_info["flow"], request.match_info["chat"])
        return _response(json_reply({"status": 200, "message": "Chat message aborted"}))

    async def chat_messages(self, request: web.Request) -> web.Response:
        if not self._dispatcher.has_key(request.headers):
            return _unauthorized()
        query: Mapping[str, str] = request.query
        self._dispatcher.row_requests.append(query)
        if self._dispatcher.rows_wait_for is not None:
            await self._dispatcher.rows_wait_for.wait()
        rows = self._dispatcher.memory.rows(
            request.match_info["flow"], query.get("chatId"), query.get("messageId"), query.get("startDate", "")
        )
        return _response(json_reply(rows))

    async def listed(self, request: web.Request) -> web.Response:
        """All flows, in one array, for a key that may view them, which the server's may."""
        if not self._dispatcher.has_key(request.headers):
            return _unauthorized()
        rows = [{"id": flow.id, "name": flow.name, "type": "CHATFLOW"} for flow in self._dispatcher.flows.values()]
        return _response(json_reply(rows))

    async def config(self, request: web.Request) -> web.Response:
        """Needs no key."""
        flow = self._dispatcher.flows.get(request.match_info["flow"])
        if flow is None:
            missing = f"Chatflow {request.match_info['flow']} not found"
            return _response(failure(500, f"Error: chatflowsService.getSinglePublicChatbotConfig - {missing}"))
        return _response(json_reply(self._dispatcher.config(flow)))

    async def rate(self, request: web.Request) -> web.Response:
        """Needs no key, as its two neighbours."""
        return _response(self._dispatcher.ratings.create(await request.json()))

    async def rate_anew(self, request: web.Request) -> web.Response:
        return _response(self._dispatcher.ratings.change(request.match_info["row"], await request.json()))

    async def ratings(self, request: web.Request) -> web.Response:
        chat = request.query.get("chatId", "")
        return _response(self._dispatcher.ratings.listed(request.match_info["flow"], chat))

    async def ping(self, _: web.Request) -> web.Response:
        return _response(whole(200, b"pong", HTML_TYPE))

    async def version(self, _: web.Request) -> web.Response:
        return _response(json_reply({"version": VERSION}))

    async def anything_else(self, request: web.Request) -> web.Response:
        """The page of the user interface: for unknown routes of the API too, once a key was right."""
        if request.path.startswith("/api/") and not self._dispatcher.has_key(request.headers):
            return _unauthorized()
        return _response(whole(200, _PAGE, HTML_TYPE))


async def _without_server_name(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the connection off; the response that the handler must return then goes nowhere."""
    if request.transport:
        request.transport.close()
    return response or web.Response()


def _wants_stream(received: Received) -> bool:
    return received.body.get("streaming") in (True, "true")


def _no_such_flow(flow: str) -> WireReply:
    try:
        UUID(flow)
    except ValueError:
        return failure(400, "Invalid Chatflow ID")
    return failure(404, f"Chatflow {flow} not found in the database!")


def _unauthorized() -> web.Response:
    return _response(json_reply({"error": "Unauthorized Access"}, 401))


def _response(reply: WireReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
