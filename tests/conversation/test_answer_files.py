"""The bytes of what flows have made, over the wire from a local Flowise: how many are held, and what is not had."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from bot.conversation.answer_files import AnswerFiles
from bot.conversation.artifact_texts import with_texts_under
from bot.conversation.file_room import MOST_HELD, MOST_INLINE, FileRoom
from bot.errors import FlowiseSlow
from bot.flowise import client as flowise
from bot.flowise.events import ResultFile, ResultFiles, Token
from bot.flowise.result_files import MOST_FILES
from bot.playground.flowise import LocalFlowise
from bot.ports.files import FetchedFile
from bot.records.thread import OpenAnswer
from bot.reply.contract import ArrivedEvent, Failed, Finished, StoredText, TurnEvent

TEN_MB = bytes(10 * 1024 * 1024)
LARGEST = len(TEN_MB)
CHAT = "chat"


class Flow:
    """A client of a local Flowise, which fails `times` times before."""

    def __init__(self, client: flowise.Client, times: int = 0) -> None:
        self._client = client
        self.times = times
        self.reads_answers = False
        self.asked = 0

    @property
    def flowise(self) -> Flow:
        return self

    @property
    def files(self) -> Flow:
        return self

    async def made(self, chat_id: str, name: str, *, largest: int) -> bytearray:
        self.asked += 1
        if self.times:
            self.times -= 1
            raise FlowiseSlow("no answer")
        return await self._client.files.made(chat_id, name, largest=largest)


@pytest.fixture
async def local() -> AsyncIterator[LocalFlowise]:
    async with LocalFlowise(tokens_per_second=math.inf) as server:
        yield server


@pytest.fixture
async def flow(local: LocalFlowise) -> AsyncIterator[Flow]:
    async with flowise.new_session() as session:
        yield Flow(flowise.Client(session, local.url, local.chatflow_id, None, flowise.Limits()))


async def soon(_: float) -> None:
    """Do not wait."""


def files_of(flow: Flow, room: FileRoom | None = None, inline: FileRoom | None = None) -> AnswerFiles:
    rooms = room or FileRoom(), inline or FileRoom(MOST_INLINE)

    async def asked() -> Flow:
        return flow

    return AnswerFiles(asked, *rooms, largest=LARGEST, opened=lambda: OpenAnswer(CHAT), sleep=soon)  # type: ignore[arg-type]


async def events(*happened: ArrivedEvent) -> AsyncGenerator[ArrivedEvent, None]:
    for event in happened:
        yield event


async def taken(files: AnswerFiles, *found: ResultFile) -> None:
    [event] = [event async for event in files.taken_from(events(ResultFiles(found)))]
    assert event == ResultFiles(found)
    assert isinstance(event, ResultFiles)
    assert all(not file.content for file in event.files)


async def one(files: AnswerFiles, key: str) -> FetchedFile | None:
    async with files.fetched(key) as file:
        return file


@pytest.mark.slow
async def test_twenty_files_of_ten_megabytes_at_once_hold_no_more_than_is_stated(
    local: LocalFlowise, flow: Flow
) -> None:
    room, most, passed = FileRoom(), 0, 0

    async def bring(number: int) -> None:
        nonlocal most, passed
        local.made[local.chatflow_id, CHAT, f"{number}.bin"] = TEN_MB
        files = files_of(flow, room)
        await taken(files, ResultFile(f"{number}.bin", stored=f"{number}.bin"))
        async with files.fetched(f":{number}.bin") as file:
            assert file is not None
            assert len(file.content) == LARGEST
            most = max(most, room.held)
            await asyncio.sleep(0)  # while it is sent
        passed += 1

    await asyncio.gather(*map(bring, range(20)))
    assert passed == 20
    assert room.held == 0
    assert 2 * LARGEST <= most <= MOST_HELD < 20 * LARGEST


async def test_a_file_that_has_not_come_is_asked_for_again(local: LocalFlowise, flow: Flow) -> None:
    local.made[local.chatflow_id, CHAT, "a b+c.csv"] = b"a,b"
    files = files_of(flow)
    await taken(files, ResultFile("a b+c.csv", stored="a b+c.csv"))
    flow.times = 2
    assert await one(files, ":a b+c.csv") == FetchedFile("a b+c.csv", b"a,b")
    flow.times, flow.asked = 3, 0
    assert await one(files, ":a b+c.csv") is None
    assert flow.asked == 3
    assert await one(files, "unheard") is None


@pytest.mark.parametrize("size", [0, LARGEST + 1])
async def test_what_is_empty_or_too_large_is_not_had(local: LocalFlowise, flow: Flow, size: int) -> None:
    local.made[local.chatflow_id, CHAT, "a.bin"] = bytes(size)
    room = FileRoom()
    files = files_of(flow, room)
    await taken(files, ResultFile("a.bin", stored="a.bin"), ResultFile("b.csv", content="x" * size))
    assert await one(files, ":a.bin") is None
    assert await one(files, ":b.csv") is None
    assert (flow.asked, room.held) == (1, 0)


async def test_what_is_written_into_answers_is_bounded_and_let_go_of(flow: Flow) -> None:
    inline = FileRoom(100)
    first, second = files_of(flow, inline=inline), files_of(flow, inline=inline)
    await taken(first, ResultFile("a.csv", content="a" * 30), ResultFile("a.csv", content="a" * 30))
    await taken(second, ResultFile("b.csv", content="b" * 30))
    assert inline.held == 60
    assert await one(first, ":a.csv") == FetchedFile("a.csv", b"a" * 30)
    assert await one(second, ":b.csv") is None
    first.close()
    first.close()
    second.close()
    assert inline.held == 0


async def test_of_files_without_end_no_more_are_kept_than_are_told_apart(flow: Flow) -> None:
    inline = FileRoom(MOST_INLINE)
    files = files_of(flow, inline=inline)
    for number in range(2 * MOST_FILES):
        await taken(files, ResultFile(f"{number}.csv", content="a,b"))
    assert inline.held == MOST_FILES * 2 * len("a,b")
    assert await one(files, ":0.csv") == FetchedFile("0.csv", b"a,b")
    assert await one(files, f":{MOST_FILES}.csv") is None
    files.close()

    async def turn() -> AsyncGenerator[TurnEvent, None]:
        for number in range(2 * MOST_FILES):
            yield ResultFiles((ResultFile("", str(number), "markdown", content="# In words"),))
        yield Finished()

    said = [event async for event in with_texts_under(turn())]
    assert sum(isinstance(event, Token) for event in said) == MOST_FILES
    assert sum(isinstance(event, ResultFiles) for event in said) == MOST_FILES


async def test_the_markdown_of_artifacts_stands_once_under_the_text_that_was_stored() -> None:
    text, picture = ResultFile("", "5e", "markdown", content="# In words"), ResultFile("a.png")

    async def turn(last: TurnEvent) -> AsyncGenerator[TurnEvent, None]:
        for event in (Token("One"), ResultFiles((text,)), ResultFiles((text, picture)), StoredText("Two"), last):
            yield event

    said = [event async for event in with_texts_under(turn(Finished()))]
    assert said == [Token("One"), ResultFiles((picture,)), StoredText("Two"), Token("\n\n# In words\n"), Finished()]
    failed = Failed(FlowiseSlow("x"), "a1b2c3")
    assert [event async for event in with_texts_under(turn(failed))][-2:] == [StoredText("Two"), failed]
