"""What is held of people's files at a time, over the wire from a local Slack; and what is said of hostile names."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.chats import Chat
from bot.conversation.file_notes import Trouble, Why, sentences
from bot.conversation.file_room import MOST_HELD, FileRoom
from bot.conversation.question import ConversationSettings, Question
from bot.conversation.question_files import QuestionFiles
from bot.errors import FlowiseBroke, FlowiseError, FlowiseFailed, FlowiseSlow, RunState
from bot.flowise import client as flowise
from bot.flowise.prediction import Upload
from bot.flowise.uploads import Accepted, Reason
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.playground.slack.pings import pings, urls
from bot.records.thread import NotedFlow, Thread
from bot.reply.contract import Heard, Place, Remark, Sentence
from bot.reply.paged import PagedAnswer
from bot.slack import wording_of_files
from bot.slack.client import SlackClient
from bot.slack.shared_files import SharedFile
from bot.slack.wire import new_session, web_client
from bot.store.redis import RedisStore

TEN_MB = bytes(10 * 1024 * 1024)
PICTURES, EACH = 20, len(TEN_MB)
FLOW = NotedFlow("", "flow")
LARGEST = ConversationSettings().file_limit


class Content(bytearray):
    """The bytes of a file, of which can be told whether anybody still has them."""


class Counted:
    """A client of a local Slack that counts the bytes which were asked for and not let go of."""

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack
        self.held = self.most = 0
        self._given: list[ref[Content]] = []
        self.waits_for: asyncio.Event | None = None

    async def file(self, file_id: str) -> SharedFile:
        return await self._slack.file(file_id)

    async def content(self, file: SharedFile) -> bytearray:
        self.held += file.size
        self.most = max(self.most, self.held)
        if self.waits_for is not None:
            await self.waits_for.wait()
        content = Content(await self._slack.content(file))
        self._given.append(ref(content))
        return content

    @property
    def kept(self) -> int:
        """How many of the files that were given are still in memory."""
        return sum(content() is not None for content in self._given)


@pytest.fixture
async def parts(store: RedisStore) -> AsyncIterator[tuple[LocalSlack, Counted, QuestionFiles, FileRoom]]:
    async with (
        LocalSlack() as slack,
        LocalFlowise(tokens_per_second=math.inf) as local,
        new_session() as session,
        flowise.new_session() as to_flowise,
    ):
        counted, room = Counted(SlackClient(web_client(slack.bot_token, slack.url, session), session)), FileRoom()
        client = flowise.Client(to_flowise, local.url, local.chatflow_id, None, flowise.Limits())
        files = QuestionFiles(client.files, counted, store, room, LARGEST, may_store=False, own_teams=frozenset())
        yield slack, counted, files, room


@pytest.mark.slow
async def test_twenty_files_of_ten_megabytes_at_once_hold_no_more_than_is_stated(
    parts: tuple[LocalSlack, Counted, QuestionFiles, FileRoom],
) -> None:
    slack, counted, files, room = parts
    passed = 0

    async def one(number: int) -> None:
        nonlocal passed
        shared = await counted.file(slack.new_file(f"{number}.png", TEN_MB).id)
        thread = Thread("T1", "C1", f"1700000000.{number:06}")
        place = Place("C1", thread.thread_ts, "U1")
        question = Question(thread, place, thread.thread_ts, "what?", f"{number}", files=(shared,))
        async with files.prepared(question, Chat(f"chat-{number}", 0, FLOW)) as prepared:
            [upload] = prepared.uploads.files
            assert len(upload.content) == EACH
            assert room.held <= MOST_HELD
            await asyncio.sleep(0)  # while it is sent
            counted.held -= EACH
            passed += 1

    await asyncio.gather(*map(one, range(PICTURES)))
    assert passed == PICTURES
    assert room.held == 0
    assert 2 * EACH <= counted.most <= MOST_HELD < PICTURES * EACH


async def test_who_is_stopped_while_files_come_gives_their_room_back(
    parts: tuple[LocalSlack, Counted, QuestionFiles, FileRoom],
) -> None:
    slack, counted, files, room = parts
    counted.waits_for = asyncio.Event()
    thread = Thread("T1", "C1", "1700000000.000100")
    for name in ("a.png", "a.txt"):
        shared = await counted.file(slack.new_file(name, b"content").id)
        question = Question(thread, Place("C1", thread.thread_ts, "U1"), thread.thread_ts, "?", "r", files=(shared,))

        async def prepare(question: Question = question) -> None:
            async with files.prepared(question, Chat("chat", 0, FLOW)):
                raise AssertionError("the file never comes")

        preparing = asyncio.create_task(prepare())
        async with asyncio.timeout(5):
            while not room.held:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0)
        preparing.cancel()
        await asyncio.wait({preparing})
        assert preparing.cancelled()
        assert (room.held, room.texts.held) == (0, 0)


async def test_what_was_sent_is_let_go_of_while_the_answer_grows(
    parts: tuple[LocalSlack, Counted, QuestionFiles, FileRoom],
) -> None:
    slack, counted, files, room = parts
    thread = Thread("T1", "C1", "1700000000.000100")
    new = [slack.new_file(name, b"content") for name in ("a.png", "a.txt", "b.txt")]
    shared = tuple([await counted.file(file.id) for file in new])
    question = Question(thread, Place("C1", thread.thread_ts, "U1"), thread.thread_ts, "?", "r", files=shared)
    async with files.prepared(question, Chat("chat", 0, FLOW)) as prepared:
        assert counted.kept == 1  # of a document only its text is kept
        assert prepared.documents == ("a.txt", "b.txt")
        assert (room.held, room.texts.held) == (7, 1)
        prepared.uploads.release()
        assert counted.kept == 0
        assert (room.held, room.texts.held) == (0, 0)


class Mute:
    """A Flowise that does not tell what its flow takes."""

    async def accepted(self, *, may_store: bool) -> Accepted:
        raise FlowiseSlow("no answer")

    async def read(self, chat_id: str, file: Upload, *, most: int) -> str:
        raise AssertionError(chat_id)

    async def store(self, chat_id: str, file: Upload) -> int:
        raise AssertionError(chat_id)

    async def made(self, chat_id: str, name: str, *, largest: int) -> bytearray:
        raise AssertionError(chat_id)


async def test_where_flowise_does_not_tell_what_it_takes_only_words_are_asked(
    parts: tuple[LocalSlack, Counted, QuestionFiles, FileRoom], store: RedisStore
) -> None:
    _, counted, _, room = parts
    files = QuestionFiles(Mute(), counted, store, room, LARGEST, may_store=False, own_teams=frozenset())
    thread = Thread("T1", "C1", "1700000000.000100")
    shared = SharedFile("F1", "a.png", "image/png", 5)
    question = Question(thread, Place("C1", thread.thread_ts, "U1"), thread.thread_ts, "why?", "r", files=(shared,))
    async with files.prepared(question, Chat("chat", 0, FLOW)) as prepared:
        assert prepared.remarks == (wording_of_files.not_looked_at(["a.png"]),)
        assert not prepared.go_along
    with pytest.raises(FlowiseSlow):
        async with files.prepared(replace(question, text=""), Chat("chat", 0, FLOW)):
            pass


class Answers(Mute):
    """A Flowise with a vector store, which answers as given: pieces that were added, or an error."""

    def __init__(self, *answers: int | FlowiseError) -> None:
        self._answers = list(answers)
        self.sent = 0

    async def accepted(self, *, may_store: bool) -> Accepted:
        return Accepted(stored=frozenset({".txt"}))

    async def store(self, chat_id: str, file: Upload) -> int:
        self.sent += 1
        answer = self._answers.pop(0)
        if isinstance(answer, FlowiseError):
            raise answer
        return answer


NOTHING_IN_IT = wording_of_files.unreadable(["a.txt"])
PERHAPS = wording_of_files.perhaps_not_read(["a.txt"])


@pytest.mark.parametrize(
    ("answers", "remarks", "sent"),
    [
        ((1,), (None, None), 1),
        ((0, 1), (NOTHING_IN_IT, None), 2),
        ((FlowiseBroke("cut"),), (PERHAPS, PERHAPS), 1),
        ((FlowiseFailed("no", run=RunState.OVER),), (NOTHING_IN_IT, PERHAPS), 1),
    ],
)
async def test_a_file_is_sent_to_a_store_again_only_where_nothing_was_added(
    parts: tuple[LocalSlack, Counted, QuestionFiles, FileRoom],
    store: RedisStore,
    answers: tuple[int | FlowiseError, ...],
    remarks: tuple[str | None, ...],
    sent: int,
) -> None:
    slack, counted, _, room = parts
    flow = Answers(*answers)
    files = QuestionFiles(flow, counted, store, room, LARGEST, may_store=True, own_teams=frozenset())
    shared = await counted.file(slack.new_file("a.txt", b"content").id)
    thread = Thread("T1", "C1", "1700000000.000100")
    for remark in remarks:  # the same question, asked again by the same process
        question = Question(thread, Place("C1", thread.thread_ts, "U1"), thread.thread_ts, "?", "r", files=(shared,))
        async with files.prepared(question, Chat("chat", 0, FLOW)) as prepared:
            assert prepared.remarks == ((remark,) if remark else ())
    assert flow.sent == sent
    assert room.held == 0


hostile = st.text(st.sampled_from("<>@!#&|*_~`:/\\.\r\n[]()'\"\u202e\x00aé🎈hpst"), max_size=80) | st.sampled_from(
    ["<!channel>", "<@U1>", "@here", "https://evil.example/x.png", "<https://a.example|b>", "#general", "`<!here>`"]
)
reasons: st.SearchStrategy[Why] = st.sampled_from([*Reason, *Trouble])


@given(st.lists(st.tuples(hostile, reasons), min_size=1, max_size=8), st.frozensets(hostile, max_size=3), hostile)
def test_no_name_type_or_transcript_pings_links_or_breaks_a_block(
    unread: list[tuple[str, Why]], types: frozenset[str], transcript: str
) -> None:
    said = sentences(unread, Accepted(images=types, documents=types, stored=types), largest=10)
    alone, under = PagedAnswer(), PagedAnswer()
    alone.receive(Sentence(" ".join(said)))
    under.receive(Heard(transcript or "x"))
    for sentence in said:
        under.receive(Remark(sentence))
    for page in (*alone.pages(shows_work=True), *under.pages(shows_work=True)):
        assert pings(page.text, page.blocks, (), frozenset({"general"}), parse=False) == []
        assert urls(page.text, page.blocks) == []
    assert all("\n" not in sentence and len(sentence) < 1000 for sentence in said)
