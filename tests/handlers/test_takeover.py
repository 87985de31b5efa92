"""A question that a dead process has left is brought to its end by the next, from what that one had noted of it."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.chats import Chats
from bot.flowise.client import Client, Limits, new_session
from bot.flowise.events import SourceDocument, SourceDocuments, Token
from bot.mailbox.durations import Durations
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.message import File
from bot.playground.slack.wire import file_json
from bot.records.thread import (
    Hold,
    Item,
    NotedFlow,
    OpenAnswer,
    Run,
    StopOutcome,
    StopRequest,
    StopResult,
    Thread,
    UnansweredQuestion,
)
from bot.reply.contract import Footnote
from bot.reply.journal import Journal
from bot.slack import wording
from bot.slack.payload import IncomingMessage
from bot.slack.shared_files import shared_files
from bot.store.redis import RedisStore
from bot.workspace.work import reference_of
from tests.handlers.offered import rate, rating, suggestions

KEY = "right-key"
CHAT = "11111111-2222-4333-8444-555555555555"
GONE = 0.001  # seconds: the lease of a process that has died
# With a key, what a process finds of an answer is asked for once a moment; without one it is known at once.
WITH_KEY = {"flowise_api_key": KEY, "flowise_left_run_wait": 5}


@dataclass
class Left:
    """What a dead process has left behind: a question of ada's in Slack, and its item in the store."""

    home: Sandbox
    store: RedisStore
    client: AsyncWebClient
    root: str = ""
    item: Item = field(default_factory=lambda: Item("", "", "", "", "", ""))

    async def question(self, text: str = "why?", files: Sequence[File] = ()) -> None:
        """Ada asks while no bot is there."""
        home, team = self.home, self.home.slack.team_id
        said = f"{home.mention} {text}"
        self.root = await home.slack.say(home.ada, home.channel, said, files=files)
        attached = shared_files([file_json(home.slack.core.workspace, file) for file in files])
        heard = IncomingMessage(
            home.channel, "channel", home.ada, said, self.root, "", (), (team,), edited=False, attached=attached
        )
        line = Thread(team, home.channel, self.root).line
        told = json.dumps({"message": asdict(heard), "addressed": True})
        self.item = Item(team, line, reference_of(team, home.channel, self.root), self.root, "message", told)

    async def posted(self, text: str = "half of", *, mark: str = "") -> str:
        """A message of its answer, which the dead process has posted, perhaps with a mark; its `ts`."""
        payload = {"mark": f"{self.item.reference}-{mark}"}
        metadata = {"event_type": "flowise_answer", "event_payload": payload}
        rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        answer = await self.client.chat_postMessage(
            channel=self.home.channel,
            thread_ts=self.root,
            text=text,
            blocks=[{"type": "rich_text", "elements": [rich]}],
            metadata=metadata if mark else None,
        )
        return str(answer["ts"])

    async def streamed(self, text: str = "half of") -> str:
        """A native stream that the dead process has begun and not ended."""
        answer = await self.client.chat_startStream(
            channel=self.home.channel,
            thread_ts=self.root,
            markdown_text=text,
            recipient_user_id=self.home.ada,
            recipient_team_id=self.home.slack.team_id,
        )
        return str(answer["ts"])

    async def ran(
        self, *, tokens: tuple[str, ...] = ("half of", " it, and", " the rest"), suggests: Sequence[str] = ()
    ) -> float:
        """Flowise was asked, by a client that was killed after the first words. When that began; the run goes on."""
        since = time.time()
        told = {"followUpPrompts": json.dumps(suggests)} if suggests else {}
        self.home.flowise.script("rag", Script(tokens=tokens, token_wait=0.4, metadata=told))
        body = {"question": "why?", "chatId": CHAT, "streaming": True}
        url = f"{self.home.flowise.url}/api/v1/prediction/{self.home.flowise.chatflow_id}"
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as response:
            async for chunk in response.content:
                if b"half" in chunk:
                    break
        return since

    async def newest_stored(self, chat_id: str = CHAT) -> str:
        """The row that Flowise has stored last on a chat."""
        flowise = self.home.flowise
        async with new_session() as session:
            client = Client(session, flowise.url, flowise.chatflow_id, KEY, Limits())
            return await client.newest_stored(chat_id) or ""

    async def noted(self, opened: OpenAnswer | None = None, *, epoch: int = 1) -> None:
        """Its item, as that process has noted it, with its lease over."""
        hold, mailboxes = Hold(self.item, "dead"), self.store.mailboxes
        thread = Thread(self.item.team, self.home.channel, self.root)
        assert await mailboxes.accept(hold, GONE, opens=thread, opened=OpenAnswer())
        if opened is not None:
            run = Run(opened.asked_at, question=opened.question, after=opened.after) if opened.asked_at else None
            assert await mailboxes.note(hold, opened, run)
            if opened.chat_id:
                await self.store.remember(
                    thread, opened.chat_id, NotedFlow("", self.home.flowise.chatflow_id), 0, time.time()
                )
        await asyncio.sleep(0.01)
        for _ in range(epoch - 1):
            found, _ = await mailboxes.abandoned([self.item.team], "dead", 0.05)
            assert len(found) == 1
            await asyncio.sleep(0.06)

    async def settled(self) -> bool:
        """Nothing is left of it in its mailbox."""
        match = f"{self.store._prefix}:{{{self.item.line}}}:*"
        kinds = {key.rsplit("}:", 1)[1] async for key in self.store._client.scan_iter(match=match)}
        return kinds.isdisjoint({"mail", "items", "holders", "leases", "open", "turn"})

    @property
    def message(self) -> Any:
        """The one message of the answer."""
        [message] = self.home.slack.thread(self.home.channel, self.root)[1:]
        return message

    def methods(self) -> list[str]:
        """The calls that write messages, in order."""
        return [call.method for call in self.home.slack.calls if call.method.startswith("chat.")]


@pytest.fixture
async def left(own_redis: str) -> AsyncIterator[Left]:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY) as home, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=home.slack.bot_token, base_url=home.slack.url, session=session)
        store = RedisStore.at(own_redis)
        yield Left(home, store, client)
        assert home.slack.violations == []
        assert home.slack.core.workspace.statuses == []
        assert home.flowise.collisions == 0
        await store.aclose()


async def until_idle(left: Left) -> None:
    """Wait until a bot has brought the question to its end."""
    async with asyncio.timeout(10):
        while not await left.settled():  # noqa: ASYNC110  # what is waited for is in the store
            await asyncio.sleep(0.02)


def journal(*words: str) -> str:
    written = Journal()
    for word in words:
        written.receive(Token(word))
    written.receive(SourceDocuments((SourceDocument("guide.md"),)))
    return written.written()


async def test_what_was_not_asked_is_asked(left: Left) -> None:
    await left.question()
    await left.noted()
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert "why?" in left.message.plain
    assert [prediction.question for prediction in left.home.flowise.predictions] == ["why?"]


async def test_what_was_not_asked_goes_on_in_what_stands(left: Left) -> None:
    await left.question()
    ts = await left.posted(wording.queued(1, busy=False))
    await left.noted(OpenAnswer(messages=(ts,)))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert left.message.ts == ts
    assert "why?" in left.message.plain
    assert wording.queued(1, busy=False) not in left.message.plain


@pytest.mark.parametrize(("text", "mark"), [("half of", "0-0"), (wording.NOT_YET, "apology-dead")])
async def test_what_stands_without_a_note_is_found_by_its_mark(left: Left, text: str, mark: str) -> None:
    await left.question()
    ts = await left.posted(text, mark=mark)
    await left.noted()
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert left.message.ts == ts
    assert "why?" in left.message.plain


async def test_what_was_asked_is_completed_in_place_from_the_stored_answer(left: Left) -> None:
    await left.question()
    since = await left.ran()
    ts = await left.posted("half of")
    await left.noted(OpenAnswer(CHAT, since, (ts,), journal=journal("half of"), question="why?", after=""))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
        await left.home.ask("and then?", thread_ts=left.root)
        await left.home.slack.until(lambda: "and then?" in left.home.answers(left.root)[-1])
    _, answer, *_ = left.home.slack.thread(left.home.channel, left.root)
    assert (answer.ts, answer.body.split()) == (ts, ["half", "of", "it,", "and", "the", "rest"])
    one, two = left.home.flowise.predictions
    assert one.chat_id == two.chat_id == CHAT  # the thread goes on with the chat that has answered


async def test_what_is_completed_has_the_buttons_of_a_whole_answer(left: Left) -> None:
    home = left.home
    home.flowise.configure("rag", feedback=True)
    await left.question()
    since = await left.ran(suggests=["And now?"])
    ts = await left.posted("half of")
    await left.noted(OpenAnswer(CHAT, since, (ts,), journal=journal("half of"), question="why?", after=""))
    async with home.bot(**WITH_KEY):
        await until_idle(left)
        message = left.message
        assert (suggestions(message), bool(rating(message))) == (["And now?"], True)
        assert wording.REGENERATE in message.plain
        assert (await rate(home, message, good=True)).acked
        await home.slack.until(lambda: [row["rating"] for row in home.flowise.ratings.rows.values()] == ["THUMBS_UP"])
        await home.slack.press(home.ada, home.channel, ts, "And now?")
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    assert [prediction.chat_id for prediction in home.flowise.predictions] == [CHAT, CHAT]


async def test_the_same_question_again_is_not_completed_by_the_answer_before(left: Left) -> None:
    """Its process has died before Flowise stored anything of it, and its clock was an hour behind."""
    await left.question()
    await left.ran()
    await left.home.flowise.predictions[0].over()
    ts = await left.posted("half of")
    before = await left.newest_stored()
    asked_at = time.time() - 3600
    await left.noted(OpenAnswer(CHAT, asked_at, (ts,), journal=journal("half of"), question="why?", after=before))
    async with left.home.bot(flowise_api_key=KEY, flowise_left_run_wait=0.1):
        await until_idle(left)
    assert left.message.plain.startswith("half of")
    assert "and the rest" not in left.message.plain
    assert "I was restarted" in left.message.plain


async def test_what_was_stored_before_a_question_is_noted_with_it(left: Left) -> None:
    held = asyncio.Event()
    async with left.home.bot(flowise_api_key=KEY) as bot:
        await left.question()
        await left.home.answered(left.root)
        before = await left.newest_stored(left.home.flowise.predictions[0].chat_id)
        left.home.flowise.script("rag", Script(tokens=("well",), hold=held))
        await left.home.ask("why?", thread_ts=left.root)
        await left.home.slack.until(lambda: len(left.home.flowise.predictions) > 1)
        assert bot._registry is not None
        [lease] = bot._registry.process.mailbox.held
        assert (lease.opened.question, lease.opened.after) == ("why?", before)
        assert before
        held.set()
        await left.home.slack.until(lambda: left.home.idle)


async def test_without_a_key_it_is_interrupted_in_place_and_can_be_asked_again(left: Left) -> None:
    await left.question()
    since = await left.ran()
    ts = await left.posted("half of")
    await left.noted(OpenAnswer(CHAT, since, (ts,), journal=journal("half of"), question="why?", after=""))
    flow = left.home.flowise.flow("rag")
    async with left.home.bot(flowise_chatflow_id=flow, flowise_left_run_wait=0.1):
        await until_idle(left)
    assert left.message.ts == ts
    assert left.message.plain.startswith("half of")
    assert "I was restarted" in left.message.plain
    assert wording.ASK_AGAIN in left.message.plain.splitlines()
    assert len(left.home.flowise.predictions) == 1  # by the process that is gone
    # Its words stay, so that the next answer stands below.
    assert await left.store.mailboxes.asked(left.item.line, left.item.reference) == UnansweredQuestion(left.item)


@pytest.mark.parametrize("by", ["the journal", "the journal, nearly whole", "Flowise"])
async def test_the_first_answer_of_a_thread_says_how_to_stop_the_bot_once_whoever_ends_it(left: Left, by: str) -> None:
    await left.question()
    since, after = (await left.ran(), "") if by != "the journal" else (time.time(), None)
    ts = await left.posted("half of")
    said = Journal()
    said.receive(Token("half of it, and the rest"))
    if by != "Flowise":
        said.receive(Footnote(wording.EVERY_MESSAGE))
    kept, whole = said.written(), by == "the journal"
    opened = OpenAnswer(CHAT, since, (ts,), journal=kept, whole=whole, question="why?", after=after, is_first=True)
    await left.noted(opened)
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
        assert left.message.plain.startswith("half of it, and the rest")
        assert left.message.plain.count(wording.EVERY_MESSAGE) == 1
        assert left.message.plain.endswith(wording.EVERY_MESSAGE)
        await left.home.ask("and then?", thread_ts=left.root)
        await left.home.answered(left.root, 2)
        assert wording.EVERY_MESSAGE not in left.home.slack.thread(left.home.channel, left.root)[-1].plain


async def test_where_flowise_has_nothing_stored_it_is_interrupted(left: Left) -> None:
    await left.question()
    await left.noted(OpenAnswer(CHAT, time.time()))
    async with left.home.bot(flowise_api_key=KEY, flowise_left_run_wait=0.1):
        await until_idle(left)
    assert "I was restarted" in left.message.plain
    assert wording.ASK_AGAIN in left.message.plain.splitlines()
    assert left.home.flowise.predictions == []


async def test_what_was_whole_is_completed_without_flowise(left: Left) -> None:
    await left.question()
    ts = await left.posted("half of")
    kept = journal("half of", " it, and the rest")
    await left.noted(OpenAnswer(CHAT, time.time(), (ts,), journal=kept, whole=True))
    async with left.home.bot(flowise_url="http://127.0.0.1:9", flowise_connect_timeout=0.5):
        await until_idle(left)
    assert (left.message.ts, left.message.body.splitlines()[0]) == (ts, "half of it, and the rest")
    assert "guide.md" in left.message.plain
    assert left.home.flowise.predictions == []


async def test_an_open_stream_is_stopped_first(left: Left) -> None:
    await left.question()
    ts = await left.streamed("half of")
    await left.noted(OpenAnswer(CHAT, time.time(), (ts,), ts, journal("half of", " it"), whole=True))
    async with left.home.bot(slack_delivery="stream"):
        await until_idle(left)
    assert left.home.slack.streaming == []
    assert (left.message.ts, left.message.body.splitlines()[0]) == (ts, "half of it")
    methods = left.methods()
    assert methods.index("chat.stopStream") < methods.index("chat.update")
    assert methods.count("chat.startStream") == 1
    refused = [call for call in left.home.slack.calls if call.answer == "streaming_state_conflict"]
    assert refused == []


async def test_a_stream_that_nobody_has_noted_is_stopped_and_becomes_the_answer(left: Left) -> None:
    """Its process was killed between Slack's answer and the note. An earlier answer was streamed after the question."""
    await left.question()
    before = await left.streamed("the answer above")
    await left.client.chat_stopStream(channel=left.home.channel, ts=before)
    ts = await left.streamed("half of")
    await left.noted(OpenAnswer(CHAT, time.time(), journal=journal("half of", " it"), whole=True))
    async with left.home.bot(slack_delivery="stream"):
        await until_idle(left)
    _, above, answer = left.home.slack.thread(left.home.channel, left.root)
    assert left.home.slack.streaming == []
    assert above.body == "the answer above"
    assert (answer.ts, answer.body.splitlines()[0]) == (ts, "half of it")
    assert left.methods().count("chat.postMessage") == 0


async def test_a_stream_is_not_touched_by_a_question_that_was_not_asked_yet(left: Left) -> None:
    await left.question()
    ts = await left.streamed("the answer above")
    await left.noted()
    async with left.home.bot(slack_delivery="stream"):
        await until_idle(left)
    assert left.home.slack.streaming == [(left.home.channel, ts)]
    assert left.home.slack.thread(left.home.channel, left.root)[1].body == "the answer above"


async def test_a_question_that_ended_five_processes_is_given_up(left: Left) -> None:
    await left.question()
    await left.noted(epoch=5)
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert "several times" in left.message.plain
    assert left.home.flowise.predictions == []


async def test_those_that_wait_behind_it_are_answered_after_it(left: Left) -> None:
    await left.question()
    since = await left.ran()
    await left.noted(
        OpenAnswer(CHAT, since, (await left.posted("half of"),), journal=journal("half of"), question="why?", after="")
    )
    async with left.home.bot(**WITH_KEY):
        await left.home.ask("and then?", thread_ts=left.root)
        await left.home.slack.until(lambda: "and then?" in left.home.answers(left.root)[-1])
    one, two = left.home.flowise.predictions
    assert (one.question, two.question) == ("why?", "and then?")
    assert one.ended is not None
    assert one.ended <= two.at


async def test_what_a_dead_process_had_under_way_in_slack_is_put_right_a_lease_later(left: Left) -> None:
    left.home.durations = Durations(lease=1.5)
    await left.question()
    ts = await left.posted("half of")
    await left.noted(OpenAnswer(CHAT, time.time(), (ts,), journal=journal("half of", " it"), whole=True))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
        whole = left.message.body
        # The last call of the dead process, which was under way when that stood still.
        await left.client.chat_update(channel=left.home.channel, ts=ts, text="half")
        assert left.message.body == "half"
        await left.home.slack.until(lambda: left.message.body == whole)
    assert whole.splitlines() == ["half of it", "Sources", "guide.md"]


async def test_whoever_stood_still_writes_nothing_after_it_has_lost(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    left.home.durations = Durations(lease=1.5, renewal=0.3, call=0.4)
    home, held, awake = left.home, asyncio.Event(), asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half of", " it", ", late"], hold=held, hold_after=1))
    async with home.bot(flowise_api_key=KEY) as first:
        await left.question()
        await home.slack.until(lambda: home.answers(left.root) == ["half of"])
        assert first._registry is not None
        [lease] = first._registry.process.mailbox.held
        standing = lease._mailboxes.stand_all

        async def stand_all(holds: Sequence[Hold], seconds: float) -> list[int | None]:
            await awake.wait()
            return await standing(holds, seconds)

        monkeypatch.setattr(lease._mailboxes, "stand_all", stand_all)
        async with home.bot(flowise_left_run_wait=0.1):  # without a key it cannot know what Flowise has
            await home.slack.until(lambda: wording.ASK_AGAIN in home.answers(left.root)[0])
            state, calls = left.message, len(home.slack.calls)
            held.set()
            await home.flowise.predictions[0].over()
            awake.set()
            await home.slack.until(lambda: home.idle)
            assert lease.lost.is_set()
        assert left.message == state
        assert [call.method for call in home.slack.calls[calls:] if call.method.startswith("chat.")] == []
    assert len(home.flowise.predictions) == 1


async def test_the_last_word_after_a_mistake_of_ours_is_not_written_over(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    left.home.durations = Durations(lease=1.0)

    async def posted(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Chats, "posted", posted)
    await left.question()
    await left.noted()
    async with left.home.bot(**WITH_KEY) as one:
        await until_idle(left)
        assert one._registry is not None
        tasks = one._registry.process.tasks
        await left.home.slack.until(lambda: not tasks._tasks)
        assert "Something went wrong" in left.message.plain


STOPPED = StopRequest("U1", 5.5)


@pytest.mark.parametrize("told", ["", StopOutcome.GOES_ON.value])
async def test_of_what_was_stopped_nothing_that_is_stored_is_shown(left: Left, told: str) -> None:
    """Its process has died before the last word stood, and may have noted which it was to be."""
    await left.question()
    since = await left.ran()
    ts = await left.posted("half of")
    opened = OpenAnswer(CHAT, since, (ts,), journal=journal("half of"), question="why?", after="", stopped=told)
    await left.noted(opened)
    assert await left.store.mailboxes.stops.stop(left.item.line, left.item.reference, STOPPED) is StopResult.NOTED
    await left.home.flowise.predictions[0].over()
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert left.message.ts == ts
    last = wording.stopped(StopOutcome.GOES_ON if told else StopOutcome.UNKNOWN)
    assert left.message.plain.startswith(f"half of\n{last}")
    assert "and the rest" not in left.message.plain
    assert len(left.home.flowise.predictions) == 1


async def test_what_was_stopped_before_it_was_asked_is_not_asked(left: Left) -> None:
    await left.question()
    ts = await left.posted(wording.queued(1, busy=False))
    await left.noted(OpenAnswer(messages=(ts,)))
    assert await left.store.mailboxes.stops.stop(left.item.line, left.item.reference, STOPPED) is StopResult.NOTED
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert (left.message.ts, left.message.plain) == (ts, wording.stopped(StopOutcome.NOT_ASKED))
    assert left.home.flowise.predictions == []


async def test_who_takes_over_what_is_stopped_meanwhile_looks_no_longer_and_sends_the_abort(left: Left) -> None:
    await left.question()
    ts = await left.posted("half of")
    opened = OpenAnswer(CHAT, time.time(), (ts,), journal=journal("half of"), question="why?", after="")
    await left.noted(opened)
    await left.store.run_started(left.item.line, CHAT, Run(opened.asked_at, agentflow=True, question="why?", after=""))
    async with left.home.bot(flowise_api_key=KEY, flowise_left_run_wait=60):
        status = wording.STATUS_FETCHING
        await left.home.slack.until(lambda: left.home.slack.status(left.home.channel, left.root) == status)
        await left.home.ask("stop", thread_ts=left.root)
        last = wording.stopped(StopOutcome.UNKNOWN)
        await left.home.slack.until(lambda: left.home.answers(left.root)[0].startswith(f"half of\n{last}"))
        await until_idle(left)
    assert left.home.flowise.aborts == [CHAT]
