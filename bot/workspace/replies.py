"""Chooses how an answer or a sentence is written: by edits, by a native stream, or to a response URL."""

from __future__ import annotations

from bot.mailbox.lease import Lease
from bot.records.thread import button_value
from bot.reply.contract import Place, Reply
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.native_first import NativeFirst
from bot.reply.responded import RespondedReply
from bot.reply.session import SessionLine
from bot.reply.status import StatusLine
from bot.reply.steps import Steps
from bot.reply.steps_support import StepsSupport
from bot.reply.streams import Certificate, Mode, StreamSupport
from bot.workspace.process import DeliverySettings


class Replies:
    """The choice between deliveries in one workspace. `invite` says how a person has the bot join a channel,
    `thinking` is the status of an answer that is to be streamed; `certificate` has what was verified there."""

    def __init__(
        self, delivery: DeliverySettings, *, invite: str, thinking: str, certificate: Certificate | None = None
    ) -> None:
        self._delivery = delivery
        self._invite = invite
        self._thinking = thinking
        self._streams = StreamSupport(delivery.mode, certificate)
        self._steps = StepsSupport(delivery.steps)

    def for_answer(self, place: Place, lease: Lease, *, title: str = "") -> Reply:
        """How an answer is written; one that another process has begun is written by edits of what stands. `title` is
        what an agent's session is called, empty where it has a name."""
        stop = button_value(lease.item)
        if place.response_url or lease.look or lease.opened.messages:
            return self._standing(place, lease, stop)
        reference = lease.item.reference
        status = self._session(place, title=title)
        if self._streams.mode is Mode.EDIT:
            return self._edited(place, reference, stop=stop, status=status)
        return NativeFirst(
            place,
            reference=reference,
            interval=self._delivery.interval,
            most=self._delivery.most_messages,
            asks=self._delivery.asks,
            streams=self._streams,
            stop=stop,
            thinking=self._thinking,
            status=status,
            steps=Steps(self._steps),
            hosts=self._delivery.hosts,
        )

    def for_sentence(self, place: Place, lease: Lease) -> Reply:
        """How a sentence is written: in what stands already, if anything does."""
        return self._standing(place, lease)

    def _standing(self, place: Place, lease: Lease, stop: str = "") -> Reply:
        if place.response_url:
            return RespondedReply(
                place,
                invite=self._invite,
                asks=self._delivery.asks,
                steps=Steps(self._steps),
                hosts=self._delivery.hosts,
            )
        opened = lease.opened
        # Whoever was not asked yet may still wait for its turn: an open stream in its thread is then another answer's.
        may_stream = lease.look and lease.was_asked and place.thread_ts is not None
        adopted = Adopted(opened.messages, opened.stream, lease.look, may_stream, opened.files)
        status = self._session(place, may_stand=bool(opened.messages) or lease.look)
        return self._edited(place, lease.item.reference, adopted, stop, status)

    def _session(self, place: Place, *, title: str = "", may_stand: bool = False) -> StatusLine | None:
        """The session of a thread with an agent, in place of a status line; None elsewhere."""
        if not self._delivery.agent_view or place.thread_ts is None or not place.channel.startswith("D"):
            return None
        return SessionLine(place.channel, place.thread_ts, title=title, may_stand=may_stand)

    def _edited(
        self,
        place: Place,
        reference: str,
        adopted: Adopted = NOTHING,
        stop: str = "",
        status: StatusLine | None = None,
    ) -> EditedReply:
        return EditedReply(
            place,
            reference=reference,
            interval=self._delivery.interval,
            has_status=place.thread_ts is not None,
            most=self._delivery.most_messages,
            asks=self._delivery.asks,
            stop=stop,
            adopted=adopted,
            status=status,
            steps=Steps(self._steps),
            hosts=self._delivery.hosts,
        )
