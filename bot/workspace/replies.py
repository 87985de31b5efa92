"""Chooses how an answer or a sentence is written: by edits, by a native stream, or to a response URL."""

from __future__ import annotations

from bot.mailbox.lease import Lease
from bot.reply.contract import Place, Reply
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.native_first import NativeFirst
from bot.reply.responded import RespondedReply
from bot.reply.steps import Steps
from bot.reply.steps_support import StepsSupport
from bot.reply.streams import Mode, StreamSupport
from bot.workspace.process import DeliverySettings


class Replies:
    """The choice between deliveries in one workspace. `invite` says how a person has the bot join a channel."""

    def __init__(self, delivery: DeliverySettings, *, invite: str) -> None:
        self._delivery = delivery
        self._invite = invite
        self._streams = StreamSupport(delivery.mode)
        self._steps = StepsSupport(delivery.steps)

    def for_answer(self, place: Place, lease: Lease) -> Reply:
        """How an answer is written; one that another process has begun is written by edits of what stands."""
        if place.response_url or lease.look or lease.opened.messages:
            return self.for_sentence(place, lease)
        reference = lease.item.reference
        if self._streams.mode is Mode.EDIT:
            return self._edited(place, reference)
        return NativeFirst(
            place,
            reference=reference,
            interval=self._delivery.interval,
            most=self._delivery.most_messages,
            asks=self._delivery.asks,
            streams=self._streams,
            steps=Steps(self._steps),
            hosts=self._delivery.hosts,
        )

    def for_sentence(self, place: Place, lease: Lease) -> Reply:
        """How a sentence is written: in what stands already, if anything does."""
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
        adopted = Adopted(opened.messages, opened.stream, lease.look, may_stream)
        return self._edited(place, lease.item.reference, adopted)

    def _edited(self, place: Place, reference: str, adopted: Adopted = NOTHING) -> EditedReply:
        return EditedReply(
            place,
            reference=reference,
            interval=self._delivery.interval,
            has_status=place.thread_ts is not None,
            most=self._delivery.most_messages,
            asks=self._delivery.asks,
            adopted=adopted,
            steps=Steps(self._steps),
            hosts=self._delivery.hosts,
        )
