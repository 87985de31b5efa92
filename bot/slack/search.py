"""Looks for a message of ours in a thread, a channel or a direct message, on as many pages as there are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack.calls import Lost, Posted, Refused, Result
from bot.slack.wire import Wire, messages, next_cursor, string, without_none

log = structlog.get_logger(__name__)

# conversations.replies gives a thread from its start, at most a thousand messages a page (Slack docs).
REPLIES_PAGE = 1_000
# conversations.history gives the newest first; Slack recommends no more than 200 a page.
_HISTORY_PAGE = 200
# So many pages are looked at, less than Slack allows in a minute (Tier 3: 50): 20,000 messages of a thread.
_MOST_PAGES = 20
# And so many where it is not known from when on, newest first: what is looked for was posted minutes ago.
_MOST_PAGES_BACK = 5
# Searches that were broken off and are kept until they go on; one that never does must not be kept for ever.
_MOST_BROKEN_OFF = 1_000

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Where:
    """A place to look in: a thread, or all that stands outside threads where `thread_ts` is None.

    `since` is the `ts` of a message that is older than what is looked for, empty where none is known. It is one that
    Slack has given, because our clock may be wrong.
    """

    channel: str
    thread_ts: str | None
    since: str = ""


class Search:
    """Searches of one workspace. One that Slack breaks off goes on from there when it is asked for again.

    An app that is distributed outside of Slack's marketplace gets 15 messages a minute (Slack docs, Rate limits): from
    the beginning it would never come to an end.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._broken_off: OrderedDict[str, str] = OrderedDict()
        """The cursors, by the names of the searches."""

    async def find(self, name: str, where: Where, is_it: Callable[[Message], bool]) -> Result:
        """The newest such message of the first page that has one: Posted, or Refused when there is none, or Lost when
        Slack does not tell. `name` is the search's own."""
        method = "conversations.replies" if where.thread_ts else "conversations.history"
        params = without_none(
            channel=where.channel,
            ts=where.thread_ts,
            oldest=where.since or None,
            limit=REPLIES_PAGE if where.thread_ts else _HISTORY_PAGE,
            include_all_metadata=True,
        )
        cursor = self._broken_off.pop(name, "")
        most = _MOST_PAGES if where.thread_ts or where.since else _MOST_PAGES_BACK
        for _ in range(most):
            try:
                page = await self._wire.ask(method, params | ({"cursor": cursor} if cursor else {}))
            except SlackUnavailable as error:
                self._break_off(name, cursor)
                return Lost(str(error))
            except SlackRefused as error:
                # A cursor that is not good any more: from the beginning. Without the right to look, a second message is
                # better than none.
                return Lost(error.code) if cursor else Refused(error.code)
            if found := [string(message, "ts") for message in messages(page) if is_it(message)]:
                return Posted(max(found), found=True)
            cursor = next_cursor(page)
            if not cursor:
                return Refused("not_found")
        log.warning("search given up", method=method, channel=where.channel, pages=most)
        return Refused("not_found")

    def _break_off(self, name: str, cursor: str) -> None:
        if not cursor:
            return
        self._broken_off[name] = cursor
        if len(self._broken_off) > _MOST_BROKEN_OFF:
            self._broken_off.popitem(last=False)
