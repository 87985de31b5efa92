"""Knows how what no message of an answer shows is attached to it as a file."""

from __future__ import annotations

from bot.reply.answer import Answer, Text
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.calls import Accepted, Posted, Result, UploadFile


class Attachment:
    """The rest of one answer, when it has ended."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._settled = False
        self.is_lost = False

    def next_call(self, answer: Answer[Text]) -> UploadFile | None:
        """The file, where there is a rest that is not attached yet."""
        if self._settled or not answer.rest:
            return None
        return UploadFile(
            channel=self._place.channel,
            thread_ts=self._place.thread_ts,
            name="answer.md",
            title=wording.REST_TITLE,
            content=answer.rest,
            since=self._place.since,
        )

    def settled(self, answer: Answer[Text], result: Result) -> None:
        """Slack took it, or never will: then the answer says so."""
        self._settled = True
        self.is_lost = not isinstance(result, Posted | Accepted)
        if self.is_lost:
            answer.rest_is_lost = True
            answer.version += 1
