"""Tests whether a chat may hold an answered turn, which the thread would lose with it."""

from __future__ import annotations

import pytest

from bot.conversation.chats import Chats
from bot.conversation.question import Question
from bot.records.thread import NotedFlow, Thread
from bot.reply.contract import Place
from bot.store.redis import RedisStore

FLOW = NotedFlow("", "flow")


class Talk:
    """A thread and its questions, each of which may be answered."""

    def __init__(self, store: RedisStore, thread: Thread) -> None:
        self.store = store
        self.thread = thread
        self.chats = Chats(store, wall=lambda: 1.0)

    def question(self) -> Question:
        place = Place(self.thread.channel, self.thread.thread_ts or None, "U1")
        return Question(self.thread, place, ts="9.0", text="why?", reference="abc123")

    async def asks(self, *, answered: bool) -> None:
        question = self.question()
        known = await self.store.conversation(self.thread)
        chat = await self.chats.of(question, known, FLOW)
        await self.chats.keep(question, chat)
        if answered:
            await self.chats.answered(question, chat, asks=False)()

    async def remembers(self) -> bool:
        question, known = self.question(), await self.store.conversation(self.thread)
        return await self.chats.remembers(question, await self.chats.of(question, known, FLOW), known)


@pytest.mark.parametrize("thread", [Thread("T1", "C1", "1.0"), Thread("T1", "D1", ""), Thread("T1", "D1", "1.0")])
async def test_a_chat_remembers_once_a_question_was_answered_on_it(store: RedisStore, thread: Thread) -> None:
    talk = Talk(store, thread)
    assert not await talk.remembers()
    await talk.asks(answered=False)
    assert not await talk.remembers()
    await talk.asks(answered=True)
    assert await talk.remembers()
    await talk.asks(answered=False)
    assert await talk.remembers()
    await talk.chats.start_over(thread)
    assert not await talk.remembers()
    await talk.asks(answered=False)
    assert not await talk.remembers()


@pytest.mark.parametrize("answered", [True, False])
async def test_a_thread_under_a_direct_message_remembers_what_the_chat_of_that_message_does(
    store: RedisStore, answered: bool
) -> None:
    outside, under = Talk(store, Thread("T1", "D1", "")), Talk(store, Thread("T1", "D1", "9.0"))
    outside.chats.begin(outside.question())
    await outside.asks(answered=answered)
    assert await under.remembers() is answered
    await under.asks(answered=False)
    assert await under.remembers() is answered
    await outside.chats.start_over(outside.thread)
    assert await under.remembers()  # by now, nobody can tell


async def test_what_an_older_version_has_noted_as_answered_counts(store: RedisStore) -> None:
    talk = Talk(store, Thread("T1", "C1", "1.0"))
    await talk.asks(answered=True)
    key = store._key(talk.thread, "chat")
    assert await store._client.hdel(key, "answered_chat") == 1
    assert await talk.remembers()
