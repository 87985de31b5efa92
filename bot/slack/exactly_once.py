"""Makes message-creating calls exactly once, even if Slack's reply is lost: the message is searched for first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

from bot.slack.calls import (
    Accepted,
    FindStream,
    Lost,
    Posted,
    PostMessage,
    Refused,
    Result,
    ShareFile,
    StartStream,
)
from bot.slack.fields import string
from bot.slack.search import Message, Search, Where
from bot.slack.streamed import streamed
from bot.slack.wire import Wire, without_none

# The most calls with a lost reply that are remembered: one that is never tried again must not stay for ever.
_MOST_UNSURE = 1_000
_MARK = "flowise_answer"

K = TypeVar("K")
V = TypeVar("V")


class _Unsure(Generic[K, V]):
    """Remembers the last `most` calls whose reply was lost."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def note(self, key: K, value: V, result: Result, *, unsure: tuple[type[Result], ...]) -> None:
        """Remember a call if its result is one of `unsure`; else forget it."""
        if not isinstance(result, unsure):
            self._kept.pop(key, None)
            return
        self._kept.setdefault(key, value)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key: K) -> None:
        self._kept.pop(key, None)


class Once:
    """Posts messages, starts streams and shares files in one workspace, each once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._search = Search(wire)
        self._posts: _Unsure[str, PostMessage] = _Unsure(_MOST_UNSURE)
        self._starts: _Unsure[str, StartStream] = _Unsure(_MOST_UNSURE)

    async def post(self, call: PostMessage) -> Result:
        """Post a message. One whose reply was lost is searched for before it is posted again: none stands twice.

        So is one that another process may have posted before it was killed.
        """
        if call.mark and (call.look or self._posts.get(call.mark) is not None):
            found = await self._marked(call)
            if not isinstance(found, Refused):
                if isinstance(found, Posted):
                    self._posts.forget(call.mark)
                return found
        body = without_none(
            channel=call.channel,
            thread_ts=call.thread_ts,
            text=call.text,
            blocks=list(call.blocks),
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": _MARK, "event_payload": {"mark": call.mark}} if call.mark else None,
        )
        result = await self._wire.make("chat.postMessage", body)
        if call.mark:
            self._posts.note(call.mark, call, result, unsure=(Lost,))
        return result

    async def _marked(self, call: PostMessage) -> Result:
        """The message of an earlier try; else the message that this post is to take over."""
        where = Where(call.channel, call.thread_ts, call.since)
        found = await self._search.find(call.mark, where, lambda message: mark_of(message) == call.mark)
        if found == Refused("not_found") and (adopts := call.adopts):
            name = f"{call.mark}<{adopts}"
            found = await self._search.find(name, where, lambda message: mark_of(message).startswith(adopts))
        return found

    async def start(self, call: StartStream, bot_user: str) -> Result:
        """Start a stream. One whose reply was lost is searched for first, by the text that it began with.

        A stream takes no metadata before its end, so there is no mark on it. But `bot_user` writes one answer in a
        thread at a time, and the message that has just begun shows what the lost call brought, and nothing else.
        """
        if (lost := self._starts.get(call.mark)) is not None:
            found = await self._search.find(
                call.mark,
                Where(call.channel, call.thread_ts, call.since),
                lambda message: (
                    string(message, "user") == bot_user and _letters(_shown(message)) == _letters(lost.markdown)
                ),
            )
            if not isinstance(found, Refused):
                if isinstance(found, Posted):
                    self._starts.forget(call.mark)
                return found
        body = without_none(
            channel=call.channel,
            thread_ts=call.thread_ts,
            recipient_user_id=call.user,
            recipient_team_id=call.team,
            task_display_mode="plan" if call.tasks else None,
            **streamed(call.markdown, call.tasks, call.plan),
        )
        result = await self._wire.make("chat.startStream", body)
        self._starts.note(call.mark, call, result, unsure=(Lost,))
        return result

    async def find_stream(self, call: FindStream, bot_user: str) -> Result:
        """Find a stream that was begun, bears no mark yet and was not noted; Refused if there is none."""

        def is_it(message: Message) -> bool:
            ts, state = string(message, "ts"), string(message, "streaming_state")
            return (
                string(message, "user") == bot_user
                and ts > call.since
                and ts not in (call.thread_ts, *call.known)
                and state in ("", "in_progress")  # that it is told, no documentation promises
                and not mark_of(message)
                and not message.get("files")
            )

        return await self._search.find(call.mark, Where(call.channel, call.thread_ts, call.since), is_it)

    async def share(self, call: ShareFile) -> Result:
        """Share a file that was sent. One that may have been shared already is searched for first."""
        if call.look:
            where = Where(call.channel, call.thread_ts, call.since)
            looked = await self._search.find(call.file_id, where, lambda message: _has_file(message, call.file_id))
            if isinstance(looked, Posted):
                return Accepted()
            if not isinstance(looked, Refused):
                return looked
        files = [without_none(id=call.file_id, title=call.title or None)]
        body = without_none(files=files, channel_id=call.channel, thread_ts=call.thread_ts)
        return await self._wire.make("files.completeUploadExternal", body)


def mark_of(message: Message) -> str:
    """The mark under which a message of ours was posted; empty where it has none."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return string(payload, "mark") if isinstance(payload, Mapping) else ""


def _has_file(message: Message, file_id: str) -> bool:
    files = message.get("files")
    shared = files if isinstance(files, list) else []
    return any(isinstance(file, Mapping) and file.get("id") == file_id for file in shared)


def _shown(message: Message) -> str:
    """What a streamed message shows: its markdown blocks, else its text."""
    blocks = message.get("blocks")
    texts = (
        [string(block, "text") for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    )
    return "".join(texts) or string(message, "text")


def _letters(text: str) -> str:
    """The characters of a text that survive any rendering."""
    return "".join(char for char in text if char.isalnum())
