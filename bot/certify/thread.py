"""Keeps all that a run posts in one thread, and removes it, also what a run has left that was killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from bot.certify.calls import Calls, UnseenError, taken
from bot.errors import SlackRefused, SlackUnavailable
from bot.ports.notes import Certificates
from bot.records.thread import Thread
from bot.slack import wording_of_checks as wording
from bot.slack.calls import Accepted, DeleteMessage, Posted, PostMessage, Refused, StopStream
from bot.slack.fields import string
from bot.slack.text.blocks import fallback, plain
from bot.slack.wire import messages, next_cursor

_PAGE = 200
# The most pages of a thread that are cleaned: a run posts some twenty messages.
_MOST_PAGES = 5
# Slack's clock and ours may differ by this much, in seconds.
_CLOCKS_DIFFER = 3_600.0


@dataclass(frozen=True, slots=True)
class Remains:
    """A thread of a run: its first message, by its mark until its `ts` is known. `at` is epoch seconds."""

    channel: str
    mark: str
    at: float
    ts: str = ""

    def noted(self) -> str:
        """It as it is kept."""
        return json.dumps([self.channel, self.mark, self.at, self.ts])


def remains_of(noted: str) -> Remains | None:
    """What was kept; None where it cannot be read."""
    try:
        match json.loads(noted):
            case [str(channel), str(mark), int() | float() as at, str(ts)]:
                return Remains(channel, mark, float(at), ts)
    except ValueError:
        pass
    return None


async def opened(calls: Calls, store: Certificates, team: str, channel: str, *, at: float) -> Remains:
    """Begin the thread of a run. It is noted before it is posted, so that whatever happens, it is cleaned up.

    Raises:
        WrongError, UnseenError: it cannot be posted.
        StoreUnavailable: it cannot be noted.
    """
    begun = Remains(channel, f"certify{uuid4().hex[:12]}", at)
    await store.note_remains(team, begun.noted())
    post = PostMessage(channel, fallback(wording.RUNNING), plain(wording.RUNNING), mark=f"{begun.mark}-root")
    result = await calls.make(post)
    if isinstance(result, Refused):
        await store.forget_remains(team, begun.noted())
    taken(result, "the first message")
    if not isinstance(result, Posted):
        raise UnseenError("the first message has no ts")
    root = replace(begun, ts=result.ts)
    await store.note_remains(team, root.noted())
    await store.forget_remains(team, begun.noted())
    return root


async def cleaned(calls: Calls, store: Certificates, team: str) -> int:
    """Remove what runs have left; returns how many messages are left. Raises StoreUnavailable."""
    left = 0
    for noted in sorted(await store.remains(team)):
        remains = remains_of(noted)
        try:
            stands = await _removed(calls, team, remains) if remains is not None else 0
        except (UnseenError, SlackRefused, SlackUnavailable):
            stands = 1
        if not stands:
            await store.forget_remains(team, noted)
        left += stands
    return left


async def _removed(calls: Calls, team: str, remains: Remains) -> int:
    """Remove a thread; returns how many of its messages are left."""
    root = remains.ts or await _found(calls, team, remains)
    if not root:
        return 0
    ours = [message for message in await messages_in(calls, remains.channel, root) if _is_ours(calls, message)]
    left = 0
    for message in reversed(ours):  # the first message last: it is how the others are found
        if left and string(message, "ts") == root:
            return left + 1
        left += not await _is_gone(calls, remains.channel, message)
    return left


async def _found(calls: Calls, team: str, remains: Remains) -> str:
    """The first message of a thread whose `ts` was not noted; empty where it was never posted."""
    since = f"{max(0.0, remains.at - _CLOCKS_DIFFER):.6f}"
    marked = await calls.client.marked(Thread(team, remains.channel, ""), remains.mark, since=since)
    return next((message.ts for message in marked), "")


async def messages_in(calls: Calls, channel: str, root: str) -> list[Mapping[str, object]]:
    """All messages of a thread; none where there is no such thread. Raises UnseenError."""
    found: list[Mapping[str, object]] = []
    where: dict[str, object] = {"channel": channel, "ts": root, "limit": _PAGE}
    for _ in range(_MOST_PAGES):
        try:
            page = await calls.ask("conversations.replies", where)
        except UnseenError as error:
            if any(gone in str(error) for gone in ("thread_not_found", "channel_not_found")):
                break
            raise
        found += messages(page)
        where["cursor"] = next_cursor(page)
        if not where["cursor"]:
            break
    return found


def _is_ours(calls: Calls, message: Mapping[str, object]) -> bool:
    return bool(calls.client.bot_user) and string(message, "user") == calls.client.bot_user


async def _is_gone(calls: Calls, channel: str, message: Mapping[str, object]) -> bool:
    """Remove a message with its files, ending its stream before; whether it is gone."""
    ts, files = string(message, "ts"), message.get("files")
    if string(message, "streaming_state") == "in_progress":
        await calls.make(StopStream(channel, ts))
    for file in files if isinstance(files, list) else []:
        if isinstance(file, Mapping) and (file_id := string(file, "id")):
            with suppress(UnseenError):
                await calls.raw("files.delete", channel, {"file": file_id}, limited=False)
    match await calls.make(DeleteMessage(channel, ts)):
        case Accepted() | Refused(error="message_not_found"):
            return True
    return False
