"""Serves a page that draws whatever blocks a test gives it, under the policy that the playground's page is under."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Locator, Page

from bot.playground import __file__ as playground_file
from bot.playground.slack.markdown_drawing import MarkdownDrawing
from tests.playground.browser.conftest import Tabs

STATIC = f"{playground_file.removesuffix('__init__.py')}page/static"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Blocks</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/static/style/tokens.css">
    <link rel="stylesheet" href="/static/style/blocks.css">
    <link rel="stylesheet" href="/gallery.css">
    <script type="module" src="/gallery.js"></script>
  </head>
  <body><main><h1>Blocks</h1><div id="out"></div></main></body>
</html>"""
_STYLE = """
body { background: var(--surface); color: var(--text); font: var(--text-size)/var(--line) var(--font); }
main { max-width: 700px; }
"""
# What the tests reach: `draw` and `grow` show a message, `open` a view; `sent` is what its elements have sent.
_SCRIPT = """
import * as blocks from "/static/blocks/index.js";
import { morph } from "/static/app/dom.js";

const out = document.getElementById("out");
const people = { U1: "Ada", U2: "Grace" };
const all = { sent: [], opened: [], mentioned: [], refuse: "", held: null };
const ctx = {
  me: "U2",
  name: (id) => people[id] ?? "",
  channelName: (id) => ({ C1: "general", D1: "Ada" })[id] ?? "",
  groupName: (id) => ({ S1: "team" })[id] ?? "",
  people: () => Object.keys(people).map((id) => ({ id })),
  channels: () => [{ id: "C1", kind: "channel" }, { id: "D1", kind: "im" }],
  fileUrl: (file) => `files/${file.id}/${file.name}`,
  openUrl: (address) => all.opened.push(address),
  onMention: (id) => all.mentioned.push(id),
  onAction: async (action) => {
    all.sent.push(action);
    await all.held;
    if (all.refuse) throw new Error(all.refuse);
  },
};
const body = (message) => blocks.messageBody({ channel: "C1", ts: all.ts, ...message }, ctx);

all.ts = "1";
all.blocks = blocks;
all.draw = (message) => out.replaceChildren(body(message));
all.grow = (message) => morph(out.firstElementChild, body(message));
all.open = (view) => out.replaceChildren(blocks.viewBody(view, ctx));
all.reopen = (view) => morph(out.firstElementChild, blocks.viewBody(view, ctx));
window.gallery = all;
"""


@asynccontextmanager
async def gallery_in(browser: Browser) -> AsyncIterator[Gallery]:
    """The page with nothing on it, and its server; what it did that it may not fails whoever has used it."""
    tabs = Tabs(browser)
    async with served() as address:
        shown = Gallery(await tabs.open(timezone_id="UTC"))
        await shown.begin(address)
        yield shown
        await tabs.close()
    tabs.judge()


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """The address of the gallery on a server of its own."""

    def answering(text: str, kind: str) -> Any:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=text, content_type=kind, headers={"Content-Security-Policy": _POLICY})

        return answer

    app = web.Application()
    app.add_routes(
        [
            web.get("/", answering(_PAGE, "text/html")),
            web.get("/gallery.js", answering(_SCRIPT, "text/javascript")),
            web.get("/gallery.css", answering(_STYLE, "text/css")),
            web.static("/static", STATIC),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/"
    await runner.cleanup()


def sent(*blocks: Any, **message: Any) -> str:
    """A message as the local Slack sends it to the page: in JSON, with the trees of its Markdown."""
    growing = message.get("streaming") is True
    return json.dumps({"blocks": MarkdownDrawing().blocks(blocks, growing=growing), **message})


@dataclass(frozen=True)
class Gallery:
    """The page, with what is drawn on it."""

    page: Page

    @property
    def out(self) -> Locator:
        return self.page.locator("#out > *")

    async def begin(self, address: str) -> None:
        await self.page.goto(address)
        await self.page.wait_for_function("window.gallery")

    async def draw(self, *blocks: Any, **message: Any) -> Locator:
        """Draw a message anew, as one that was not there before."""
        await self.page.evaluate("gallery.ts = String(Number(gallery.ts) + 1)")
        await self.page.evaluate("message => gallery.draw(JSON.parse(message))", sent(*blocks, **message))
        return self.out

    async def grow(self, *blocks: Any, **message: Any) -> None:
        """Make the message that is drawn like another, in place."""
        await self.page.evaluate("message => gallery.grow(JSON.parse(message))", sent(*blocks, **message))

    async def open(self, **view: Any) -> Locator:
        await self.page.evaluate("view => gallery.open(view)", view)
        return self.out

    async def shown(self, *blocks: Any, **message: Any) -> str:
        """What a screen reader reads out: roles, names and texts, as an outline."""
        return await (await self.draw(*blocks, **message)).aria_snapshot()

    async def sent(self, least: int = 0) -> list[Any]:
        """What the elements have sent since this was last asked, once there is so much."""
        await self.page.wait_for_function("least => gallery.sent.length >= least", arg=least)
        found: list[Any] = await self.page.evaluate("gallery.sent.splice(0)")
        return found
