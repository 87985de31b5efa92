"""Tells a person that a question cannot be taken in yet, and tries until somebody has taken it in.

The sentence is decided while the store does not answer, and Slack may take it much later: after waits for a permit and
after lost replies. Meanwhile Slack delivers the question again, to any process. So before each try to say the sentence
the question is tried again, and the sentence is said only while that fails. It is a message with a mark of its own,
which the answer looks for and takes over. Nobody but the process that has posted it edits or deletes it otherwise: when
Slack delivers the question no more, and where an answer has begun beside it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import structlog
from structlog.contextvars import bound_contextvars

from bot.background.tasks import Share
from bot.errors import SlackRefused, SlackUnavailable, StoreUnavailable
from bot.mailbox.lease import Lease
from bot.ports.slack import Slack
from bot.records.thread import Item, Thread
from bot.reply.contract import Place
from bot.reply.messages import apology_mark
from bot.slack import wording, wording_of_failures
from bot.slack.calls import Accepted, DeleteMessage, Posted, PostMessage, Refused, UpdateMessage
from bot.slack.messages import Marked
from bot.slack.refusals import NO_TOKEN
from bot.slack.text.blocks import fallback
from bot.workspace.process import Process
from bot.workspace.sentences import Sentences, message_of

log = structlog.get_logger(__name__)

# A question that was not taken in is tried again after so many seconds at the latest, and an answer to it looked after.
_LONGEST_PAUSE = 15.0
# Slack delivers at once what was refused: after so many seconds another process may have answered.
_LATE = 1.0
# Slack delivers a message for the last time about six minutes after the first (Slack docs, The Events API).
_LAST_DELIVERY = 420.0
_SAID = fallback(wording.NOT_YET)

_LastWord: TypeAlias = PostMessage | UpdateMessage | DeleteMessage


@dataclass(frozen=True, slots=True)
class Untaken:
    """A question that the store did not take, and where its answer goes. `opens`: see `Mailbox.accept`."""

    item: Item
    place: Place
    opens: Thread | None = None

    @property
    def thread(self) -> Thread:
        thread = Thread(self.item.team, self.place.channel, self.place.thread_ts or "")
        return replace(thread, is_session=thread.line != self.item.line and thread.is_flat_direct)


@dataclass(slots=True)
class _Owed:
    """What is owed to the asker of one question. Times are monotonic seconds.

    `ts` is the message that says the sentence; `may_stand`: it was tried, so there may be one. `silent` is set while no
    call for it is under way. `is_taken`: somebody has the question. `is_over`: Slack delivers it no more.
    """

    untaken: Untaken
    since: float
    look_at: float
    ts: str = ""
    may_stand: bool = False
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    is_taken: bool = False
    is_over: bool = False
    pause: float = 0.0

    @property
    def reference(self) -> str:
        return self.untaken.item.reference


class Apologies:
    """The questions of one workspace that this process has heard of and could not take in.

    `begin` works on one that it can take later.
    """

    def __init__(
        self,
        sentences: Sentences,
        slack: Slack,
        process: Process,
        tasks: Share,
        begin: Callable[[Lease], None],
    ) -> None:
        self._sentences = sentences
        self._slack = slack
        self._mailbox = process.mailbox
        self._tasks = tasks
        self._begin = begin
        self._process = process.name
        self._pause = process.waits.intake
        self._asks = process.delivery.asks
        self._now = process.now
        self._owed: dict[str, _Owed] = {}
        self._is_watching = False

    def not_yet(self, untaken: Untaken) -> None:
        """A question was not taken in when it was heard first: say so, and try again."""
        if untaken.item.reference in self._owed:
            return
        one = self._owe(untaken)
        self._tasks.start(self._say_not_yet(one), name="not yet")

    def never(self, untaken: Untaken) -> None:
        """It was not taken in when Slack delivered it for the last time: say that it will not be."""
        one = self._owed.get(untaken.item.reference)
        if one is None:
            one = self._owe(untaken)
            one.silent.set()
        one.is_over = True

    def _owe(self, untaken: Untaken) -> _Owed:
        now = self._now()
        self._owed[untaken.item.reference] = one = _Owed(untaken, since=now, look_at=now)
        if not self._is_watching:
            self._is_watching = True
            self._tasks.start(self._watch(), name="questions not taken in", later=True)
        return one

    # Saying so --------------------------------------------------------------------------------------------------------

    async def _say_not_yet(self, one: _Owed) -> None:
        untaken = one.untaken
        call = self._post(untaken, wording.NOT_YET)
        try:
            with bound_contextvars(ref=one.reference):
                result = await self._sentences.post(call, applies=lambda: self._may_say_so(one))
            match result:
                case Posted(ts=ts):
                    one.ts = ts
                case Refused(error=code) if code in NO_TOKEN:  # there is no way to answer it either
                    self._owed.pop(one.reference, None)
        finally:
            one.silent.set()

    async def _may_say_so(self, one: _Owed) -> bool:
        if not await self._is_untaken(one):
            return False
        # One that was tried before may stand; and where this process alone has lost the store, an answer may.
        is_late = one.may_stand or self._now() - one.since > _LATE
        with suppress(SlackUnavailable):
            if is_late and await self._standing(one):
                return False
        one.may_stand = True
        return True

    async def _is_untaken(self, one: _Owed) -> bool:
        """Whether still nobody has the question, though it was tried again just now."""
        with suppress(StoreUnavailable):
            await self._tried(one)
        return not (one.is_taken or self._tasks.leaving.is_set())

    async def _tried(self, one: _Owed) -> None:
        """Take the question in, unless somebody else has. Raises StoreUnavailable."""
        item = one.untaken.item
        if one.is_taken:
            return
        if self._tasks.leaving.is_set():
            one.is_taken = await self._mailbox.progress(item.line, item.reference) is not None
            return
        lease = await self._mailbox.accept(item, opens=one.untaken.opens)
        one.is_taken = True
        if lease is not None:
            log.info("question stored late", ref=one.reference)
            lease.look = True  # the apology may stand, and is to become the answer
            self._begin(lease)

    async def _standing(self, one: _Owed) -> tuple[Marked, ...]:
        """What stands of the question in Slack; nothing, where we may not read it. Raises SlackUnavailable."""
        try:
            return await self._slack.marked(one.untaken.thread, one.reference, since=one.untaken.item.ts)
        except SlackRefused:
            return ()

    # What becomes of it -----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Try again what was not taken in, and tidy up what was, until nothing is owed or the bot stops."""
        try:
            while self._owed and not self._tasks.leaving.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause):
                        await self._tasks.leaving.wait()
                await self._looked_after(self._now())
            for one in list(self._owed.values()):  # a call that is under way now may come to stand beside an answer
                await one.silent.wait()
            await self._looked_after(math.inf)
        finally:
            self._owed.clear()
            self._is_watching = False

    async def _looked_after(self, due: float) -> None:
        """One more try for each whose time to be looked at has come by `due`."""
        away = False
        for one in [one for one in self._owed.values() if one.silent.is_set() and one.look_at <= due]:
            with bound_contextvars(ref=one.reference):
                away = away or not await self._goes_on(one)
            is_over = one.is_over or self._now() - one.since >= _LAST_DELIVERY
            if away and is_over and not one.is_taken and not self._tasks.leaving.is_set():
                one.silent.clear()
                self._tasks.start(self._given_up(one), name="not taken")

    async def _goes_on(self, one: _Owed) -> bool:
        """One more try; False where the store, or Slack, does not answer."""
        try:
            await self._tried(one)
            if await self._is_tidy(one):
                self._owed.pop(one.reference, None)
        except (StoreUnavailable, SlackUnavailable) as error:
            log.debug("thread not checked", ref=one.reference, reason=str(error))
            return False
        one.pause = min(2 * one.pause or self._pause, _LONGEST_PAUSE)
        one.look_at = self._now() + one.pause
        return True

    async def _is_tidy(self, one: _Owed) -> bool:
        """Whether no apology stands beside the answer to a question that was taken in; what does is deleted.

        Raises StoreUnavailable, SlackUnavailable.
        """
        if not (one.ts or one.may_stand):
            return True
        item = one.untaken.item
        progress = await self._mailbox.progress(item.line, item.reference)
        if progress is None or one.ts in progress.messages:
            return True
        if not (progress.settled or progress.messages):
            return False  # what will hold the answer is not chosen yet
        ts = one.ts
        if progress.settled or not ts:  # whether the answer has taken it over tells only Slack
            ts = self._unchanged(one, await self._standing(one))
        if not ts or ts in progress.messages:
            return True
        log.info("apology deleted", ref=one.reference)
        delete = DeleteMessage(channel=one.untaken.place.channel, ts=ts)
        return isinstance(await self._sentences.post(delete, applies=_always), Accepted | Refused)

    # The last word ----------------------------------------------------------------------------------------------------

    async def _given_up(self, one: _Owed) -> None:
        """Say that the question will not be taken in: in our own message, or where nothing stands of it."""
        done = False
        try:
            with bound_contextvars(ref=one.reference):
                call = self._last_word(one, await self._standing(one))
                applies = partial(self._still, one, call)
                done = call is None or await self._sentences.post(call, applies=applies) is not None
            log.warning("question never stored", ref=one.reference, has_sentence=call is not None)
        except SlackUnavailable as error:
            log.debug("sentence not sent", ref=one.reference, reason=str(error))
        finally:
            one.silent.set()
            one.look_at = self._now() + one.pause
            if done and not one.is_taken:
                self._owed.pop(one.reference, None)

    async def _still(self, one: _Owed, call: _LastWord | None) -> bool:
        with suppress(SlackUnavailable):
            return await self._is_untaken(one) and self._last_word(one, await self._standing(one)) == call
        return False

    def _last_word(self, one: _Owed, standing: tuple[Marked, ...]) -> _LastWord | None:
        """What says that the question was never taken in, or takes our sentence away where an answer stands after all;
        None where only something stands that is not ours to change."""
        error = StoreUnavailable("never taken in")
        sentence, support = (
            wording_of_failures.failure(error),
            wording_of_failures.support(error, one.reference, self._asks),
        )
        if not standing and not one.ts:
            return self._post(one.untaken, sentence, support)
        ts, channel = self._unchanged(one, standing), one.untaken.place.channel
        if not ts:
            return None
        if not all(it.mark.startswith(apology_mark(one.reference)) for it in standing):
            return DeleteMessage(channel, ts)
        return UpdateMessage(channel, ts, *message_of(sentence, support))

    def _post(self, untaken: Untaken, sentence: str, support: str = "") -> PostMessage:
        text, blocks = message_of(sentence, support)
        return PostMessage(
            channel=untaken.place.channel,
            thread_ts=untaken.place.thread_ts,
            text=text,
            blocks=blocks,
            mark=self._mark(untaken.item.reference),
        )

    def _mark(self, reference: str) -> str:
        return f"{apology_mark(reference)}-{self._process}"

    def _unchanged(self, one: _Owed, standing: tuple[Marked, ...]) -> str:
        """The `ts` of our own sentence where it stands as it was said, else empty."""
        mark = self._mark(one.reference)
        return next((it.ts for it in standing if it.mark == mark and it.text == _SAID), "")


async def _always() -> bool:
    """No answer takes over any more what one has left beside it."""
    return True
