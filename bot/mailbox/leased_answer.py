"""Notes in the store, under a lease, what has arrived of an answer and which of its messages are in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.mailbox.lease import Lease
from bot.records.sent_file import SentFile
from bot.records.thread import UnansweredQuestion
from bot.reply.arriving import Arriving
from bot.reply.contract import AnswerButtons, ArrivedEvent, Ending, Failed, Finished, Stopped, TurnEvent
from bot.reply.journal import Journal
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    Posted,
    PostMessage,
    Refused,
    SendFile,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    Uploaded,
)
from bot.slack.refusals import STOPPED_BY_USER


class SentenceOwner:
    """The `Owner` of an answer that is one sentence of the bot's own: it is written only under the lease, too."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    @property
    def call_seconds(self) -> float:
        return self._lease.call_seconds

    async def may_write(self) -> bool:
        return await self._lease.may_write()

    async def stopped(self) -> Sequence[ArrivedEvent] | None:
        await self._lease.lost.wait()  # a sentence is short, and is always finished
        return None

    async def made(self, call: Call, result: Posted | Accepted | Uploaded) -> None:
        known = self._lease.opened.messages
        match call, result:
            case PostMessage(), Posted(ts=ts) if ts not in known:
                self._lease.shows(messages=(*known, ts))
            case UpdateMessage(ts=ts), _ if ts not in known:
                self._lease.shows(messages=(*known, ts))
            case DeleteMessage(ts=ts), _:
                self._lease.shows(messages=tuple(old for old in known if old != ts))
            case _:
                return

    async def refused(self, call: Call, result: Refused) -> None:
        """It was never told of; the reply decides what is done instead."""


class LeasedAnswer:
    """The `Owner` of one answer. Its text is read here; what it says, and its messages, are noted for a process that
    may take it over.

    `stop` returns the answer's ending when the bot stops; `again` is the value of a button that asks the question
    again, empty where there is none to press; `posted` is called with the `ts` of each message, `stopped_in_slack` when
    a person has ended a stream of it with Slack's own button.
    """

    def __init__(
        self,
        lease: Lease,
        stop: Callable[[], Awaitable[Ending | None]],
        again: str,
        posted: Callable[[str], Awaitable[None]],
        stopped_in_slack: Callable[[], Awaitable[None]],
    ) -> None:
        self._offers_again = False
        """Whether the ending has that button, or one with which a form is filled in for the question."""
        self.stands: dict[str, UpdateMessage] = {}
        """What each message shows, by `ts`, as the call that would write it."""
        self._lease = lease
        self._stop = stop
        self._again = again
        self._posted = posted
        self._stopped_in_slack = stopped_in_slack
        self._arriving = Arriving()
        self._journal = Journal()

    @property
    def call_seconds(self) -> float:
        return self._lease.call_seconds

    async def may_write(self) -> bool:
        return await self._lease.may_write()

    async def stopped(self) -> Sequence[ArrivedEvent] | None:
        stop, lost = asyncio.ensure_future(self._stop()), asyncio.create_task(self._lease.lost.wait())
        try:
            await asyncio.wait({stop, lost}, return_when=asyncio.FIRST_COMPLETED)
            last_word = None if lost.done() else stop.result()
            self._offers_again = isinstance(last_word, Failed) and bool(last_word.again)
            return None if last_word is None else self._last(last_word)
        finally:
            stop.cancel()
            lost.cancel()

    async def noted(self, events: AsyncGenerator[TurnEvent, None]) -> AsyncGenerator[ArrivedEvent, None]:
        """Yield the events of the answer as they are shown, each noted as it arrives."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished) and self._lease.handed_over and not self._lease.was_asked:
                    await asyncio.Event().wait()  # it was not asked here: its last word comes from `stopped`
                arrived = self._last(self._with_button(event) if isinstance(event, Failed) else event)
                if isinstance(event, Finished) and self._lease.was_asked:
                    self._lease.knows(self._journal.written(), whole=True)
                self._offers_again = self._offers_again or (isinstance(event, AnswerButtons) and event.form)
                for one in arrived:
                    yield one

    def _last(self, event: TurnEvent) -> Sequence[ArrivedEvent]:
        """As `_arrives`; that the answer was stopped is noted."""
        arrived = self._arrives(event)
        if isinstance(event, Stopped):
            self._lease.shows(stopped=event.outcome.value)
        return arrived

    def _arrives(self, event: TurnEvent) -> Sequence[ArrivedEvent]:
        """The events to show for one that came, all of them noted: what is no longer held back is not lost."""
        arrived = self._arriving.receive(event)
        for one in arrived:
            self._journal.receive(one)
        return arrived

    def _with_button(self, failed: Failed) -> Failed:
        again = self._again if failed.error.retry_helps else ""
        self._offers_again = bool(again)
        return replace(failed, again=again)

    @property
    def unanswered(self) -> UnansweredQuestion | None:
        """What is to be kept of the question where the answer has failed and the button is under it, else None."""
        if not self._offers_again:
            return None
        messages = () if self._journal.has_words else self._lease.opened.messages
        return UnansweredQuestion(self._lease.item, messages)

    async def made(self, call: Call, result: Posted | Accepted | Uploaded) -> None:
        opened = self._lease.opened
        match call, result:
            case PostMessage(channel=channel, text=text, blocks=blocks), Posted(ts=ts, found=found):
                if not found:
                    self.stands[ts] = UpdateMessage(channel, ts, text, blocks)
                self._shows(messages=(*(old for old in opened.messages if old != ts), ts))
                await self._posted(ts)
            case StartStream(), Posted(ts=ts):
                self._shows(messages=(*opened.messages, ts), stream=ts)
                await self._posted(ts)
            case UpdateMessage(ts=ts), _:
                self.stands[ts] = call
                self._shows()
            case StopStream(ts=ts), _:
                stream = "" if opened.stream == ts else opened.stream
                if ts in opened.messages:
                    self._shows(stream=stream)
                else:  # one that was found
                    self._shows(messages=(*opened.messages, ts), stream=stream)
                    await self._posted(ts)
            case DeleteMessage(ts=ts), _:
                self.stands.pop(ts, None)
                self._shows(messages=tuple(old for old in opened.messages if old != ts))
            case SendFile(key=key), Uploaded(file_id=file_id):
                self._shows(files=(*(file for file in opened.files if file.key != key), SentFile(key, file_id)))
                await self._lease.note_now()  # whoever goes on must know of it before it is shared
            case ShareFile(key=key, file_id=file_id), _:
                others = (file for file in opened.files if file.key != key)
                self._shows(files=(*others, SentFile(key, file_id, shared=True)))
            case _:
                return

    async def refused(self, call: Call, result: Refused) -> None:
        if result.error == STOPPED_BY_USER:
            await self._stopped_in_slack()

    def _shows(self, **changes: object) -> None:
        if self._lease.was_asked and not self._lease.opened.whole:
            changes["journal"] = self._journal.written(self._arriving.held)
        self._lease.shows(**changes)
