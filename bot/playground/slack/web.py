"""Serves the Web API of the local Slack: who may call, how often, and how answers and refusals look on the wire."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from bot.playground.slack import arguments
from bot.playground.slack.app_manifests import AppManifests
from bot.playground.slack.arguments import Args
from bot.playground.slack.faults import Fault, Faults
from bot.playground.slack.methods import Methods
from bot.playground.slack.pending_edits import PendingEdit
from bot.playground.slack.responses import ResponseUrls
from bot.playground.slack.rules import Refusal
from bot.playground.slack.tiers import BudgetLeft, RateLimits
from bot.playground.slack.uploads import Uploads
from bot.playground.slack.workspace import UPLOAD, LocalWorkspace

_CONNECT = "apps.connections.open"
MOST_BYTES = 64 * 1024 * 1024
"""Of one request, files and all: what comes is kept in memory."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the Web API as it arrived, without the token.

    `answer` is "ok", Slack's error word, "429", "500", "dropped" (done, but the reply was cut off) or "broken" (cut
    off before it was done). `at` and `done_at` are times of the steady clock. `injected` says that a test asked for
    what went wrong. `status` and `response` are what was sent in reply, `retry_after` its header in seconds: 0 and
    None where nothing was sent. `left` is what the call has left of its method's calls in this minute; None: there is
    no limit. `place` is the channel and the `ts` that it touches, where they are not in its arguments.
    """

    method: str
    args: Args
    at: float
    answer: str
    done_at: float
    injected: bool = False
    status: int = 0
    response: Mapping[str, object] | None = None
    retry_after: int | None = None
    left: BudgetLeft | None = None
    place: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class _Answer:
    word: str
    body: dict[str, object]
    status: int = 200
    retry_after: int = 0


@dataclass(slots=True)
class Access:
    """The app's tokens, what the bot's may do, and how fast it is served. `latency` is in seconds for each call."""

    bot_token: str
    app_token: str
    scopes: frozenset[str]
    limits: RateLimits
    latency: float

    def scopes_of(self, token: str) -> frozenset[str]:
        """What Slack says, in a header of its answers, that a token may do: of the bot's alone."""
        return self.scopes if token == self.bot_token else frozenset()


class WebRoutes:
    """The routes of the local Slack."""

    def __init__(
        self,
        workspace: LocalWorkspace,
        methods: Methods,
        uploads: Uploads,
        responses: ResponseUrls,
        access: Access,
        faults: Faults,
        called: Callable[[ApiCall], None],
        apps: AppManifests,
    ) -> None:
        self._workspace, self._methods, self._uploads, self._responses = workspace, methods, uploads, responses
        self._access, self._faults, self._called, self._apps = access, faults, called, apps
        self._in_flight: Counter[tuple[str, str]] = Counter()
        self.before = ""
        """The origin of a proxy before all of it, where one was set."""
        self.revoked: dict[str, str] = {}
        """Tokens that are no longer taken, and the error word that says so."""

    def application(
        self, ticket: Callable[[str], str], link: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.Application:
        """`ticket` makes an address for Socket Mode at an origin, `link` serves it."""
        self._ticket = ticket
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/response/{key}", self._respond)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files-pri/{file}/{name}", self._download)
        app.router.add_get("/link/", link)
        return app

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if "Origin" in request.headers:
            # Slack would answer. Here any page on the web could fill the list of calls, and use up faults.
            raise web.HTTPForbidden(text="This is not for web pages.\n")
        name, at = request.match_info["method"], self._workspace.clock()
        try:
            args, token = await _read(request)
        except Refusal as refusal:
            return self._finish(ApiCall(name, {}, at, "", at), _refused(refusal))
        place = (arguments.text(args, "channel"), arguments.text(args, "ts"))
        with PendingEdit(self._in_flight, self._workspace, name, place):
            channel = arguments.text(args, "channel") or arguments.text(args, "channel_id")
            fault = self._faults.take(name, channel, blocks=bool(args.get("blocks")))
            call = ApiCall(name, args, at, "", at, injected=fault is not None)
            await asyncio.sleep(self._access.latency / 2)
            if fault is not None and fault.kind == "break_before":
                return self._cut(request, call, "broken")
            if fault is not None:
                await fault.hold("hold_before")
            # Whoever comes through a proxy gets an address that leads through it too.
            answer = self._answer(name, args, token, fault, f"http://{request.host}")
            await asyncio.sleep(self._access.latency / 2)
            if fault is not None:
                await fault.hold("hold_after")
        if fault is not None and fault.kind == "drop_reply":
            return self._cut(request, call, "dropped")
        left = self._access.limits.left(self._workspace.team_id, name, self._workspace.clock())
        return self._finish(replace(call, left=left), answer, self._access.scopes_of(token))

    def _cut(self, request: web.Request, call: ApiCall, word: str) -> web.StreamResponse:
        self._called(replace(call, answer=word, done_at=self._workspace.clock()))
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _finish(self, call: ApiCall, answer: _Answer, scopes: frozenset[str] = frozenset()) -> web.StreamResponse:
        self._called(
            replace(
                call,
                answer=answer.word,
                done_at=self._workspace.clock(),
                status=answer.status,
                response=answer.body,
                retry_after=answer.retry_after or None,
            )
        )
        tells_wait = answer.retry_after and "retry_after" not in self._workspace.reported
        headers = {"Retry-After": str(answer.retry_after)} if tells_wait else {}
        if scopes:
            headers["x-oauth-scopes"] = ",".join(sorted(scopes))
        return web.json_response(answer.body, status=answer.status, headers=headers)

    def _answer(self, name: str, args: Args, token: str, fault: Fault | None, origin: str) -> _Answer:
        try:
            if fault is not None and fault.kind == "server_error":
                return _Answer("500", {"ok": False, "error": "internal_error"}, 500)
            self._admit(name, token)
            wait = fault.retry_after if fault is not None and fault.kind == "limit" else self._wait(name, args)
            if wait > 0.0:
                return _Answer("429", {"ok": False, "error": "ratelimited"}, 429, max(1, math.ceil(wait)))
            if fault is not None and fault.kind == "refuse":
                raise Refusal(fault.word)
            done = self._done(name, args, origin)
        except Refusal as refusal:
            return _refused(refusal)
        return _Answer("ok", {"ok": True, **done})

    def _done(self, name: str, args: Args, origin: str) -> dict[str, object]:
        if name == _CONNECT:
            return {"url": self._ticket(self.before or origin)}
        return self._apps.do(name, args) if name in self._apps else self._methods.do(name, args)

    def _admit(self, name: str, token: str) -> None:
        if name in self._apps:
            self._apps.admit(name, token)
            return
        if name != _CONNECT and name not in self._methods:
            raise Refusal("unknown_method")
        if not token:
            raise Refusal("not_authed")
        if token not in (self._access.bot_token, self._access.app_token):
            raise Refusal("invalid_auth")
        if token in self.revoked:
            raise Refusal(self.revoked[token])
        if (token == self._access.app_token) != (name == _CONNECT):
            raise Refusal("not_allowed_token_type")

    def _wait(self, name: str, args: Args) -> float:
        channel = arguments.text(args, "channel")
        self._access.limits.few_edits = "edits_a_minute" in self._workspace.reported
        return self._access.limits.take(self._workspace.team_id, name, channel, self._workspace.clock())

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        at, key = self._workspace.clock(), request.match_info["key"]
        call = ApiCall("response_url", {}, at, "", at, place=(self._responses.channel(key), ""))
        try:
            args, _ = await _read(request)
            call = replace(call, args=args)
            message = self._responses.use(key, args)
        except Refusal as refusal:
            status = 404 if refusal.word in ("expired_url", "used_url") else 400
            return self._finish(call, replace(_refused(refusal), status=status))
        place = (call.place[0], message.ts if message is not None else "")
        self._called(replace(call, answer="ok", done_at=self._workspace.clock(), status=200, place=place))
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        if request.content_type == "multipart/form-data":
            parts = (await request.post()).values()
            content = next((part.file.read() for part in parts if isinstance(part, web.FileField)), b"")
        if not self._uploads.receive(request.match_info["file"], content):
            return web.Response(status=400, text="the length is not the one announced")
        if wait := self._workspace.file_waits.pop(UPLOAD, None):
            await wait()
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Without a token that may read files Slack shows its login page, with 200."""
        may_read = "files:read" in self._access.scopes and "file_down" not in self._workspace.reported
        if not may_read or request.headers.get("Authorization") != f"Bearer {self._access.bot_token}":
            return web.Response(text="<!DOCTYPE html><title>Slack</title>Sign in", content_type="text/html")
        if wait := self._workspace.file_waits.get(request.match_info["file"]):
            await wait()
        file = self._workspace.files.get(request.match_info["file"])
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.mimetype)


def _refused(refusal: Refusal) -> _Answer:
    body: dict[str, object] = {"ok": False, "error": refusal.word, **refusal.extra}
    if refusal.details:
        body |= {"errors": list(refusal.details), "response_metadata": {"messages": list(refusal.details)}}
    return _Answer(refusal.word, body)


async def _read(request: web.Request) -> tuple[Args, str]:
    """The arguments and the token of a call.

    Raises:
        Refusal: the body is not of its form.
    """
    if request.content_type == "application/json":
        try:
            args = arguments.from_json(await request.text())
        except (UnicodeDecodeError, LookupError):
            raise Refusal("invalid_charset") from None
    else:
        args = arguments.from_form(await _form(request))
    args = {**arguments.from_form(request.query), **args}
    inner = args.pop("token", "")
    scheme, _, outer = request.headers.get("Authorization", "").partition(" ")
    return args, outer.strip() if scheme.lower() == "bearer" else str(inner)


async def _form(request: web.Request) -> dict[str, object]:
    """The fields of a form. Of a file its name: no method here takes one, and arguments are shown as JSON."""
    try:
        fields = await request.post()
    except (ValueError, LookupError):  # LookupError: a charset that nobody knows
        raise Refusal("invalid_form_data") from None
    return {key: value.filename if isinstance(value, web.FileField) else value for key, value in fields.items()}
