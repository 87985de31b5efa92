"""Searches a thread, a channel or a direct message for a message of the bot, page by page.

A message is found by the mark in its metadata. A stream bears no mark before its end; it is searched for by what it is,
the bot's open stream after the question, since a thread has one answer under way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack.calls import Lost, Posted, Refused, Result
from bot.slack.fields import string
from bot.slack.wire import Wire, messages, next_cursor, without_none

log = structlog.get_logger(__name__)

# conversations.replies returns a thread from its start, at most a thousand messages a page (Slack docs).
REPLIES_PAGE = 1_000
# conversations.history returns the newest first; Slack recommends no more than 200 a page.
_HISTORY_PAGE = 200
# The most pages that are searched, less than Slack allows in a minute (Tier 3: 50): 20,000 messages of a thread.
_MOST_PAGES = 20
# The most pages where no start is known, newest first: the message was posted minutes ago.
_MOST_PAGES_BACK = 5
# The most interrupted searches that are remembered: one that never goes on must not stay for ever.
_MOST_INTERRUPTED = 1_000

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Where:
    """A place to search: a thread, or everything outside threads if `thread_ts` is None.

    `since` is the `ts` of a message that is older than the one searched for, empty where none is known. It is a `ts`
    that Slack has given, because our clock may be wrong.
    """

    channel: str
    thread_ts: str | None
    since: str = ""


class Search:
    """Searches one workspace. A search that Slack interrupts goes on from there when it is repeated.

    An app that is distributed outside of Slack's marketplace gets 15 messages a minute (Slack docs, Rate limits): a
    search that began anew each time would never end.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._interrupted: OrderedDict[str, str] = OrderedDict()
        """The cursors, by the names of the searches."""

    async def find(self, name: str, where: Where, is_it: Callable[[Message], bool]) -> Result:
        """The newest such message of the first page that has one: Posted; Refused if there is none; Lost if Slack does
        not answer. `name` is unique to the search."""
        method = "conversations.replies" if where.thread_ts else "conversations.history"
        params = without_none(
            channel=where.channel,
            ts=where.thread_ts,
            oldest=where.since or None,
            limit=REPLIES_PAGE if where.thread_ts else _HISTORY_PAGE,
            include_all_metadata=True,
        )
        cursor = self._interrupted.pop(name, "")
        most = _MOST_PAGES if where.thread_ts or where.since else _MOST_PAGES_BACK
        for _ in range(most):
            try:
                page = await self._wire.ask(method, params | ({"cursor": cursor} if cursor else {}))
            except SlackUnavailable as error:
                self._interrupt(name, cursor)
                return Lost(str(error))
            except SlackRefused as error:
                # A cursor that is no longer valid: from the beginning. Without the permission to search, a second
                # message is better than none.
                return Lost(error.code) if cursor else Refused(error.code)
            if found := [string(message, "ts") for message in messages(page) if is_it(message)]:
                return Posted(max(found), found=True)
            cursor = next_cursor(page)
            if not cursor:
                return Refused("not_found")
        log.warning("search given up", method=method, channel=where.channel, pages=most)
        return Refused("not_found")

    def _interrupt(self, name: str, cursor: str) -> None:
        if not cursor:
            return
        self._interrupted[name] = cursor
        if len(self._interrupted) > _MOST_INTERRUPTED:
            self._interrupted.popitem(last=False)
