"""Tests what is noted of an answer while it is written: its messages, its events, and its ending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from bot.errors import (
    BotError,
    FlowiseBroke,
    FlowiseResting,
    FlowiseTooLarge,
    GivenUp,
    Interrupted,
    KeyRefused,
)
from bot.flowise.events import CalledTools, Token, UsedTools
from bot.mailbox.durations import DURATIONS
from bot.mailbox.lease import Lease
from bot.mailbox.leased_answer import LeasedAnswer, SentenceOwner
from bot.mailbox.stages import Stage
from bot.records.sent_file import SentFile
from bot.records.thread import Hold, Item, OpenAnswer, Run, UnansweredQuestion
from bot.reply.contract import (
    ArrivedEvent,
    BeganAnew,
    Failed,
    Finished,
    Remark,
    ReplyEvent,
    StoredText,
    Thinking,
    TurnEvent,
)
from bot.reply.journal import read
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    DeleteMessage,
    Posted,
    PostMessage,
    SendFile,
    SetStatus,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    Uploaded,
)
from bot.store.redis import RedisStore

AGAIN = '["T1:C1:1.0", "a1b2c3d4"]'
ITEM = Item("T1", "T1:C1:1.0", "a1b2c3d4", "1.0", "message", "{}")


class Stop:
    """Stops an answer with a last word, when it is told so."""

    def __init__(self) -> None:
        self.now = asyncio.Event()
        self.last_word: Failed | None = None

    async def __call__(self) -> Failed | None:
        await self.now.wait()
        return self.last_word


class Posts:
    """Hears of each message that stands."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, ts: str) -> None:
        self.heard.append(ts)


@pytest.fixture
async def lease(store: RedisStore) -> Lease:
    hold = Hold(ITEM, "ours")
    assert await store.mailboxes.accept(hold, DURATIONS.lease, opens=None, opened=OpenAnswer())
    return Lease(store.mailboxes, hold, OpenAnswer(), now=time.monotonic)


@pytest.fixture
async def asked(lease: Lease) -> Lease:
    """A lease whose question was asked."""
    lease.turn_came()
    assert await lease.asks("chat", "why?", Run(5.5))
    return lease


@pytest.fixture
async def stop() -> Stop:
    return Stop()


@pytest.fixture
async def posts() -> Posts:
    return Posts()


async def untouched() -> None:
    """Nobody ends a stream in Slack."""
    raise AssertionError("nobody has")


@pytest.fixture
async def kept(lease: Lease, stop: Stop, posts: Posts) -> LeasedAnswer:
    return LeasedAnswer(lease, stop, AGAIN, posts, untouched)


async def happened(*events: TurnEvent) -> AsyncGenerator[TurnEvent, None]:
    for event in events:
        yield event


async def through(kept: LeasedAnswer, *events: TurnEvent) -> list[ArrivedEvent]:
    return [event async for event in kept.noted(happened(*events))]


async def test_the_stored_text_alone_is_noted_of_a_whole_answer(kept: LeasedAnswer, asked: Lease) -> None:
    said = (Token("Let me look."), CalledTools(("search",)), Token("It is 42."), UsedTools(("search",)))
    await through(kept, *said, StoredText("It is"), StoredText(" 42.", begins=False), Finished())
    assert asked.opened.whole
    assert read(asked.opened.journal) == (Token("It is 42."), UsedTools(("search",)))


async def test_a_file_that_was_sent_is_in_the_store_before_it_can_be_shared(
    kept: LeasedAnswer, asked: Lease, store: RedisStore
) -> None:
    for key, file_id in ((":a.png", "F1"), (":b.png", "F2"), (":a.png", "F3")):
        await kept.made(SendFile(key), Uploaded(file_id))
    await kept.made(ShareFile("C1", "1.0", ":b.png", "F2"), Accepted())
    sent = (SentFile(":a.png", "F3"), SentFile(":b.png", "F2", shared=True))
    assert asked.opened.files == sent
    await store.mailboxes.release(asked.hold)
    [taken], _ = await store.mailboxes.abandoned(["T1"], "theirs", DURATIONS.lease)
    # That it was shared is noted soon, and is found out by whoever does not know.
    assert taken.opened.files == (SentFile(":b.png", "F2"), SentFile(":a.png", "F3"))


async def test_a_file_that_is_sent_under_a_lost_hold_is_not_shared(
    kept: LeasedAnswer, asked: Lease, store: RedisStore
) -> None:
    await store.mailboxes.release(asked.hold)
    assert len((await store.mailboxes.abandoned(["T1"], "theirs", DURATIONS.lease))[0]) == 1
    await kept.made(SendFile(":a.png"), Uploaded("F1"))
    assert not await kept.may_write()


def post(text: str = "a") -> PostMessage:
    return PostMessage("C1", text, (), "1.0")


START = StartStream("C1", "1.0", "U1", "T1", "words", "a1b2c3d4-1-0")
STOPPED = StopStream("C1", "2.1", "")


@pytest.mark.parametrize(
    ("calls", "messages", "stream"),
    [
        ([(post(), Posted("2.1"))], ("2.1",), ""),
        ([(post(), Posted("2.1")), (post("b"), Posted("2.2"))], ("2.1", "2.2"), ""),
        ([(post(), Posted("2.1")), (post(), Posted("2.1", found=True))], ("2.1",), ""),
        ([(START, Posted("2.1"))], ("2.1",), "2.1"),
        ([(START, Posted("2.1")), (AppendStream("C1", "2.1", "more"), Accepted())], ("2.1",), "2.1"),
        ([(START, Posted("2.1")), (STOPPED, Accepted())], ("2.1",), ""),
        ([(START, Posted("2.2")), (STOPPED, Accepted())], ("2.2", "2.1"), "2.2"),  # one that was found
        ([(post(), Posted("2.1")), (DeleteMessage("C1", "2.1"), Accepted())], (), ""),
        ([(SetStatus("C1", "1.0", "is thinking"), Accepted())], (), ""),
    ],
)
async def test_what_stands_is_known_from_what_slack_has_taken(
    kept: LeasedAnswer,
    lease: Lease,
    calls: list[tuple[Call, Posted | Accepted]],
    messages: tuple[str, ...],
    stream: str,
) -> None:
    for call, result in calls:
        await kept.made(call, result)
    assert (lease.opened.messages, lease.opened.stream) == (messages, stream)


async def test_each_message_is_told_of_once_it_stands(kept: LeasedAnswer, posts: Posts) -> None:
    for call, ts in ((post(), "2.1"), (START, "2.2")):
        await kept.made(call, Posted(ts))
    assert posts.heard == ["2.1", "2.2"]


async def test_the_last_state_of_each_message_can_be_written_again(kept: LeasedAnswer) -> None:
    last = UpdateMessage("C1", "2.1", "last", ())
    await kept.made(post("first"), Posted("2.1"))
    await kept.made(UpdateMessage("C1", "2.1", "more", ()), Accepted())
    await kept.made(last, Accepted())
    await kept.made(post("second"), Posted("2.2"))
    await kept.made(post("gone"), Posted("2.3"))
    await kept.made(DeleteMessage("C1", "2.3"), Accepted())
    await kept.made(post("of another process"), Posted("2.4", found=True))  # what it shows, nobody knows
    assert kept.stands == {"2.1": last, "2.2": UpdateMessage("C1", "2.2", "second", ())}


async def test_what_has_come_is_noted_with_each_call_once_flowise_was_asked(kept: LeasedAnswer, asked: Lease) -> None:
    events = kept.noted(happened(Thinking(), Token("one "), Token("two"), Remark("a remark"), Finished()))
    await anext(events)
    await anext(events)
    assert asked.opened.journal == ""
    await kept.made(post(), Posted("2.1"))
    assert read(asked.opened.journal) == (Token("one "),)
    assert asked.stage is Stage.STREAMING
    assert [event async for event in events][-1] == Finished()
    assert read(asked.opened.journal) == (Token("one two"), Remark("a remark"))
    assert asked.opened.whole


async def test_what_is_held_back_of_the_text_is_noted_as_it_came(kept: LeasedAnswer, asked: Lease) -> None:
    assert await through(kept, Token("one <b>two</"), Token("b")) == [Token("one **two"), Token("")]
    await kept.made(post(), Posted("2.1"))
    assert read(asked.opened.journal) == (Token("one **two</b"),)


async def test_all_that_an_event_brings_is_noted_before_any_of_it_is_shown(kept: LeasedAnswer, asked: Lease) -> None:
    events = kept.noted(happened(Token("My plan.</think>It is 4.")))
    assert await anext(events) == BeganAnew()
    await kept.made(post(), Posted("2.1"))
    assert read(asked.opened.journal) == (Token("It is 4."),)
    assert await anext(events) == Token("It is 4.")


async def test_when_the_bot_stops_what_was_held_back_comes_before_the_last_word(
    kept: LeasedAnswer, asked: Lease, stop: Stop
) -> None:
    await through(kept, Token("one <stro"))
    stop.last_word = Failed(Interrupted("stopped"), "a1b2c3d4")
    stop.now.set()
    assert await kept.stopped() == (Token("<stro"), stop.last_word)
    await kept.made(post(), Posted("2.1"))
    assert read(asked.opened.journal) == (Token("one <stro"),)


async def test_before_flowise_was_asked_there_is_nothing_to_be_gone_on_with(kept: LeasedAnswer, lease: Lease) -> None:
    await through(kept, Token("told by nobody"), Finished())
    await kept.made(post(), Posted("2.1"))
    assert lease.opened == OpenAnswer(messages=("2.1",))


async def test_a_failure_does_not_make_an_answer_whole(kept: LeasedAnswer, asked: Lease) -> None:
    await through(kept, Token("half"), Failed(FlowiseBroke("cut"), "a1b2c3d4"))
    assert not asked.opened.whole


@pytest.mark.parametrize("error", [Interrupted("x"), FlowiseBroke("x"), FlowiseResting("x", retry_after=3), BotError()])
async def test_a_failure_that_may_pass_offers_to_ask_again(kept: LeasedAnswer, asked: Lease, error: BotError) -> None:
    assert await through(kept, Failed(error, "a1b2c3d4", follows=True)) == [Failed(error, "a1b2c3d4", AGAIN, True)]
    assert kept.unanswered == UnansweredQuestion(ITEM)


@pytest.mark.parametrize("error", [KeyRefused("x"), FlowiseTooLarge("x"), GivenUp("x")])
async def test_a_failure_that_stays_offers_nothing(kept: LeasedAnswer, asked: Lease, error: BotError) -> None:
    assert await through(kept, Failed(error, "a1b2c3d4")) == [Failed(error, "a1b2c3d4")]
    assert kept.unanswered is None


@pytest.mark.parametrize(
    ("said", "messages"),
    [
        ([], ("2.1",)),
        ([Token(" \n")], ("2.1",)),
        ([Token("half")], ()),
        ([Token("<thin")], ()),  # held back until it is known what it is
        ([Token("<think>well</think>")], ("2.1",)),
        ([Token("I will look. "), CalledTools(("search",))], ()),
        ([Thinking(), Remark("a remark")], ("2.1",)),
    ],
)
async def test_the_next_answer_stands_in_place_only_where_no_words_stand(
    kept: LeasedAnswer, asked: Lease, said: list[ReplyEvent], messages: tuple[str, ...]
) -> None:
    await kept.made(post(), Posted("2.1"))
    await through(kept, *said, Failed(FlowiseBroke("cut"), "a1b2c3d4"))
    assert kept.unanswered == UnansweredQuestion(ITEM, messages)


async def test_where_nobody_can_press_a_button_none_is_offered(lease: Lease, stop: Stop, posts: Posts) -> None:
    kept = LeasedAnswer(lease, stop, "", posts, untouched)
    [event] = await through(kept, Failed(Interrupted("its process is gone"), "a1b2c3d4"))
    assert isinstance(event, Failed)
    assert event.again == ""
    assert kept.unanswered is None


async def test_its_last_word_is_what_the_bot_says_when_it_stops(kept: LeasedAnswer, stop: Stop) -> None:
    stopping = asyncio.create_task(kept.stopped())
    await asyncio.sleep(0)
    assert not stopping.done()
    stop.last_word = Failed(Interrupted("stopped"), "a1b2c3d4", AGAIN)
    stop.now.set()
    assert await stopping == (stop.last_word,)
    assert kept.unanswered is not None


async def test_who_has_lost_an_answer_says_nothing_more(kept: LeasedAnswer, stop: Stop, lease: Lease) -> None:
    stop.last_word = Failed(Interrupted("stopped"), "a1b2c3d4", AGAIN)
    lease.lost.set()
    stop.now.set()
    assert await kept.stopped() is None
    assert kept.unanswered is None
    assert not await kept.may_write()


async def test_waiting_for_the_stop_can_be_cancelled(kept: LeasedAnswer) -> None:
    before = asyncio.all_tasks()
    stopping = asyncio.create_task(kept.stopped())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_sentence_of_ours_is_written_under_its_hold_only(lease: Lease) -> None:
    held = SentenceOwner(lease)
    assert await held.may_write()
    await held.made(UpdateMessage("C1", "2.1", "adopted", ()), Accepted())
    await held.made(post(), Posted("2.2"))
    await held.made(post(), Posted("2.2", found=True))
    await held.made(post(), Posted("2.3"))
    await held.made(DeleteMessage("C1", "2.3"), Accepted())
    assert lease.opened.messages == ("2.1", "2.2")
    stopped = asyncio.create_task(held.stopped())
    lease.lost.set()
    assert await stopped is None
    assert not await held.may_write()
