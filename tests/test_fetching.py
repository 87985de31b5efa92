"""What a model says is shown and never gone to: no address in an answer makes the bot open a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.tap.proxy import HOST


@dataclass
class Trap:
    """A server that an answer points to; it counts who comes."""

    port: int = 0
    came: int = 0

    def addresses(self) -> str:
        url = f"http://{HOST}:{self.port}"
        return (
            f"See {url}/bare, [a link]({url}/link), ![a picture]({url}/picture.png), <{url}/angled>, "
            f'[by name][1] and <img src="{url}/html.png">.\n\n'
            f"![]({url}/alone.png)\n\n| a |\n|---|\n| ![x]({url}/cell.png) |\n\n"
            f"<{url}/slack|a Slack link> <!date^1^{{date}}^{url}/date|date> response_url={url}/response "
            f'{{"upload_url": "{url}/upload", "url_private": "{url}/file"}} wss://{HOST}:{self.port}/link/?ticket=1\n\n'
            f"[1]: {url}/reference\n"
        )


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.came += 1
        writer.close()

    server = await asyncio.start_server(come, HOST, 0)
    trap.port = server.sockets[0].getsockname()[1]
    async with server:
        yield trap


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_nothing_in_an_answer_is_fetched(home: Sandbox, trap: Trap, delivery: str) -> None:
    async with home.bot(slack_delivery=delivery):
        url = f"http://{HOST}:{trap.port}"
        sources = [{"pageContent": trap.addresses(), "metadata": {"source": f"{url}/source", "title": "One"}}]
        tools = [{"tool": f"{url}/tool", "toolInput": {"url": url}, "toolOutput": trap.addresses()}]
        files = [("artifacts", [{"type": "png", "data": f"{url}/artifact.png"}]), ("fileAnnotations", [{"url": url}])]
        home.flowise.script(
            "rag",
            Script(
                tokens=[trap.addresses()] * 3,
                token_wait=0.2,
                source_documents=sources,
                used_tools=tools,
                after=files,
                metadata={"followUpPrompts": f'["{url}/next"]'},
            ),
        )
        root = await home.ask(f"{home.mention} what is at http://{HOST}:{trap.port}/question ?")
        answers = await home.answered(root)
        assert str(trap.port) in "".join(answers)
        done = await home.slack.command(home.ada, home.channel, "/flowise", trap.addresses())
        assert done.acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    assert trap.came == 0
    assert home.slack.previews == []  # nor does Slack fetch for us


async def test_nothing_that_is_too_long_and_goes_as_a_file_is_fetched(home: Sandbox, trap: Trap) -> None:
    async with home.bot(bot_most_messages=2):
        home.flowise.script("rag", Script(tokens=[trap.addresses()] * 80))
        root = await home.ask(f"{home.mention} all of it")
        await home.answered(root)
    assert "files.completeUploadExternal" in [call.method for call in home.slack.calls]
    assert trap.came == 0


async def test_the_trap_would_tell(trap: Trap) -> None:
    _, writer = await asyncio.open_connection(HOST, trap.port)
    writer.close()
    await asyncio.sleep(0.01)
    assert trap.came == 1
