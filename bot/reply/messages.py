"""Tracks the messages of an answer in Slack, and gives the next call that makes them as they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.records.sent_file import SentFile
from bot.reply.contract import Place
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    FindStream,
    Posted,
    PostMessage,
    Refused,
    StopStream,
    UpdateMessage,
)
from bot.slack.refusals import BLOCK_MISMATCH
from bot.slack.text.pages import Page

# The message can no longer be edited: its text moves to a new one. (One that was deleted is not posted again.)
_GONE = frozenset({"cant_update_message", "edit_window_closed"})
# Its text moves too, and the old message is deleted.
_MISMATCH = BLOCK_MISMATCH
# The message is still being streamed, which must be stopped before it can be edited.
_STREAMING = "streaming_state_conflict"
_MOST_REPOSTS = 3
_UNKNOWN = Page(blocks=(), text="")


@dataclass(slots=True)
class _Message:
    """One message of ours as it stands in Slack; an empty `ts` is one that has gone and must be posted again."""

    ts: str
    page: Page


@dataclass(frozen=True, slots=True)
class Adopted:
    """The messages that another process has left of an answer, by their `ts`. Their text is not known.

    The message `streaming`, if any, is still being streamed, and is stopped first. With `look`, there may be more
    messages than are known: each is searched for before it is posted. With `may_stream`, a stream may be open that is
    not known either: it is searched for before anything is written. `files` were sent to Slack.
    """

    messages: tuple[str, ...] = ()
    streaming: str = ""
    look: bool = False
    may_stream: bool = False
    files: tuple[SentFile, ...] = ()


NOTHING = Adopted()


def apology_mark(reference: str) -> str:
    """The beginning of the mark of an apology for a question that could not be stored; its answer takes it over."""
    return f"{reference}-apology"


class Messages:
    """The messages of one answer, some of which may be `adopted`."""

    def __init__(self, place: Place, reference: str, adopted: Adopted = NOTHING) -> None:
        self._place = place
        self._reference = reference
        self._messages = [_Message(ts, _UNKNOWN) for ts in adopted.messages]
        self._streaming = adopted.streaming
        self._look = adopted.look
        self._may_stream = adopted.may_stream
        self._found = ""
        """The stream that was found, until its stop shows that it was one."""
        self._left_over: list[str] = []
        self._reposts = 0
        self._moves: Counter[int] = Counter()
        """How often the text of each message has moved to another one."""

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def standing(self) -> tuple[str, ...]:
        """The `ts` of the messages that stand, in order."""
        return tuple(message.ts for message in self._messages if message.ts)

    @property
    def pages(self) -> tuple[Page, ...]:
        """The messages as they stand."""
        return tuple(message.page for message in self._messages)

    def next_call(self, wanted: Sequence[Page], *, ended: bool) -> Call | None:
        """The next write, None when all stands as `wanted`. Messages too many are deleted when the answer has ended."""
        channel = self._place.channel
        if self._streaming:
            return StopStream(channel=channel, ts=self._streaming)
        if self._may_stream:
            since, mark = self._place.since, f"{self._reference}-stream"
            return FindStream(channel, self._place.thread_ts or "", mark, since, self.standing)
        for number, page in enumerate(wanted):
            if number >= len(self._messages) or self._messages[number].page != page or not self._messages[number].ts:
                return self._write(number, page)
        if self._left_over:
            return DeleteMessage(channel=channel, ts=self._left_over[0])
        if ended and len(self._messages) > len(wanted) > 0:
            return DeleteMessage(channel=channel, ts=self._messages[-1].ts)
        return None

    def _write(self, number: int, page: Page) -> Call:
        channel = self._place.channel
        if number < len(self._messages) and (ts := self._messages[number].ts):
            return UpdateMessage(channel=channel, ts=ts, text=page.text, blocks=page.blocks)
        return PostMessage(
            channel=channel,
            thread_ts=self._place.thread_ts,
            text=page.text,
            blocks=page.blocks,
            mark=f"{self._reference}-{number}-{self._reposts}",
            look=self._look,
            adopts=apology_mark(self._reference) if self._look and not (number or self._reposts) else "",
            since=self._place.since,
        )

    def stands(self, call: Call, result: Posted | Accepted) -> None:
        """Note that Slack has accepted a write."""
        match call:
            case PostMessage(text=text, blocks=blocks) if isinstance(result, Posted):
                message = _Message(result.ts, _UNKNOWN if result.found else Page(blocks=blocks, text=text))
                gone = next((number for number, old in enumerate(self._messages) if not old.ts), None)
                if gone is None:
                    self._messages.append(message)
                else:
                    self._messages[gone] = message
            case UpdateMessage(ts=ts, text=text, blocks=blocks):
                for old in self._messages:
                    if old.ts == ts:
                        old.page = Page(blocks=blocks, text=text)
            case DeleteMessage(ts=ts):
                self._forget(ts)
            case StopStream(ts=ts):
                if ts == self._found:
                    self._messages.append(_Message(ts, _UNKNOWN))
                self._streaming = self._found = ""

    def sought(self, stream: str) -> None:
        """Note the open stream that was found, empty if none was."""
        self._may_stream = False
        self._streaming = self._found = stream

    def refused(self, call: Call, result: Refused) -> bool:
        """Note that Slack has refused a write; whether there is another way. If not, the answer cannot be delivered."""
        match call:
            case DeleteMessage(ts=ts):
                self._forget(ts)
            case StopStream():
                # It has ended by itself, or the next edit will tell what is wrong. What was found and is no open stream
                # is not edited: it may be the answer to another question.
                self._streaming = self._found = ""
            case UpdateMessage(ts=ts) if result.error == _STREAMING and self._may_move(ts):
                self._streaming = ts
            case UpdateMessage(ts=ts) if result.error in {_MISMATCH, *_GONE} and self._may_move(ts):
                self._left_over += [ts] if result.error == _MISMATCH else []
                for old in self._messages:
                    old.ts = "" if old.ts == ts else old.ts
            case _:
                return False
        return True

    def _may_move(self, ts: str) -> bool:
        number = next((number for number, old in enumerate(self._messages) if old.ts == ts), -1)
        if self._moves[number] >= _MOST_REPOSTS:
            return False
        self._moves[number] += 1
        self._reposts += 1
        return True

    def _forget(self, ts: str) -> None:
        self._messages = [old for old in self._messages if old.ts != ts]
        self._left_over = [old for old in self._left_over if old != ts]
