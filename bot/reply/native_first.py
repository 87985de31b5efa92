"""Streams an answer, and goes on by edits where that fails, without losing or repeating a word."""

from __future__ import annotations

from bot.pacing.permits import Want
from bot.reply.contract import ArrivedEvent, Place, Reply
from bot.reply.edited import EditedReply
from bot.reply.status import StatusLine
from bot.reply.steps import Steps
from bot.reply.streamed import StreamedReply
from bot.reply.streams import StreamSupport
from bot.slack import wording
from bot.slack.calls import Call, Result
from bot.slack.help_contact import NOBODY
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts


class NativeFirst:
    """A `Reply` that streams as long as it can and then edits: the stream is stopped, and its message is written anew.

    Earlier messages are complete and stay as they are. `stop` and `status` as in `EditedReply`,
    `thinking` as in `StreamedReply`.
    """

    def __init__(  # noqa: PLR0913  # most have a default
        self,
        place: Place,
        *,
        reference: str,
        interval: float,
        most: int,
        streams: StreamSupport,
        asks: str = NOBODY,
        stop: str = "",
        thinking: str = wording.STATUS_THINKING,
        status: StatusLine | None = None,
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
    ) -> None:
        self._place = place
        self._reference = reference
        self._interval = interval
        self._most = most
        self._asks = asks
        self._hosts = hosts
        self._stop = stop
        self._reply: Reply = StreamedReply(
            place,
            reference=reference,
            interval=interval,
            most=most,
            streams=streams,
            asks=asks,
            thinking=thinking,
            status=status,
            steps=steps,
            hosts=hosts,
        )

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self._reply.receive(event, now)

    def next_call(self, now: float) -> Call | None:
        call = self._reply.next_call(now)
        return self._reply.next_call(now) if self._has_moved_on(now) else call

    def want(self, now: float) -> Want:
        return self._reply.want(now)

    def answered(self, call: Call, result: Result, now: float) -> None:
        self._reply.answered(call, result, now)
        self._has_moved_on(now)

    def wake_at(self, now: float) -> float | None:
        return self._reply.wake_at(now)

    @property
    def done(self) -> bool:
        return self._reply.done

    @property
    def given_up(self) -> str:
        return self._reply.given_up

    def _has_moved_on(self, now: float) -> bool:
        """Whether the stream was given up just now; if so, the rest is written by edits."""
        left = self._reply.left if isinstance(self._reply, StreamedReply) else None
        if left is None:
            return False
        self._reply = edited = EditedReply(
            self._place,
            reference=self._reference,
            interval=self._interval,
            has_status=left.standing.status.works,
            most=max(1, self._most - left.ended),
            asks=self._asks,
            stop=self._stop,
            standing=left.standing,
            hosts=self._hosts,
        )
        for event in left.events:
            edited.take(event, now)
        return True
