"""Knows what is done for a page: its wishes become what people do in the local Slack, or a sentence why not."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from bot.errors import StoreUnavailable
from bot.playground.page import redis_keys as keys
from bot.playground.page import requests as wishes
from bot.playground.page.controls import Controls
from bot.playground.page.requests import PageRequest, misfit
from bot.playground.slack import ApiCall, Delivered, LocalSlack
from bot.playground.slack.changes import Connected
from bot.playground.slack.client_state import ClientState
from bot.playground.slack.core import Happening
from bot.playground.slack.web import MOST_BYTES

Tell = Callable[[Mapping[str, object]], None]
W = TypeVar("W", bound=PageRequest)

# Pictures that cannot hold a script; everything else is handed over as a file to be kept.
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TOO_MUCH = f"This is too much at once: a message and its files may have {MOST_BYTES // 1024**2} MB together here."


class PageActions:
    """The page's API. What it changes is told to all pages by `tell`, unless the window does."""

    def __init__(self, slack: LocalSlack, window: ClientState, controls: Controls, redis_url: str, tell: Tell) -> None:
        self._slack, self._window, self._controls, self._tell = slack, window, controls, tell
        self._redis_url = redis_url

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the API."""
        router.add_post("/api/say", _answering(self._say))
        for path, form, do in (
            ("edit", wishes.EditRequest, self._edit),
            ("delete", wishes.Delete, self._delete),
            ("command", wishes.CommandRequest, self._command),
            ("invite", wishes.Invite, self._invite),
            ("react", wishes.React, self._react),
            ("act", wishes.Act, self._act),
            ("submit", wishes.Submit, self._submit),
            ("close", wishes.Close, self._close),
            ("home", wishes.Home, self._home),
            ("controls", wishes.Change, self._change),
            ("fault", wishes.Trouble, self._trouble),
        ):
            router.add_post(f"/api/{path}", _wished(form, do))  # type: ignore[arg-type]  # each form goes with its deed
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
            wish = wishes.Say.model_validate(words)
        else:
            wish = wishes.Say.model_validate(await _json(request))
        if not wish.text.strip() and not files:
            raise ValueError("There is nothing to send.")
        ts = await self._slack.say(wish.user, wish.channel, wish.text, thread_ts=wish.thread_ts or None, files=files)
        return {"ts": ts}

    async def _edit(self, wish: wishes.EditRequest) -> dict[str, object]:
        await self._slack.edit(wish.user, wish.channel, wish.ts, wish.text)
        return {}

    async def _delete(self, wish: wishes.Delete) -> dict[str, object]:
        by_the_bot = any(message.bot_id for message in self._slack.messages(wish.channel) if message.ts == wish.ts)
        # Of other people's messages none; of the bot's any, as an admin may.
        self._slack.delete(wish.channel, wish.ts, user=None if by_the_bot else wish.user)
        return {}

    async def _command(self, wish: wishes.CommandRequest) -> dict[str, object]:
        done = await self._slack.command(wish.user, wish.channel, wish.command, wish.text)
        return {**_delivered(done), "text": done.text}

    async def _invite(self, wish: wishes.Invite) -> dict[str, object]:
        self._slack.invite(wish.user, wish.channel, wish.who)
        return {}

    async def _react(self, wish: wishes.React) -> dict[str, object]:
        self._slack.react(wish.user, wish.channel, wish.ts, wish.name, on=wish.on)
        return {}

    async def _act(self, wish: wishes.Act) -> dict[str, object]:
        container = wish.container.model_dump()
        done = await self._slack.act(wish.user, container, wish.block_id, wish.action_id, wish.action, state=wish.state)
        return _delivered(done)

    async def _submit(self, wish: wishes.Submit) -> dict[str, object]:
        done = await self._slack.submit(wish.user, wish.view_id, wish.state)
        said = done.payload or {}
        return {**_delivered(done), "errors": said.get("errors") if said.get("response_action") == "errors" else None}

    async def _close(self, wish: wishes.Close) -> dict[str, object]:
        await self._slack.close_view(wish.user, wish.view_id, all=wish.all)
        return {}

    async def _home(self, wish: wishes.Home) -> dict[str, object]:
        await self._slack.open_home(wish.user)
        return {}

    # How things are set -----------------------------------------------------------------------------------------------

    async def _change(self, wish: wishes.Change) -> dict[str, object]:
        await self._controls.change(wish)
        return self._controls_told()

    async def _trouble(self, wish: wishes.Trouble) -> dict[str, object]:
        await self._controls.trouble(wish)
        return self._controls_told()

    def heard(self, happening: Happening) -> None:
        """Tell the pages how things stand where something in the local Slack has changed it."""
        if isinstance(happening, Connected) or (isinstance(happening, ApiCall) and happening.answer == "500"):
            self._controls_told()

    def _controls_told(self) -> dict[str, object]:
        shown = self._controls.shown()
        self._tell({"kind": "controls", "controls": shown})
        return shown

    # What is looked at ------------------------------------------------------------------------------------------------

    async def _versions(self, request: web.Request) -> dict[str, object]:
        return {"versions": self._window.versions(request.query.get("channel", ""), request.query.get("ts", ""))}

    async def _version(self, request: web.Request) -> dict[str, object]:
        channel, ts, n = (request.query.get(key, "") for key in ("channel", "ts", "n"))
        if not n.isdecimal():
            raise ValueError("A version is named by its number.")
        return {"blocks": self._window.version(channel, ts, int(n))}

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


def _wished(form: type[W], do: Callable[[W], Awaitable[dict[str, object]]]) -> Callable[..., Awaitable[web.Response]]:
    async def answer(request: web.Request) -> dict[str, object]:
        return await do(form.model_validate(await _json(request)))

    return _answering(answer)


def _answering(
    handle: Callable[[web.Request], Awaitable[dict[str, object]]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The answer as JSON; what cannot be done, and what is no wish at all, as a sentence."""

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
