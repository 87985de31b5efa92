"""Does what a page requests as the people of the local Slack would, or answers in a sentence why not."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from bot.errors import StoreUnavailable
from bot.playground.page import redis_keys as keys
from bot.playground.page import requests
from bot.playground.page.controls import Controls
from bot.playground.page.requests import PageRequest, misfit
from bot.playground.slack import ApiCall, Delivered, LocalSlack
from bot.playground.slack.changes import Connected
from bot.playground.slack.client_state import ClientState
from bot.playground.slack.core import Happening
from bot.playground.slack.web import MOST_BYTES

Tell = Callable[[Mapping[str, object]], None]
W = TypeVar("W", bound=PageRequest)

# Pictures that cannot hold a script; everything else is served as a file to be kept.
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TOO_MUCH = f"This is too much at once: a message and its files may have {MOST_BYTES // 1024**2} MB together here."


class PageActions:
    """The page's API. `tell` sends what it changes to all pages, unless `client_state` does."""

    def __init__(
        self, slack: LocalSlack, client_state: ClientState, controls: Controls, redis_url: str, tell: Tell
    ) -> None:
        self._slack, self._client_state, self._controls, self._tell = slack, client_state, controls, tell
        self._redis_url = redis_url

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the API."""
        router.add_post("/api/say", _answering(self._say))
        for path, form, do in (
            ("edit", requests.EditRequest, self._edit),
            ("delete", requests.Delete, self._delete),
            ("command", requests.CommandRequest, self._command),
            ("invite", requests.Invite, self._invite),
            ("react", requests.React, self._react),
            ("act", requests.Act, self._act),
            ("submit", requests.Submit, self._submit),
            ("close", requests.Close, self._close),
            ("home", requests.Home, self._home),
            ("controls", requests.Change, self._change),
            ("fault", requests.FaultRequest, self._cause_fault),
        ):
            router.add_post(f"/api/{path}", _checked(form, do))  # type: ignore[arg-type]  # each form goes with its function
        router.add_get("/api/versions", _answering(self._versions))
        router.add_get("/api/version", _answering(self._version))
        router.add_get("/api/thread", _answering(self._thread))
        router.add_get("/api/budget", _answering(self._budget))
        router.add_get("/files/{id}/{name}", self._file)

    # What people do ---------------------------------------------------------------------------------------------------

    async def _say(self, request: web.Request) -> dict[str, object]:
        files: list[str | tuple[str, bytes]] = []
        if request.content_type == "multipart/form-data":
            words: dict[str, object] = {}
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    files.append((value.filename, value.file.read()))
                else:
                    words[name] = value
            said = requests.Say.model_validate(words)
        else:
            said = requests.Say.model_validate(await _json(request))
        if not said.text.strip() and not files:
            raise ValueError("There is nothing to send.")
        ts = await self._slack.say(said.user, said.channel, said.text, thread_ts=said.thread_ts or None, files=files)
        return {"ts": ts}

    async def _edit(self, request: requests.EditRequest) -> dict[str, object]:
        await self._slack.edit(request.user, request.channel, request.ts, request.text)
        return {}

    async def _delete(self, request: requests.Delete) -> dict[str, object]:
        by_the_bot = any(
            message.bot_id for message in self._slack.messages(request.channel) if message.ts == request.ts
        )
        # Of other people's messages none; of the bot's any, as an admin may.
        self._slack.delete(request.channel, request.ts, user=None if by_the_bot else request.user)
        return {}

    async def _command(self, request: requests.CommandRequest) -> dict[str, object]:
        done = await self._slack.command(request.user, request.channel, request.command, request.text)
        return {**_delivered(done), "text": done.text}

    async def _invite(self, request: requests.Invite) -> dict[str, object]:
        self._slack.invite(request.user, request.channel, request.who, prompt=request.prompt or "")
        return {}

    async def _react(self, request: requests.React) -> dict[str, object]:
        self._slack.react(request.user, request.channel, request.ts, request.name, on=request.on)
        return {}

    async def _act(self, request: requests.Act) -> dict[str, object]:
        container = request.container.model_dump()
        done = await self._slack.act(
            request.user, container, request.block_id, request.action_id, request.action, state=request.state
        )
        return _delivered(done)

    async def _submit(self, request: requests.Submit) -> dict[str, object]:
        done = await self._slack.submit(request.user, request.view_id, request.state)
        said = done.payload or {}
        return {**_delivered(done), "errors": said.get("errors") if said.get("response_action") == "errors" else None}

    async def _close(self, request: requests.Close) -> dict[str, object]:
        await self._slack.close_view(request.user, request.view_id, all=request.all)
        return {}

    async def _home(self, request: requests.Home) -> dict[str, object]:
        await self._slack.open_home(request.user)
        return {}

    # How things are set -----------------------------------------------------------------------------------------------

    async def _change(self, request: requests.Change) -> dict[str, object]:
        await self._controls.change(request)
        return self.tell_controls()

    async def _cause_fault(self, request: requests.FaultRequest) -> dict[str, object]:
        await self._controls.cause_fault(request)
        return self.tell_controls()

    def happened(self, happening: Happening) -> None:
        """Send the pages the controls where something in the local Slack has changed them."""
        if isinstance(happening, Connected) or (isinstance(happening, ApiCall) and happening.answer == "500"):
            self.tell_controls()

    def tell_controls(self) -> dict[str, object]:
        """Send the pages how everything is set; returns it."""
        shown = self._controls.shown()
        self._tell({"kind": "controls", "controls": shown})
        return shown

    # What is looked at ------------------------------------------------------------------------------------------------

    async def _versions(self, request: web.Request) -> dict[str, object]:
        return {"versions": self._client_state.versions(request.query.get("channel", ""), request.query.get("ts", ""))}

    async def _version(self, request: web.Request) -> dict[str, object]:
        channel, ts, n = (request.query.get(key, "") for key in ("channel", "ts", "n"))
        if not n.isdecimal():
            raise ValueError("A version is named by its number.")
        return {"blocks": self._client_state.version(channel, ts, int(n))}

    async def _thread(self, request: web.Request) -> dict[str, object]:
        channel, thread_ts = request.query.get("channel", ""), request.query.get("thread_ts", "")
        try:
            return await keys.of_thread(self._redis_url, self._slack.team_id, channel, thread_ts)
        except StoreUnavailable as error:
            raise ValueError(f"Redis does not answer: {error}") from None

    async def _budget(self, _: web.Request) -> dict[str, object]:
        names = ("left", "most", "reset")
        budget = self._slack.budget()
        return {"budget": {method: dict(zip(names, held, strict=True)) for method, held in budget.items()}}

    async def _file(self, request: web.Request) -> web.Response:
        file = self._slack.file(request.match_info["id"])
        if file is None or file.name != request.match_info["name"]:
            raise web.HTTPNotFound
        if file.mimetype in _SHOWN:
            return web.Response(body=file.content, content_type=file.mimetype)
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={"Content-Disposition": "attachment"},
        )


def _delivered(done: Delivered) -> dict[str, object]:
    return {"acked": done.acked, "error": done.reason}


async def _json(request: web.Request) -> object:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        raise ValueError("The request is not JSON.") from None


def _checked(form: type[W], do: Callable[[W], Awaitable[dict[str, object]]]) -> Callable[..., Awaitable[web.Response]]:
    async def answer(request: web.Request) -> dict[str, object]:
        return await do(form.model_validate(await _json(request)))

    return _answering(answer)


def _answering(
    handle: Callable[[web.Request], Awaitable[dict[str, object]]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The answer as JSON; what cannot be done, and what is no valid request, as a sentence."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response({"ok": True, **await handle(request)}, dumps=json.dumps)
        except web.HTTPRequestEntityTooLarge:
            return _refused(_TOO_MUCH)
        except ValidationError as error:
            return _refused(misfit(error))
        except (LookupError, ValueError) as error:
            return _refused(str(error.args[0]) if error.args else "This is not there.")

    return answer


def _refused(sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=400)
