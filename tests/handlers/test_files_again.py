"""A process dies between every two steps of a question with files: it is asked once, and nothing is stored twice."""

from __future__ import annotations

import time

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.slack.message import File
from bot.records.thread import STORED, NotedFlow, OpenAnswer, Thread
from bot.slack import wording as app_wording
from bot.slack import wording_of_files as wording
from tests.handlers.test_files import PNG, sha, ways
from tests.handlers.test_takeover import CHAT, WITH_KEY, Left, left, until_idle

__all__ = ["left"]

pytestmark = pytest.mark.program

NOTES = b"The launch code is zebra."
FROM_STORE = {"bot_files_to_store": True, **WITH_KEY}


@pytest.fixture
def notes(left: Left) -> File:
    return left.home.slack.new_file("notes.txt", NOTES)


async def test_killed_after_an_upload_it_uploads_again_under_the_same_name(left: Left, notes: File) -> None:
    picture = left.home.slack.new_file("image.png", PNG)
    await left.question(files=[notes, picture])
    await left.noted(OpenAnswer(chat_id=CHAT))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    [asked] = left.home.flowise.predictions
    assert asked.chat_id == CHAT
    attached = [file for file in left.home.flowise.files if file.way == "attachment"]
    assert [file.name for file in attached] == [f"notes-{notes.id}.txt"]
    assert ways(left.home.flowise.files)[1:] == [("file:full", "txt", sha(NOTES)), ("file", "png", sha(PNG))]


@pytest.mark.parametrize(
    ("noted", "sent", "remark"),
    [
        ("", 1, ""),
        ("dead:1", 0, wording.perhaps_not_read(["notes.txt"])),
        (STORED, 0, ""),
    ],
)
async def test_what_may_be_in_the_vector_store_is_not_added_again(
    left: Left, notes: File, noted: str, sent: int, remark: str
) -> None:
    flow = left.home.flowise.flow("store")
    await left.question(files=[notes])
    await left.noted(OpenAnswer(chat_id=CHAT))
    thread = Thread(left.item.team, left.home.channel, left.root)
    await left.store.remember(thread, CHAT, NotedFlow("", flow), 0, time.time())
    if noted:
        assert await left.store.begin_storing(left.item.line, CHAT, notes.id, noted) == noted
    if noted == STORED:
        await left.store.stored_file(left.item.line, CHAT, notes.id, added=True)
    async with left.home.bot(flowise_chatflow_id=flow, **FROM_STORE):
        await until_idle(left)
    assert [prediction.chat_id for prediction in left.home.flowise.predictions] == [CHAT]
    assert ways(left.home.flowise.files) == [("upsert", "txt", sha(NOTES))] * sent
    if remark:
        assert remark in left.message.plain
    else:
        assert "notes.txt" not in left.message.plain


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_an_upsert_is_for_one_chat_and_done_once_over_tries(left: Left, notes: File, mode: str) -> None:
    home = left.home
    flow = home.flowise.flow("store")
    async with home.bot(flowise_chatflow_id=flow, slack_delivery=mode, **FROM_STORE):
        home.flowise.script(flow, Script(error="no model"))
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=[notes])
        await home.answered(root)
        [failed] = home.slack.thread(home.channel, root)[1:]
        await home.slack.press(home.ada, home.channel, failed.ts, "Try again")
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
        other = await home.slack.say(home.ada, home.channel, f"{home.mention} and here?")
        await home.answered(other)
    first, second, third = (prediction.chat_id for prediction in home.flowise.predictions)
    assert first == second != third
    assert ways(home.flowise.files) == [("upsert", "txt", sha(NOTES))]
    assert home.flowise.files[0].chat_id == first


async def test_try_again_sends_the_same_files_and_names_those_that_are_gone(left: Left, notes: File) -> None:
    home = left.home
    picture = home.slack.new_file("image.png", PNG)
    async with home.bot(**WITH_KEY):
        home.flowise.script("rag", Script(error="no model"))
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=[notes, picture])
        await home.answered(root)
        home.slack.delete_file(notes)
        [failed] = home.slack.thread(home.channel, root)[1:]
        await home.slack.press(home.ada, home.channel, failed.ts, "Try again")
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    assert wording.gone(["notes.txt"]) in home.answers(root)[-1]
    sent = [file.way for file in home.flowise.files]
    assert sent == ["attachment", "file:full", "file", "file"]


async def test_regenerate_sends_the_same_files_and_names_those_that_are_gone(left: Left, notes: File) -> None:
    home = left.home
    picture = home.slack.new_file("image.png", PNG)
    async with home.bot(**WITH_KEY):
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=[notes, picture])
        await home.answered(root)
        home.slack.delete_file(notes)
        answer = next(message for message in home.slack.thread(home.channel, root)[1:] if not message.files)
        await home.slack.press(home.ada, home.channel, answer.ts, app_wording.REGENERATE)
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    assert wording.gone(["notes.txt"]) in home.answers(root)[-1]
    assert ways(home.flowise.files)[-1] == ("file", "png", sha(PNG))
    assert [file.way for file in home.flowise.files] == ["attachment", "file:full", "file", "file"]


async def test_without_a_key_or_the_setting_nothing_is_added_to_a_store(left: Left, notes: File) -> None:
    home = left.home
    async with home.bot(flowise_chatflow_id=home.flowise.flow("store"), **WITH_KEY):
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=[notes])
        [answer] = await home.answered(root)
    assert wording.not_taken(["notes.txt"], []) in answer
    assert home.flowise.files == []


async def test_the_answer_to_a_clip_is_recovered_though_its_words_are_not_known(left: Left) -> None:
    clip = left.home.slack.new_file("clip.m4a", b"What?", subtype="slack_audio")
    await left.question("", files=[clip])
    since = await left.ran()
    ts = await left.posted("half of")
    await left.noted(OpenAnswer(CHAT, since, (ts,), question="", after="", spoken=True))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert left.message.plain.startswith("half of it, and the rest")
    assert len(left.home.flowise.predictions) == 1
