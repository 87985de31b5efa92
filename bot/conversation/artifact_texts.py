"""Puts the Markdown among the artifacts of an answer under its text: it is words, and no file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice

from bot.flowise.events import ResultFiles, Token
from bot.flowise.result_files import MOST_FILES
from bot.reply.contract import Finished, TurnEvent

MARKDOWN = "markdown"


async def with_texts_under(events: AsyncGenerator[TurnEvent, None]) -> AsyncGenerator[TurnEvent, None]:
    """The events of an answer. Its texts come last, each once, after the text that Flowise has stored: they are no part
    of that, which may take the place of all that was streamed."""
    texts: dict[str, str] = {}
    async with aclosing(events):
        async for event in events:
            if isinstance(event, ResultFiles):
                found = {file.key: file.content for file in event.files if file.kind == MARKDOWN and file.content}
                texts = dict(islice((texts | found).items(), MOST_FILES))
                others = tuple(file for file in event.files if file.key not in texts)
                if others or event.more:
                    yield ResultFiles(others, event.more)
                continue
            if isinstance(event, Finished):
                for text in texts.values():
                    yield Token(f"\n\n{text.strip()}\n")
            yield event
