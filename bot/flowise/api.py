"""Knows Flowise's small requests: whether a chatflow streams, what is stored on a chat, the abort."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import aiohttp

from bot.errors import (
    FlowiseBroke,
    FlowiseError,
    FlowiseSlow,
    FlowiseUnreachable,
    KeyRefused,
    NotFlowise,
    RunState,
    UnknownChatflow,
)
from bot.flowise.events import Event
from bot.flowise.limits import HEADERS_SETTING, Limits
from bot.flowise.parse import stored_events, stored_text
from bot.flowise.refusals import Reply, names_unknown_chatflow, shortened
from bot.flowise.stream import connect_timeout, exchange_error, read_reply

log = logging.getLogger(__name__)

# They are answered in some 10 ms (measured on Flowise 3.1.4); a server busy with something else may take longer.
_SMALL_REQUEST = 10.0

_PROBE_KEPT = 60.0

# A Date header has no fractions of a second.
_DATE_STEP = 1.0

# A valid key of another workspace than the chatflow's: HTTP 500 with these words (Flowise 3.1.4, `getChatMessage`).
_KEY_OF_ANOTHER_WORKSPACE = "Unauthorized access"


class Api:
    """The small requests about one chatflow. No redirect is followed: it would carry the key elsewhere."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        chatflow_id: str,
        api_key: str | None,
        limits: Limits,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._session = session
        self._base = url.rstrip("/")
        self._chatflow_id = chatflow_id
        self._api_key = api_key
        self._limits = limits
        self._clock = clock
        self._wall = wall
        self._probed: tuple[float, bool | None] | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}

    def address(self, *path: str) -> str:
        return "/".join((self._base, "api/v1", *(quote(part, safe="") for part in path)))

    async def streams(self, *, fresh: bool = False) -> bool | None:
        """Whether the chatflow streams; None where the server does not tell. An answer is kept for a minute.

        Raises:
            UnknownChatflow: the server has no chatflow with this id. With `streaming` it would never answer.
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        now = self._clock()
        if self._probed and not fresh and now - self._probed[0] < _PROBE_KEPT:
            return self._probed[1]
        streams = self._told_by(await self._request("GET", "chatflows-streaming", self._chatflow_id))
        self._probed = (now, streams)
        return streams

    def _told_by(self, probe: Reply | None) -> bool | None:
        if probe is None:
            return None
        if names_unknown_chatflow(probe.message):
            raise UnknownChatflow(shortened(probe.message), run=RunState.NOT_STARTED)
        body = probe.json()
        streams = body.get("isStreaming") if probe.status == 200 and isinstance(body, dict) else None
        return streams if isinstance(streams, bool) else None

    async def check_it_is_flowise(self) -> None:
        """Look whether the server answers `ping` as Flowise does.

        Raises:
            NotFlowise, FlowiseUnreachable, FlowiseSlow: something else answers, a proxy without a Flowise, nobody.
        """
        ping = await self._request("GET", "ping")
        if ping is None:
            raise FlowiseSlow("no answer to a ping in time", run=RunState.NOT_STARTED, setting=HEADERS_SETTING)
        if ping.status >= 500:
            raise FlowiseUnreachable(f"HTTP {ping.status} for a ping", run=RunState.UNKNOWN)
        if ping.text.strip() != "pong":
            raise NotFlowise(f"HTTP {ping.status} and no pong at {self._base}", run=RunState.NOT_STARTED)

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        """The text of a stored answer; empty where it has none, or there is no such answer.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read.
        """
        rows, _ = await self._rows({"chatId": chat_id, "messageId": message_id})
        return next((stored_text(row) for row in rows if _is_answer(row) and row.get("id") == message_id), "")

    async def stored_since(self, chat_id: str, since: float) -> bool:
        """Whether an answer on the chat is younger than `since`, in epoch seconds of our clock.

        Rows carry the server's time, so the difference of the clocks is taken from its Date header. That is whole
        seconds, so an answer counts only when it is a second younger: too late is a wait, too early two runs at once.
        """
        rows, ahead = await self._rows({"chatId": chat_id})
        return any(_created(row) > since + ahead + _DATE_STEP for row in rows if _is_answer(row))

    async def stored_answer(self, chat_id: str, since: float, question: str | None) -> tuple[Event, ...] | None:
        """The first answer on the chat that is younger than `since`, by the rule of `stored_since`; None: none yet.

        That rule passes over what was answered within the first second. `question`, as it was asked, closes this gap:
        an answer of that second counts where it follows a row of this very question, for the server dates that row by
        when the question came in (Flowise 3.1.4, `userMessageDateTime`).

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be known, now or at all.
        """
        rows, ahead = await self._rows({"chatId": chat_id})
        oldest = since + ahead
        asked = (_created(row) for row in rows if question is not None and _asks(row, question))
        after = min((at for at in asked if at > oldest), default=oldest + _DATE_STEP)
        answers = sorted((row for row in rows if _is_answer(row) and _created(row) >= after), key=_created)
        return stored_events(answers[0]) if answers else None

    async def abort(self, chat_id: str) -> bool:
        """Ask for the run on a chat to be stopped; whether Flowise has taken that.

        It takes it for every chat, also where nothing runs or can be stopped (measured on Flowise 3.1.4).
        """
        reply = await self._request("PUT", "chatmessage", "abort", self._chatflow_id, chat_id)
        return reply is not None and reply.status == 200 and isinstance(reply.json(), dict)

    async def _rows(self, query: Mapping[str, str]) -> tuple[list[Mapping[str, object]], float]:
        """The stored rows of a chat, and how far the server's clock is ahead of ours."""
        if not self._api_key:
            raise KeyRefused("no FLOWISE_API_KEY, so stored turns cannot be read")
        reply = await self._request("GET", "chatmessage", self._chatflow_id, query=query)
        if reply is None:
            raise FlowiseSlow("the stored turns of a chat did not come in time, or not whole")
        rows = reply.json() if reply.status == 200 and reply.whole else None
        if not isinstance(rows, list):
            raise _unreadable(reply)
        ahead = _date(reply.headers) - self._wall() if _date(reply.headers) else 0.0
        return [row for row in rows if isinstance(row, dict)], ahead

    async def _request(self, method: str, *path: str, query: Mapping[str, str] | None = None) -> Reply | None:
        """One small request; None where no answer has come in time, or none whole.

        Raises:
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        try:
            async with asyncio.timeout(min(_SMALL_REQUEST, self._limits.headers)):
                response = await self._session.request(
                    method,
                    self.address(*path),
                    params=query,
                    headers=self.headers,
                    allow_redirects=False,
                    timeout=connect_timeout(self._limits),
                )
                return await read_reply(response, self._limits.frame_bytes)
        except aiohttp.ClientError as error:
            failed = exchange_error(error, self._limits)
            if failed.run is RunState.NOT_STARTED:
                raise failed from error
            log.debug("%s %s: %s", method, path[0], failed)
            return None
        except TimeoutError:
            log.debug("%s %s: no answer in time", method, path[0])
            return None


def _unreadable(reply: Reply) -> FlowiseError:
    """Why stored rows cannot be read. All but a refused key may pass."""
    told = f"stored turns: HTTP {reply.status}: {shortened(reply.message or reply.text)}"
    if reply.status in (401, 403) or _KEY_OF_ANOTHER_WORKSPACE in reply.message:
        return KeyRefused(told)
    if not reply.whole:
        return FlowiseBroke("the stored turns of a chat are larger than FLOWISE_FRAME_LIMIT")
    return FlowiseUnreachable(told)


def _is_answer(row: Mapping[str, object]) -> bool:
    return row.get("role") == "apiMessage"


def _asks(row: Mapping[str, object], question: str) -> bool:
    return row.get("role") == "userMessage" and row.get("content") == question


def _date(headers: Mapping[str, str]) -> float:
    """A reply's Date in epoch seconds; 0 where it has none that can be read."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        return 0.0


def _created(row: Mapping[str, object]) -> float:
    """`createdDate`, such as 2026-11-22T17:04:21.633Z, in epoch seconds; 0 where it cannot be read."""
    created = row.get("createdDate")
    if not isinstance(created, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return 0.0
    return moment.timestamp() if moment.tzinfo else 0.0
