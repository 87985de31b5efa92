"""What the buttons under an answer need is kept once, and never begun anew."""

from __future__ import annotations

from bot.records.answer_note import AnswerNote, KeptAnswer
from bot.store.redis import RedisStore

LINE = "T1:C1:1.5"
NOTE = AnswerNote("U1", "chat", "row", ("What else?",))


async def test_a_note_is_kept_and_what_comes_of_its_rating(store: RedisStore) -> None:
    answers = store.answers
    assert await answers.kept(LINE, "a") is None
    await answers.rating(LINE, "a")
    await answers.rated(LINE, "a", "r")
    assert await answers.kept(LINE, "a") is None
    await answers.keep(LINE, "a", NOTE)
    await answers.keep(LINE, "a", AnswerNote("U2"))
    assert await answers.kept(LINE, "a") == KeptAnswer(NOTE)
    await answers.rating(LINE, "a")
    assert await answers.kept(LINE, "a") == KeptAnswer(NOTE, tried=True)
    await answers.rated(LINE, "a", "r")
    assert await answers.kept(LINE, "a") == KeptAnswer(NOTE, "r", tried=True)
    assert await answers.kept(LINE, "b") is None


async def test_a_damaged_note_is_none(store: RedisStore) -> None:
    await store.answers.keep(LINE, "a", NOTE)
    [key] = [name async for name in store._client.scan_iter(match=f"{store._prefix}*answer:a")]
    await store._client.hset(key, "note", "{broken")
    assert await store.answers.kept(LINE, "a") is None
    assert 0 < await store._client.pttl(key) <= 30 * 86_400_000
