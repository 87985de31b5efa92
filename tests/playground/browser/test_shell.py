"""What the page knows without a server: how typed text goes on the wire, who sees what, what stands in a list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route

from bot.playground import __file__ as playground_file
from tests.playground.browser.conftest import Tabs

pytestmark = pytest.mark.browser

_ORIGIN = "http://127.0.0.1"
_STATIC = Path(playground_file).with_name("page") / "static"

_PEOPLE = [{"id": "U1", "name": "ada"}, {"id": "U2", "name": "ada lovelace"}, {"id": "U3", "name": "flowise"}]
_CHANNELS = [{"id": "C1", "name": "general"}, {"id": "C2", "name": "general-talk"}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """An empty page that can import what the playground's page is made of: one for all tests here."""
    tabs = Tabs(chromium)
    tab = await tabs.open()

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(f"{_ORIGIN}/static/")
        if path == route.request.url:
            await route.fulfill(content_type="text/html", body="<!doctype html><title>Shell</title>")
        else:
            await route.fulfill(path=_STATIC / path, content_type="text/javascript")

    await tab.route(f"{_ORIGIN}/**", answer)
    await tab.goto(f"{_ORIGIN}/")
    yield tab
    await tabs.close()
    tabs.judge()


async def called(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """What a function of a module gives."""
    return await page.evaluate(
        "async ([module, name, given]) => (await import(`/static/shell/${module}.js`))[name](...given)",
        [module, function, list(arguments)],
    )


WIRE = {
    "plain words": ("hello there", "hello there"),
    "the three characters": ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
    "a markup that somebody typed": ("<@U3> and <!channel>", "&lt;@U3&gt; and &lt;!channel&gt;"),
    "somebody": ("@ada?", "<@U1>?"),
    "the longer of two names": ("@ada lovelace wrote", "<@U2> wrote"),
    "in other letters": ("@Flowise, hello", "<@U3>, hello"),
    "a name that goes on": ("@adam @ada-b", "@adam @ada-b"),
    "an address of mail": ("ada@flowise.example", "ada@flowise.example"),
    "a channel": ("see #general.", "see <#C1>."),
    "the longer of two channels": ("#general-talk", "<#C2>"),
    "nobody": ("@nobody #nowhere", "@nobody #nowhere"),
    "all who are here": ("@here look", "<!here> look"),
    "an address": ("see https://a.example/?a=1&b=2.", "see <https://a.example/?a=1&amp;b=2>."),
    "an address in brackets": ("(https://a.example/x)", "(<https://a.example/x>)"),
    "code": ("`@ada <b>` @ada", "`@ada &lt;b&gt;` <@U1>"),
    "a block of code": ("```\nhttps://a.example\n```", "```\nhttps://a.example\n```"),
    "space around": ("  hi\n", "hi"),
}


@pytest.mark.parametrize("name", WIRE)
async def test_what_is_typed_goes_on_the_wire_as_slack_writes_it(page: Page, name: str) -> None:
    typed, wire = WIRE[name]
    assert await called(page, "wire", "toWire", typed, {"people": _PEOPLE, "channels": _CHANNELS}) == wire


async def test_a_message_that_is_edited_reads_as_it_was_typed(page: Page) -> None:
    names = {"people": _PEOPLE, "channels": _CHANNELS}
    for name in ("the three characters", "somebody", "the longer of two names", "a channel", "an address", "code"):
        typed, wire = WIRE[name]
        assert await called(page, "wire", "fromWire", wire, names) == typed


async def test_a_command_stands_at_the_beginning(page: Page) -> None:
    assert await called(page, "wire", "commandOf", "/Flowise what\nis it") == {
        "command": "/flowise",
        "text": "what\nis it",
    }
    assert await called(page, "wire", "commandOf", "/flowise") == {"command": "/flowise", "text": ""}
    for other in ("what about /flowise", " /flowise", "/", "/etc/hosts", "// no"):
        assert await called(page, "wire", "commandOf", other) is None


SEES = {
    "a member a public channel": ("member", "channel", False, False, True),
    "a member a private one they are in": ("member", "group", False, True, True),
    "a member no other private one": ("member", "group", False, False, False),
    "a guest a channel they are in": ("guest", "channel", False, True, True),
    "a guest no other": ("guest", "channel", False, False, False),
    "somebody from outside a shared one": ("outsider", "channel", True, True, True),
    "somebody from outside no other": ("outsider", "channel", False, True, False),
    "a member their own direct message": ("member", "im", False, True, True),
    "a member no direct message of others": ("member", "im", False, False, False),
}


@pytest.mark.parametrize("name", SEES)
async def test_who_sees_which_channel(page: Page, name: str) -> None:
    role, kind, shared, member, seen = SEES[name]
    channel = {"id": "C1", "kind": kind, "shared": shared, "members": ["U1"] if member else []}
    assert await called(page, "places", "sees", {"id": "U1", "role": role}, channel) is seen


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ({"channel": "C1", "thread": "", "tab": "messages"}, "#C1"),
        ({"channel": "C1", "thread": "17.25", "tab": "messages"}, "#C1/17.25"),
        ({"channel": "D1", "thread": "", "tab": "home"}, "#D1/home"),
    ],
)
async def test_a_place_has_an_address_and_an_address_its_place(page: Page, place: dict[str, str], address: str) -> None:
    assert await called(page, "places", "toHash", place) == address
    assert await called(page, "places", "fromHash", address) == place


async def test_messages_of_one_author_stand_together_for_five_minutes_of_a_day(page: Page) -> None:
    async def follows(**later: Any) -> bool:
        first = {"user": "U1", "at": 1_000_000.0}
        result: bool = await called(page, "times", "follows", {**first, **later}, first)
        return result

    assert await follows(at=1_000_299.0)
    assert not await follows(at=1_000_300.0)
    assert not await follows(user="U2")
    assert not await follows(to="U1")


async def test_a_channel_counts_the_replies_and_a_thread_shows_them(page: Page) -> None:
    listed = await page.evaluate("""async () => {
        const { State } = await import("/static/app/state.js");
        const { ofChannel, ofThread } = await import("/static/shell/items.js");
        const state = new State();
        const say = (ts, more) => {
            const message = { channel: "C1", ts, user: "U1", at: Number(ts), ...more };
            state.apply({ kind: "message", message });
        };
        say("10.0");
        say("20.0", { user: "U2", thread_ts: "10.0" });
        say("30.0", { user: "U3", thread_ts: "10.0", to: "U9" });
        say("100000.0");
        const brief = (items) => items.map(({ kind, text, message, replies }) =>
            kind === "message" ? [message.ts, replies?.count ?? 0] : [kind, kind === "count" ? text : ""]);
        const seen = () => [brief(ofChannel(state, "C1")), brief(ofThread(state, "C1", "10.0"))];
        const byOthers = seen();
        state.set({ user: "U9" });
        return [...byOthers, ...seen()];
    }""")
    # What only U9 may see is shown to nobody else, and is no reply.
    assert listed[0] == [["day", ""], ["10.0", 1], ["day", ""], ["100000.0", 0]]
    assert listed[1] == [["10.0", 0], ["count", "1 reply"], ["20.0", 0]]
    assert listed[2] == listed[0]
    assert listed[3] == [*listed[1], ["30.0", 0]]
