"""Says the bot's own sentences in Slack, and makes the single calls that are no part of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import structlog

from bot.delivery import Owner, deliver
from bot.errors import BotError
from bot.mailbox.lease import Lease
from bot.mailbox.leased_answer import SentenceOwner
from bot.pacing.governor import Governor
from bot.pacing.permits import Kind, Want
from bot.ports.files import FilesToSend
from bot.ports.slack import Slack
from bot.reply.answer_buttons import answer_buttons
from bot.reply.contract import AnswerButtons, ArrivedEvent, Failed, Finished, Place, Reply, Sentence
from bot.slack.calls import (
    DeleteMessage,
    Limited,
    Lost,
    PostEphemeral,
    PostMessage,
    Result,
    SetSession,
    UpdateMessage,
    method_of,
)
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import fallback, sentence_blocks, support_note
from bot.workspace.replies import Replies

log = structlog.get_logger(__name__)

_TRIES = 4


class Sentences:
    """Says sentences in one workspace, each while its question is held.

    `now` is monotonic; `backoff` is waited after a call whose answer was lost, in seconds, twice as long each time.
    """

    def __init__(
        self, slack: Slack, governor: Governor, replies: Replies, *, now: Callable[[], float], backoff: float
    ) -> None:
        self._backoff = backoff
        self._slack = slack
        self._governor = governor
        self._replies = replies
        self._now = now

    async def tell(self, place: Place, sentence: str, lease: Lease, *, buttons: AnswerButtons | None = None) -> None:
        """Say a sentence where everybody in the place sees it, in the message that stands already, if any; with
        `buttons` under it."""
        events = _events(Sentence(sentence), *([buttons] if buttons else []), Finished())
        await self.bring(self._replies.for_sentence(place, lease), events, lease.item.reference, SentenceOwner(lease))

    async def fail(self, place: Place, error: BotError, lease: Lease, *, known_as: str = "", again: str = "") -> None:
        """Say that something went wrong, in what stands already, if anything does.

        `known_as` is told instead of the reference, where that one cannot be shown; `again` is the value of a button
        that asks the question again, if there is one.
        """
        reference = known_as or lease.item.reference
        log.warning("question failed", ref=reference, error=type(error).__name__, reason=str(error))
        events = _events(Failed(error, reference, again))
        await self.bring(self._replies.for_sentence(place, lease), events, reference, SentenceOwner(lease))

    async def whisper(
        self,
        place: Place,
        sentence: str,
        *,
        support: str = "",
        buttons: AnswerButtons | None = None,
        applies: Callable[[], Awaitable[bool]],
    ) -> None:
        """Say a sentence to one person alone, while it `applies`; `support` is a small line under it, in mrkdwn, and
        `buttons` stand last."""
        text, blocks = message_of(sentence, support)
        blocks = (*blocks, *answer_buttons(buttons))
        call = PostEphemeral(
            channel=place.channel, user=place.user, thread_ts=place.thread_ts, text=text, blocks=blocks
        )
        result = await self.post(call, applies=applies)
        log.debug("private message sent", result=type(result).__name__)

    async def reset(self, call: SetSession) -> None:
        """Say that an agent is no longer at work in a thread."""

        async def applies() -> bool:
            return True

        await self.post(call, applies=applies)

    async def bring(
        self,
        reply: Reply,
        events: AsyncGenerator[ArrivedEvent, None],
        reference: str,
        owner: Owner,
        made_files: FilesToSend | None = None,
    ) -> bool:
        """Bring what happens to Slack, as `reply` writes it; whether it has come to its end. `made_files` as in
        `deliver`."""
        ended = await deliver(
            reply, events, self._slack, self._governor, now=self._now, owner=owner, made_files=made_files
        )
        if reply.given_up:
            log.warning("answer not delivered", ref=reference, reason=reply.given_up)
        return ended

    async def post(
        self,
        call: PostMessage | PostEphemeral | UpdateMessage | DeleteMessage | SetSession,
        *,
        applies: Callable[[], Awaitable[bool]],
    ) -> Result | None:
        """Make one call that is not part of an answer, patiently: again after a rate limit or a lost reply.

        It may be made much later than it was decided. So each try, when nothing more is waited for, asks whether the
        call still `applies`; None: it did not, and was not made again.
        """
        result: Result = Lost("not tried")
        wanted_at = self._now()
        want = Want(method_of(call), call.channel, Kind.FIRST, since=wanted_at, unseen=0, last_write=wanted_at)
        for attempt in range(_TRIES):
            permit = await self._governor.granted(lambda: want)
            if not await applies():
                return None
            result = await self._slack.call(call)
            match result:
                case Limited(retry_after=seconds):
                    await self._governor.refused(permit, seconds)
                case Lost():
                    await asyncio.sleep(self._backoff * 2**attempt)
                case _:
                    return result
        return result


def message_of(sentence: str, support: str = "") -> tuple[str, Blocks]:
    """The text and the blocks of a sentence of ours, with a small line under it, in mrkdwn."""
    if not support:
        return fallback(sentence), sentence_blocks(sentence)
    return f"{fallback(sentence)}\n{support}", (*sentence_blocks(sentence), support_note(support))


async def _events(*events: ArrivedEvent) -> AsyncGenerator[ArrivedEvent, None]:
    for event in events:
        yield event
