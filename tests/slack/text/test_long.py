"""A long answer of mixed Markdown, from its tokens to the messages in a Slack that keeps its limits."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.playground.slack import LocalSlack, Message
from bot.slack.calls import Accepted, Posted, PostMessage, SendFile, ShareFile, UpdateMessage, Uploaded
from bot.slack.client import SlackClient
from bot.slack.text.blocks import Source, note, sources_blocks
from bot.slack.text.pages import Document, Page
from bot.slack.wire import new_session, web_client

LENGTH = 60_000
MOST = 10
HELLO = "\u0645\u0631\u062d\u0628\u0627"
FOOTER = (note("Used: search"), *sources_blocks([Source(f"document {n}.pdf", None, "p. 3") for n in range(12)]))


def sections() -> Iterator[str]:
    """Markdown of every kind, with a number in each line that is to be seen once and in order."""
    number = 0

    def word() -> str:
        nonlocal number
        number += 1
        return f"n{number}n"

    def words(count: int) -> str:
        return " ".join(f"{word()} lorem ipsum dolor" for _ in range(count))

    while True:
        yield f"## {word()} Heading with `code` and *stress*\n\n"
        yield f"{words(25)} **{word()} bold**, ~~{word()}~~, [{word()} link](https://docs.example/a_b?c=1). 漢。🎉\n\n"
        yield (
            "".join(f"{item}. {words(2)}\n   - {word()} nested\n   - [x] {word()} done\n" for item in range(1, 8))
            + "\n"
        )
        yield "```python\n" + "".join(f"def {word()}(): return {{'a': '<!channel>'}}\n" for _ in range(20)) + "```\n\n"
        yield "| Key | Value | Link |\n|:----|------:|:-:|\n"
        yield "".join(f"| {word()} | **{word()}** | [{word()}](https://docs.example/) |\n" for _ in range(18)) + "\n"
        yield f"> {words(6)}\n> {words(6)}\n\n---\n\n{HELLO} {word()} <b>{word()}</b> ![{word()}](https://docs.example/i.png)\n\n"
        yield "".join(f"- {words(3)}<br>{word()}\n" for _ in range(12)) + "\n"


def essay(length: int) -> str:
    text = ""
    for section in sections():
        text += section
        if len(text) >= length:
            break
    return text


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"n(\d+)n", text)]


async def shown_in(slack: LocalSlack, client: SlackClient, channel: str, root: str, pages: tuple[Page, ...]) -> None:
    """Bring the thread up to the pages, as a reply does: edits of what differs, posts of what is new."""
    messages = slack.thread(channel, root)[1:]
    for message, page in zip(messages, pages, strict=False):
        if message.blocks != page.blocks:
            edit = UpdateMessage(channel, message.ts, page.text, page.blocks)
            assert await client.call(edit) == Accepted()
    for page in pages[len(messages) :]:
        assert isinstance(await client.call(PostMessage(channel, page.text, page.blocks, thread_ts=root)), Posted)


def bodies(messages: list[Message]) -> str:
    return "\n".join(message.body for message in messages)


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    # Its limits on what a message holds are kept; how often one may write is no matter of rendering.
    async with LocalSlack(enforce_limits=False) as running:
        yield running


@pytest.fixture
async def client(slack: LocalSlack) -> AsyncIterator[SlackClient]:
    async with new_session() as session:
        yield SlackClient(web_client(slack.bot_token, slack.url, session), session)


@pytest.mark.slow
async def test_it_arrives_whole_in_order_and_once(slack: LocalSlack, client: SlackClient) -> None:
    ada = slack.user("ada")
    channel = slack.channel("general", members=[ada])
    root = await slack.say(ada, channel, "Write me a book.")
    text, dice = essay(LENGTH), random.Random(7)
    document = Document(most=MOST)
    left = text
    while left:
        size = dice.choice([1, 4, 30, 700])
        document.append(left[:size])
        left = left[size:]
        await shown_in(slack, client, channel, root, document.pages(growing=True))
    await shown_in(slack, client, channel, root, document.pages(growing=False, footer=FOOTER))

    messages = slack.thread(channel, root)[1:]
    expected = numbers(text)
    assert expected == list(range(1, len(expected) + 1))
    assert numbers(bodies(messages)) == expected
    assert document.rest() == ""
    assert len(messages) <= MOST
    assert slack.pings == []
    kinds = {block["type"] for message in messages for block in message.blocks}
    assert kinds == {"rich_text", "table", "context"}


@pytest.mark.slow
async def test_what_is_more_than_fits_is_not_shown_but_told(slack: LocalSlack, client: SlackClient) -> None:
    ada = slack.user("ada")
    channel = slack.channel("general", members=[ada])
    root = await slack.say(ada, channel, "Write me two books.")
    text = essay(2 * LENGTH)
    document = Document(most=MOST)
    document.append(text)
    pages = document.pages(growing=False, footer=FOOTER)
    await shown_in(slack, client, channel, root, pages)
    rest = document.rest()
    sent = await client.call(SendFile("rest", "answer.md", rest.encode()))
    assert isinstance(sent, Uploaded)
    assert await client.call(ShareFile(channel, root, "rest", sent.file_id)) == Accepted()

    *messages, file = slack.thread(channel, root)[1:]
    assert len(messages) == MOST
    assert messages[-1].blocks[-len(FOOTER) :] == FOOTER
    seen = numbers(bodies(messages) + file.files[0].content.decode())
    assert seen == list(range(1, len(numbers(text)) + 1))
