"""Attaches the text that fits into no message of an answer as a file."""

from __future__ import annotations

from bot.reply.answer import Answer
from bot.reply.contract import Place
from bot.reply.growing_text import Text
from bot.slack import wording
from bot.slack.calls import Accepted, Posted, Result, UploadFile


class Attachment:
    """The file with the rest of one answer that has ended. `is_lost`: it could not be attached."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._settled = False
        self.is_lost = False

    def next_call(self, answer: Answer[Text]) -> UploadFile | None:
        """The upload, where there is a rest that is not attached yet; else None."""
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
        """Note the final result of the upload. If Slack will never take the file, the answer says so."""
        self._settled = True
        self.is_lost = not isinstance(result, Posted | Accepted)
        if self.is_lost:
            answer.lose_rest()
