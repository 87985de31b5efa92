"""Ends an answer with the text that Flowise has stored, where that is not what was streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.flowise.events import Token
from bot.ports.flowise import Flowise
from bot.reply.arriving import Arriving
from bot.reply.contract import LONGEST, BeganAnew, Finished, StoredText, TurnEvent

# Characters that are read in one step of the event loop.
_SLICE = 4_000


async def differing(flowise: Flowise, chat_id: str, message_id: str, streamed: str) -> str:
    """The stored text of an answer of which `streamed` was seen, if people would see a difference; else empty.

    Empty too where it cannot be read, or nothing of it would be seen: what was streamed is more than nothing.
    """
    stored = await flowise.stored_text(chat_id, message_id)
    if not stored or stored[:LONGEST] == streamed:
        return ""
    seen = await _seen(stored[:LONGEST])
    # One character too many says that there was more.
    return stored[: LONGEST + 1] if seen and seen != await _seen(streamed) else ""


def pieces(text: str) -> Iterator[StoredText]:
    """A stored text as the events that put it in place of what was streamed."""
    for start in range(0, len(text), _SLICE):
        yield StoredText(text[start : start + _SLICE], begins=start == 0)


async def _seen(text: str) -> str:
    """What people see of a text, without white space around it."""
    arriving, parts = Arriving(), list[str]()
    events: list[TurnEvent] = [Token(text[start : start + _SLICE]) for start in range(0, len(text), _SLICE)]
    for event in (*events, Finished()):
        for arrived in arriving.receive(event):
            if isinstance(arrived, BeganAnew):
                parts.clear()
            elif isinstance(arrived, Token):
                parts.append(arrived.text)
        await asyncio.sleep(0)
    return "".join(parts).strip()
