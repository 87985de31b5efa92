"""Plays every way in which an answer can end against the local Slack: no status line stays, and none is removed twice.

The replies are the real ones and so is the wire; only the clock is invented.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from bot.errors import BotError, FlowiseBroke, Interrupted, Postponed
from bot.flowise.events import CalledTools, Token
from bot.playground.slack import LocalSlack
from bot.records.thread import StopOutcome
from bot.reply.contract import (
    Failed,
    FetchingRest,
    Finished,
    Place,
    Queued,
    Reply,
    ReplyEvent,
    Sentence,
    Stopped,
    Thinking,
)
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted, apology_mark
from bot.reply.native_first import NativeFirst
from bot.reply.status import AFTER_SILENCE, RENEWAL
from bot.reply.streams import Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import Posted, PostMessage, SetStatus, StartStream
from bot.slack.client import SlackClient
from bot.slack.text.blocks import plain

STATUS, POST, EDIT = "assistant.threads.setStatus", "chat.postMessage", "chat.update"
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
LONG = "word " * 2_500


@dataclass
class Stage:
    """A thread in the local Slack, the reply that is played in it, and the time."""

    slack: LocalSlack
    client: SlackClient
    ada: str
    channel: str
    root: str = ""
    now: float = 1_000.0
    reply: Reply = field(init=False)

    @property
    def place(self) -> Place:
        return Place(self.channel, self.root, self.ada, team=self.slack.team_id, since=self.root)

    def edits(self, adopted: Adopted = NOTHING, *, most: int | None = None) -> None:
        """From now on an answer that is edited is played."""
        self.reply = EditedReply(
            self.place, reference="abc123", interval=1.2, has_status=True, adopted=adopted, most=most
        )

    def streams(self, *, most: int = 10) -> None:
        """From now on an answer that is streamed is played."""
        streams = StreamSupport(Mode.STREAM)
        self.reply = NativeFirst(self.place, reference="abc123", interval=1.2, most=most, streams=streams)

    async def told(self, *events: ReplyEvent, after: float = 0.0) -> None:
        """Let time pass with all that is due in it, then let these events come."""
        await self.passes(after)
        for event in events:
            self.reply.receive(event, self.now)
        await self._calls()

    async def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (wake := self.reply.wake_at(self.now)) is not None and wake < end:
            self.now = wake
            await self._calls()
        self.now = end
        await self._calls()

    async def ended(self, *events: ReplyEvent, after: float = 0.0) -> None:
        """Let the last events come, and wait until no more calls are made."""
        await self.told(*events, after=after)
        for _ in range(200):
            if self.reply.done:
                return
            self.now = self.reply.wake_at(self.now) or self.now + 1.0
            await self._calls()
        raise AssertionError("the reply never ends")

    async def _calls(self) -> None:
        for _ in count():
            call = self.reply.next_call(self.now)
            if call is None:
                return
            self.reply.answered(call, await self.client.call(call), self.now)

    async def posted(self, text: str, mark: str = "abc123-0-0") -> str:
        """A message that another process has posted."""
        result = await self.client.call(
            PostMessage(self.channel, text, plain(text), thread_ts=self.root, mark=mark, since=self.root)
        )
        assert isinstance(result, Posted)
        return result.ts

    async def thinks(self) -> None:
        """Another process has set the status."""
        await self.client.call(SetStatus(self.channel, self.root, wording.STATUS_THINKING))


async def ends_by_a_post(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def fails_before_a_word(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    await play.ended(Failed(FlowiseBroke("x"), "abc123"), after=1.0)


async def ends_by_an_edit_after_silence(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello"))
    await play.told(after=AFTER_SILENCE + 1)
    await play.ended(Token(" world."), Finished(), after=1.0)


async def ends_without_a_change_after_silence(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."))
    await play.told(after=AFTER_SILENCE + 1)
    await play.ended(Finished(), after=1.0)


async def fails_after_a_tool(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."))
    await play.told(CalledTools(("search",)), after=1.0)
    await play.ended(Failed(BotError("x"), "abc123"), after=1.0)


async def is_stopped_with_a_button(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    await play.ended(Failed(Interrupted("x"), "abc123", "again"), after=1.0)


async def takes_over_an_apology(play: Stage) -> None:
    await play.posted(wording.NOT_YET, f"{apology_mark('abc123')}-other")
    play.edits(Adopted(look=True))
    await play.told(Thinking())
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def tells_a_sentence_in_an_apology(play: Stage) -> None:
    await play.posted(wording.NOT_YET, f"{apology_mark('abc123')}-other")
    await play.thinks()
    play.edits(Adopted(look=True))
    await play.ended(Sentence("Not now."), Finished())


async def waits_in_an_apology_and_then_is_answered(play: Stage) -> None:
    await play.posted(wording.NOT_YET, f"{apology_mark('abc123')}-other")
    play.edits(Adopted(look=True))
    await play.told(Queued(1))
    await play.told(Thinking(), after=20.0)
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def is_taken_over_whole(play: Stage) -> None:
    ts = await play.posted("Hel")
    await play.thinks()
    play.edits(Adopted((ts,)))
    await play.ended(Token("Hello."), Finished())


async def is_taken_over_and_interrupted(play: Stage) -> None:
    ts = await play.posted("Hel")
    await play.thinks()
    play.edits(Adopted((ts,), look=True))
    await play.told(Thinking())
    await play.ended(Token("Hel"), Failed(Interrupted("x"), "abc123", "again"), after=30.0)


async def is_taken_over_found_by_its_mark(play: Stage) -> None:
    await play.posted("Hel")
    await play.thinks()
    play.edits(Adopted(look=True))
    await play.ended(Token("Hello."), Finished())


async def is_taken_over_in_an_open_stream(play: Stage) -> None:
    started = await play.client.call(
        StartStream(play.channel, play.root, play.ada, play.slack.team_id, "Hel", "abc123-0")
    )
    assert isinstance(started, Posted)
    await play.thinks()
    play.edits(Adopted((started.ts,), started.ts, look=True))
    await play.ended(Token("Hello."), Finished())


async def is_taken_over_after_a_mistake_of_ours(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    [_, message] = play.slack.thread(play.channel, play.root)
    play.edits(Adopted((message.ts,), look=True))
    await play.ended(Failed(BotError("internal error"), "abc123"))


async def is_handed_over_where_nobody_is(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    await play.ended(Failed(Postponed("x"), "abc123"), after=1.0)


async def is_posted_with_a_lost_reply(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    play.slack.drop_reply(POST)
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def is_posted_with_a_lost_reply_and_a_status_in_between(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    play.slack.drop_reply(POST)
    await play.told(Token("Hello."), CalledTools(("search",)), after=1.0)
    await play.ended(Finished(), after=5.0)


async def is_written_plainly(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    play.slack.refuse_blocks()
    await play.ended(Token(" **Bye.**"), Finished(), after=1.0)


async def is_deleted_by_somebody(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    play.slack.refuse(EDIT, "message_not_found")
    await play.ended(Token(" Bye."), Finished(), after=1.0)


async def is_deleted_while_tools_run(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."))
    play.slack.refuse(EDIT, "message_not_found")
    await play.ended(Token(" Bye."), CalledTools(("search",)), after=1.0)


async def cannot_be_posted(play: Stage) -> None:
    play.edits()
    await play.told(Thinking())
    play.slack.refuse(POST, "restricted_action")
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def moves_to_another_message(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    play.slack.refuse(EDIT, "block_mismatch")
    await play.ended(Token(" Bye."), Finished(), after=1.0)


async def attaches_the_rest(play: Stage) -> None:
    play.edits(most=1)
    await play.told(Thinking(), Token(LONG), CalledTools(("search",)))
    await play.ended(Finished(), after=1.0)


async def has_its_removal_limited(play: Stage) -> None:
    play.slack.limit(STATUS, 4, times=2, after=1)
    await ends_without_a_change_after_silence(play)


async def has_its_removal_lost(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    play.slack.server_error(STATUS, times=2)
    await play.ended(Finished(), after=1.0)


async def has_its_renewal_lost(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hello."), CalledTools(("search",)))
    play.slack.drop_reply(STATUS)
    await play.told(after=RENEWAL + 1)
    await play.ended(Finished(), after=1.0)


async def has_its_status_lost(play: Stage) -> None:
    play.slack.drop_reply(STATUS)
    play.edits()
    await play.told(Thinking())
    await play.ended(Token("Hello."), Finished(), after=1.0)


async def ends_a_stream(play: Stage) -> None:
    play.streams()
    await play.told(Thinking())
    await play.told(Token("Hello. "), after=1.0)
    await play.ended(Token("Bye."), Finished(), after=1.0)


async def ends_a_stream_after_silence(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "))
    await play.told(after=AFTER_SILENCE + 1)
    await play.ended(Finished(), after=1.0)


async def ends_a_stream_with_its_removal_limited(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "), CalledTools(("search",)))
    play.slack.limit(STATUS, 4)
    await play.ended(Finished(), after=1.0)


async def is_stopped_in_its_stream_by_somebody(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "), CalledTools(("search",)))
    play.slack.refuse(APPEND, "stopped_by_user")
    await play.told(Token("more "), CalledTools(("search",)), after=1.0)
    await play.ended(Stopped(StopOutcome.GOES_ON), after=1.0)


async def falls_back_from_a_stream_to_edits_to_plain_text(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "), CalledTools(("search",)))
    play.slack.refuse(APPEND, "message_not_in_streaming_state")
    play.slack.refuse_blocks()
    await play.told(Token("more "), CalledTools(("search",)), after=1.0)
    await play.ended(Finished(), after=1.0)


async def has_the_start_of_its_stream_lost(play: Stage) -> None:
    play.slack.drop_reply(START)
    play.streams()
    await play.told(Thinking())
    await play.told(Token("Hello. "), after=1.0)
    await play.ended(Token("Bye."), Finished(), after=5.0)


async def has_the_start_of_its_stream_refused(play: Stage) -> None:
    play.slack.refuse(START, "not_allowed")
    play.streams()
    await play.told(Thinking())
    await play.ended(Token("Hello. "), Finished(), after=1.0)


async def has_the_stop_of_its_stream_refused(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "), CalledTools(("search",)))
    play.slack.refuse(STOP, "message_not_in_streaming_state")
    await play.ended(Token("Bye."), Finished(), after=1.0)


async def is_fetched_after_its_connection_broke(play: Stage) -> None:
    play.edits()
    await play.told(Thinking(), Token("Hel"))
    await play.told(FetchingRest(), after=1.0)
    await play.ended(Token("lo."), Finished(), after=30.0)


async def is_fetched_after_its_connection_broke_in_a_stream(play: Stage) -> None:
    play.streams()
    await play.told(Thinking(), Token("Hello. "))
    await play.told(FetchingRest(), after=1.0)
    await play.ended(Token("Bye."), Finished(), after=30.0)


async def is_given_up_after_its_connection_broke_before_a_word(play: Stage) -> None:
    play.streams()
    await play.told(Thinking())
    await play.told(FetchingRest(), after=1.0)
    await play.ended(Failed(FlowiseBroke("x"), "abc123"), after=60.0)


async def is_fetched_by_another_process(play: Stage) -> None:
    ts = await play.posted("Hel")
    await play.thinks()
    play.edits(Adopted((ts,), look=True))
    await play.told(Thinking(), FetchingRest(quietly=True))
    await play.ended(Token("Hello."), Finished(), after=60.0)


WAYS: list[tuple[Callable[[Stage], Awaitable[None]], int]] = [
    (ends_by_a_post, 0),
    (fails_before_a_word, 0),
    (ends_by_an_edit_after_silence, 1),
    (ends_without_a_change_after_silence, 1),
    (fails_after_a_tool, 1),
    (is_stopped_with_a_button, 1),
    (takes_over_an_apology, 1),
    (tells_a_sentence_in_an_apology, 1),
    (waits_in_an_apology_and_then_is_answered, 1),
    (is_taken_over_whole, 1),
    (is_taken_over_and_interrupted, 1),
    (is_taken_over_found_by_its_mark, 1),
    (is_taken_over_in_an_open_stream, 1),
    (is_taken_over_after_a_mistake_of_ours, 1),
    (is_handed_over_where_nobody_is, 0),
    (is_posted_with_a_lost_reply, 1),  # by the post, but that is not known
    (is_posted_with_a_lost_reply_and_a_status_in_between, 1),
    (is_written_plainly, 1),
    (is_deleted_by_somebody, 1),
    (is_deleted_while_tools_run, 1),
    (cannot_be_posted, 1),
    (moves_to_another_message, 1),
    (attaches_the_rest, 1),
    (has_its_removal_limited, 1),
    (has_its_removal_lost, 1),
    (has_its_renewal_lost, 1),
    (has_its_status_lost, 0),
    (ends_a_stream, 0),
    (ends_a_stream_after_silence, 1),
    (ends_a_stream_with_its_removal_limited, 1),
    (is_stopped_in_its_stream_by_somebody, 1),
    (falls_back_from_a_stream_to_edits_to_plain_text, 1),
    (has_the_start_of_its_stream_lost, 1),  # by the start, but that is not known
    (has_the_start_of_its_stream_refused, 0),
    (has_the_stop_of_its_stream_refused, 1),
    (is_fetched_after_its_connection_broke, 1),
    (is_fetched_after_its_connection_broke_in_a_stream, 1),
    (is_given_up_after_its_connection_broke_before_a_word, 1),
    (is_fetched_by_another_process, 1),
]


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    """One without limits that matter here: the clock of the answers is not its own."""
    async with LocalSlack(scale=1_000) as running:
        yield running


async def test_however_an_answer_ends_its_status_is_removed_once(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str
) -> None:
    await client.identity()
    wrong: list[str] = []
    for way, removals in WAYS:
        play = Stage(slack, client, ada, channel, await slack.say(ada, channel, "why?"))
        before = len(slack.calls)
        slack.no_faults()
        await way(play)
        made = [call for call in slack.calls[before:] if call.method == STATUS and call.answer == "ok"]
        removed = [call for call in made if not call.args.get("status")]
        if slack.status(channel, play.root) or len(removed) != removals:
            wrong.append(f"{way.__name__}: {slack.status(channel, play.root)!r}, removed {len(removed)} times")
    assert wrong == []


async def test_a_question_that_waits_leaves_the_status_of_the_answer_before_it(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str
) -> None:
    play = Stage(slack, client, ada, channel, await slack.say(ada, channel, "why?"))
    await play.posted(wording.NOT_YET, f"{apology_mark('abc123')}-other")
    await play.thinks()
    play.edits(Adopted(look=True))
    await play.told(Queued(1))
    assert slack.thread(channel, play.root)[1].plain == wording.queued(1, busy=False)
    assert slack.status(channel, play.root) == wording.STATUS_THINKING
