"""Whether people would see a difference between what was streamed of an answer and what Flowise has stored."""

from __future__ import annotations

import math

import pytest

from bot.conversation.stored_text import differing, pieces
from bot.flowise.client import Client, Limits, new_session
from bot.flowise.events import End, Metadata
from bot.flowise.prediction import Prediction
from bot.playground.flowise import LocalFlowise, Script
from bot.reply.contract import LONGEST

LONG = "word " * 50_000

CASES = [
    ("the same", "Hello", "Hello", ""),
    ("words before a tool call", "Let me look.It is 42.", "It is 42.", "It is 42."),
    ("reasoning, which nobody sees", "<thinking>A plan.</thinking>It is 42.", "It is 42.", ""),
    ("white space around it", "\n It is 42.", "It is 42. \n", ""),
    ("white space in it", "Itis 42.", "It is 42.", "It is 42."),
    ("a file of another place", "[it](sandbox:/mnt/data/a.csv)", "[it](sandbox:/a.csv)", ""),
    ("a picture that was taken out", "See ![it](sandbox:/a.png).", "See .", "See ."),
    ("nothing", "Hello", "", ""),
    ("nothing to be seen", "Hello", "<think>a plan</think>\n", ""),
    ("its beginning", "Hello", "Hello, world", "Hello, world"),
    ("the same, cut off", LONG[:LONGEST], LONG, ""),
    ("longer than what is shown", "Hello. " + LONG, LONG, LONG[: LONGEST + 1]),
]


@pytest.mark.parametrize(("streamed", "stored", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_stored_text_is_shown_where_people_see_a_difference(streamed: str, stored: str, text: str) -> None:
    async with LocalFlowise(api_key="k", tokens_per_second=math.inf) as flowise, new_session() as session:
        client = Client(session, flowise.url, flowise.chatflow_id, "k", Limits())
        flowise.script("rag", Script(tokens=[streamed], stored=stored))
        events = [event async for event in client.predict(Prediction("?", "c"))]
        [row] = [event.chat_message_id for event in events if isinstance(event, Metadata)]
        assert isinstance(events[-1], End)
        assert await differing(client, "c", row, streamed[:LONGEST]) == text


@pytest.mark.parametrize("text", ["", "a", "ab " * 5_000])
def test_a_long_text_comes_in_pieces_of_which_one_begins_it(text: str) -> None:
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert [piece.begins for piece in found] == [number == 0 for number in range(len(found))]
    assert all(0 < len(piece.text) <= 4_000 for piece in found)
