"""Brings the files of an answer into its thread: the text that fits into no message, and what its flow has made.

Each goes there in two calls. The first sends its bytes, and nobody sees it; its id is noted before the second shares
it. So whoever goes on with the answer shares that one, or finds that it was shared, and attaches no second copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.records.sent_file import SentFile
from bot.reply.answer import Answer
from bot.reply.contract import Place
from bot.reply.growing_text import Text
from bot.reply.made_files import REST, WhyLost
from bot.slack import wording
from bot.slack.calls import NOT_FETCHED, Accepted, Limited, Lost, Refused, Result, SendFile, ShareFile, Uploaded

_GONE = frozenset({"file_not_found", "invalid_file_id", "file_deleted"})
"""Slack no longer has what was sent to it and never shared."""


class Attachments:
    """The files of one answer that has ended. `sent` are those that another process has sent."""

    def __init__(self, place: Place, sent: Sequence[SentFile] = ()) -> None:
        self._place = place
        self._sent = {file.key: file.file_id for file in sent}
        self._look = set(self._sent)
        """May have been shared, by a call whose answer is not known."""
        self._settled = {file.key for file in sent if file.shared}
        self._sent_again: set[str] = set()
        self._lost: dict[str, WhyLost] = {}

    @property
    def has_lost(self) -> bool:
        """Whether a file could not be attached."""
        return bool(self._lost)

    def next_call(self, answer: Answer[Text]) -> SendFile | ShareFile | None:
        """What brings the next file into the thread; None where all are there that can be."""
        key = next((key for key in _keys(answer) if key not in self._settled), None)
        if key is None:
            return None
        if key in self._sent:
            return ShareFile(
                channel=self._place.channel,
                thread_ts=self._place.thread_ts,
                key=key,
                file_id=self._sent[key],
                title=wording.REST_TITLE if key == REST else "",
                look=key in self._look,
                since=self._place.since,
            )
        return SendFile(key, "answer.md", answer.rest.encode()) if key == REST else SendFile(key)

    def answered(self, answer: Answer[Text], call: SendFile | ShareFile, result: Result) -> None:
        """Note the result of a call. If Slack will never take the file, or it cannot be had, the answer says so."""
        match call, result:
            case SendFile(key=key), Uploaded(file_id=file_id):
                self._sent[key] = file_id
            case ShareFile(key=key), Accepted():
                self._settled.add(key)
            case ShareFile(key=key), Lost():
                self._look.add(key)
            case ShareFile(key=key), Refused(error=code) if code in _GONE and key not in self._sent_again:
                self._sent_again.add(key)
                del self._sent[key]
                self._look.discard(key)
            case _, Limited() | Lost():
                pass  # it is made again
            case _:
                self._settled.add(call.key)
                missing = result == Refused(NOT_FETCHED)
                self._lost[call.key] = WhyLost.NOT_FETCHED if missing else WhyLost.NOT_ATTACHED
                answer.lose_file(call.key, self._lost[call.key])

    def tell(self, answer: Answer[Text]) -> None:
        """Have another answer, which goes on for the first, say what could not be attached."""
        for key, why in self._lost.items():
            answer.lose_file(key, why)


def _keys(answer: Answer[Text]) -> Iterator[str]:
    """The files that are to be attached, in order."""
    if answer.rest:
        yield REST
    yield from (file.key for file in answer.made_files)
