"""Runs the demo in the browser: a workspace with people in it, the real bot, and the page that shows them."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import AsyncExitStack
from threading import Thread
from uuid import uuid4

from bot.errors import SettingsError
from bot.playground import demo_file, demo_setup
from bot.playground.flowise import OFFERED, ORDER_FORM, STARTERS, LocalFlowise
from bot.playground.page import PageServer
from bot.playground.program import BotProgram
from bot.playground.slack import LocalSlack
from bot.playground.tap import Tap
from bot.settings.settings import checked

_LOOK_SECONDS = 1.0
# Whoever has switched a fault on does not want to wait for minutes until the bot gives up, as it may in earnest.
_IMPATIENT = {"FLOWISE_EVENT_TIMEOUT": "60", "FLOWISE_LEFT_RUN_WAIT": "15"}
# What one of the local flows says of whoever asks; it has no effect on the others.
_TOLD = {"FLOWISE_VARS": "user_name,channel_name"}
_OTHER_TEAM = "T0PARTNER"


async def host(port: int, *, opens: bool) -> int:
    """Serve the page until a signal comes; 0 then. `port` 0 is any that is free; `opens` the browser, where one can
    be opened.

    Raises:
        SettingsError: FLOWISE_… or REDIS_URL of the environment cannot work, or the port is taken.
        BotError: the bot cannot be started or ends by itself.
    """
    open_ = asyncio.Event()
    return await demo_setup.played(_hosted(port, open_, opens=opens), open_.is_set)


async def _hosted(port: int, open_: asyncio.Event, *, opens: bool) -> int:
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(demo_setup.folder())
        outside = demo_setup.from_outside(os.environ)
        redis_url = outside.get("REDIS_URL") or await demo_setup.own_store(stack, folder)
        key = uuid4().hex
        flowise = await stack.enter_async_context(
            LocalFlowise(tokens_per_second=demo_setup.TOKENS_PER_SECOND, api_key=key)
        )
        for offer in OFFERED:  # the bot looks every five minutes at most, and the page may choose another flow
            start = ORDER_FORM if offer.name == "order" else None
            follow_ups = offer.name == "suggests"
            flowise.configure(offer.name, feedback=True, follow_ups=follow_ups, starters=STARTERS, start=start)
        tap = await stack.enter_async_context(Tap(flowise))
        slack = LocalSlack(port=port, latency=demo_setup.LATENCY)
        page = PageServer(slack, tap, redis_url)
        try:
            await stack.enter_async_context(slack)
        except OSError as error:
            raise SettingsError(f"--port: {port} cannot be used ({os.strerror(error.errno or 0)})") from None
        settings = {"REDIS_URL": redis_url, **demo_setup.towards(slack)}
        trouble = await _use_theirs(tap, {**outside, **settings}) if "FLOWISE_URL" in outside else ""
        people_in(slack)
        settings |= {"FLOWISE_URL": tap.url, "FLOWISE_CHATFLOW_ID": tap.chatflow_id, "FLOWISE_API_KEY": key}
        settings["BOT_CONFIG"] = str(demo_file.written(folder, slack, flowise, tap.chatflow_id))
        told = {name: outside[name] for name in demo_setup.TOLD if name in outside}
        settings |= _IMPATIENT | (told if told or "FLOWISE_URL" in outside else _TOLD)
        program = await stack.enter_async_context(BotProgram(settings, folder))
        await stack.enter_async_context(page.watching(program.url, program.probe_soon))
        open_.set()
        _tell(page.url, outside, trouble)
        if opens and _has_browser(os.environ):
            # Not waited for: a browser in the terminal comes back when it is left, and a broken one never.
            Thread(target=webbrowser.open, args=(page.url,), daemon=True).start()
        while True:
            program.check()
            await asyncio.sleep(_LOOK_SECONDS)


async def _use_theirs(tap: Tap, settings: Mapping[str, str]) -> str:
    """Point the tap at the Flowise of the environment; returns why it cannot answer now, as a sentence, or "".

    Raises:
        SettingsError: the environment does not say all that is needed, or names the playground itself.
    """
    given = checked({**settings, "PORT": "0"})  # the demo's bot takes a free one, so Flowise may have any
    key = given.flowise_api_key.get_secret_value() if given.flowise_api_key else None
    place = (given.flowise_url, given.flowise_chatflow_id, key)
    try:
        tap.use(*place)
    except ValueError as error:
        raise SettingsError(f"FLOWISE_URL: {error}") from None
    try:
        await tap.move(*place)
    except ValueError as error:
        return str(error)
    return ""


def people_in(slack: LocalSlack) -> None:
    """Add the people and channels: two members, a guest, somebody of another organisation."""
    ada, ben = slack.user("ada"), slack.user("ben")
    gus, olga = slack.user("gus", guest=True), slack.user("olga", team=_OTHER_TEAM)
    slack.channel("general", members=(ada, ben, gus))
    slack.channel("partners", members=(ada, ben, olga), shared=True)
    slack.channel("no-bot-here", members=(ada, ben), bot_is_member=False)
    for person in (ada, ben, gus):
        slack.dm(person)


def _tell(url: str, outside: Mapping[str, str], trouble: str) -> None:
    own = demo_setup.theirs(outside)
    end = f"; what is kept in {own} stays there." if own else ", and forgets everything."
    sys.stdout.write(
        f"The playground is open:\n\n    {url}\n\n"
        f"In it: {demo_setup.between(outside)}\n"
        f"Whoever has the address can use it. Ctrl-C ends it{end}\n"
    )
    if trouble:
        sys.stdout.write(f"\nBut as it is, no question will be answered. {trouble}\n")
    sys.stdout.flush()


def _has_browser(environment: Mapping[str, str]) -> bool:
    """Whether a browser that opens would be seen: not over SSH, nor where there is no display (a text browser would
    take the terminal)."""
    if environment.get("SSH_CONNECTION"):
        return False
    seen = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    return seen or sys.platform in {"darwin", "win32"}
