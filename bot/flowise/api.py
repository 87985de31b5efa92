"""Sends Flowise's small requests: whether a chatflow streams, which messages a chat has stored, the abort."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
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
from bot.flowise.decisions import PauseState, pause_state
from bot.flowise.events import Event, SourceDocuments
from bot.flowise.extra_headers import KEY_HEADER, NO_HEADERS
from bot.flowise.limits import HEADERS_SETTING, Limits
from bot.flowise.parse import stored_events, stored_metadata, stored_sources, stored_text
from bot.flowise.refusals import HttpReply, names_unknown_chatflow, shortened, stranger
from bot.flowise.stored import Row, answer, asked_last, content, newest, sources
from bot.flowise.stream import connect_timeout, exchange_error, read_reply
from bot.records.thread import Expected

log = logging.getLogger(__name__)

# Seconds. They are answered in some 10 ms (measured on Flowise 3.1.4); a busy server may take longer.
_SMALL_REQUEST = 10.0

_PROBE_KEPT = 60.0

# Seconds. The newest row is looked up before each further question on a chat, which takes 0.05 to 0.1 s (measured on
# Flowise 3.1.4). Without it an answer that breaks off cannot be recovered, but the question can be asked.
_NOTING = 2.0

# Seconds. The text of an answer is read back at its end, in as little time.
_ENDING = 3.0

# Seconds. A modal must be opened within three seconds after a press (Slack docs, Modals).
_PRESSED = 2.0

_NO_ROWS = "stored turns: HTTP 200 without rows"

# In bytes. The row of an agent flow holds its whole run: 187 kB for an answer of 60 kB (measured on Flowise 3.1.4).
_LARGEST_ROW = 1024 * 1024

# A valid key of another workspace than the chatflow's: HTTP 500 with these words (Flowise 3.1.4, `getChatMessage`).
KEY_OF_ANOTHER_WORKSPACE = "Unauthorized access"


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
        extra_headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self._session = session
        self._base = url.rstrip("/")
        self._chatflow_id = chatflow_id
        self._api_key = api_key
        self._extra_headers = extra_headers
        self._limits = limits
        self._clock = clock
        self._probed: tuple[float, bool | None] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request: those that a proxy asks for, and the key."""
        return {**self._extra_headers, **({KEY_HEADER: f"Bearer {self._api_key}"} if self._api_key else {})}

    def address(self, *path: str) -> str:
        return "/".join((self._base, "api/v1", *(quote(part, safe="") for part in path)))

    async def asked(self, *path: str) -> HttpReply | None:
        """The answer to a small GET; None where none has come in time, or none whole.

        Raises:
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        return await self._request("GET", *path)

    async def streams(self, *, fresh: bool = False) -> bool | None:
        """Whether the chatflow streams; None where the server does not say. The result is cached for a minute.

        Raises:
            UnknownChatflow: the server has no chatflow with this id. Asked to stream, it would never answer.
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        now = self._clock()
        if self._probed and not fresh and now - self._probed[0] < _PROBE_KEPT:
            return self._probed[1]
        streams = self._streaming_of(await self._request("GET", "chatflows-streaming", self._chatflow_id))
        self._probed = (now, streams)
        return streams

    def _streaming_of(self, probe: HttpReply | None) -> bool | None:
        if probe is None:
            return None
        if names_unknown_chatflow(probe.message):
            raise UnknownChatflow(shortened(probe.message), run=RunState.NOT_STARTED)
        body = probe.json()
        streams = body.get("isStreaming") if probe.status == 200 and isinstance(body, dict) else None
        return streams if isinstance(streams, bool) else None

    async def check_it_is_flowise(self) -> None:
        """Check that the server answers `ping` as Flowise does.

        Raises:
            NotFlowise: something else answers.
            FlowiseUnreachable: no connection, or only a proxy answers.
            FlowiseSlow: no answer in time.
        """
        ping = await self._request("GET", "ping")
        if ping is None:
            raise FlowiseSlow("no answer to a ping in time", run=RunState.NOT_STARTED, setting=HEADERS_SETTING)
        if ping.status >= 500:
            raise FlowiseUnreachable(f"HTTP {ping.status} in reply to a ping", run=RunState.UNKNOWN)
        if ping.text.strip() != "pong":
            what = stranger(ping) or f"HTTP {ping.status} and no pong"
            raise NotFlowise(f"{what} (at {self._base})", run=RunState.NOT_STARTED)

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        """The text of a stored answer, which is all that is read of its row; empty where it has none, or there is no
        such answer.

        The end of an answer waits for this, so its time limit is shorter than that of other requests.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read.
        """
        rows = await self._row(chat_id, message_id, patience=_ENDING)
        try:
            return stored_text(content(rows, message_id))
        except ValueError:
            raise FlowiseUnreachable(_NO_ROWS) from None

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        """The documents of a stored answer, with their texts, which are all that is read of its row; None where it has
        none, or there is no such answer.

        A person waits for this who has pressed a button, and what Slack gives for it lives three seconds.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read.
        """
        rows = await self._row(chat_id, message_id, patience=_PRESSED)
        try:
            return stored_sources(sources(rows, message_id))
        except ValueError:
            raise FlowiseUnreachable(_NO_ROWS) from None

    async def _row(self, chat_id: str, message_id: str, *, patience: float) -> str:
        """The JSON of one stored row."""
        query = {"chatId": chat_id, "messageId": message_id}
        reply = await self._stored(query, patience=patience, largest=_LARGEST_ROW)
        if reply.status != 200:
            raise _unreadable(reply)
        if not reply.whole:
            raise FlowiseBroke(f"the row of a stored answer is over {_LARGEST_ROW} bytes")
        await asyncio.sleep(0)
        return reply.text

    async def newest_stored(self, chat_id: str) -> str:
        """The id of the newest row that is stored on a chat; empty where there is none.

        A question waits for this, so its time limit is shorter than that of other requests.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read.
        """
        return newest(await self._rows({"chatId": chat_id}, patience=_NOTING))

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        """The stored answer of a turn on a chat; None: none yet, or none that is certain to be its own.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read, now or at all.
        """
        row = answer(await self._rows({"chatId": chat_id}), expected)
        if row is None:
            return None
        return (*stored_events(row), stored_metadata(row, chat_id))

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        """Whether the run that paused for a decision, and was stored as the row `row_id`, still waits for it.

        Of a chat only the rows that are not older are read: those of an agent flow carry the whole execution.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read, now or at all.
        """
        own = await self._rows({"chatId": chat_id, "messageId": row_id})
        since = next((row.get("createdDate") for row in own if row.get("id") == row_id), None)
        if not isinstance(since, str):
            return PauseState.OVER
        later = await self._rows({"chatId": chat_id, "startDate": since})
        return pause_state([*own, *later], row_id, action_id)

    async def abort(self, chat_id: str) -> bool:
        """Ask for the run on a chat to be stopped; whether Flowise has accepted the request.

        It accepts the request for every chat, even if nothing runs or can be stopped (measured on Flowise 3.1.4).
        """
        reply = await self._request("PUT", "chatmessage", "abort", self._chatflow_id, chat_id)
        return reply is not None and reply.status == 200 and isinstance(reply.json(), dict)

    async def _rows(self, query: Mapping[str, str], *, patience: float = _SMALL_REQUEST) -> list[Row]:
        """The stored rows of a chat."""
        reply = await self._stored(query, patience=patience, largest=self._limits.frame_bytes)
        rows = reply.json() if reply.status == 200 and reply.whole else None
        if not isinstance(rows, list):
            raise _unreadable(reply)
        return [row for row in rows if isinstance(row, dict)]

    async def config(self) -> HttpReply | None:
        """The public configuration of the flow, requested without the key: it needs none. None: no answer in time.

        Raises:
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        return await self._request("GET", "public-chatbotConfig", self._chatflow_id, patience=_NOTING, with_key=False)

    async def send(
        self, method: str, *path: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> HttpReply | None:
        """Make a small request, with `body` as JSON; None where no answer has come in time, or none whole.

        Raises:
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        return await self._request(method, *path, query=query, body=body)

    async def asked_last(self, chat_id: str, expected: Expected) -> bool:
        """Whether the question of a turn is the newest row that is stored on the chat: its answer was not stored.

        Raises:
            KeyRefused, FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read.
        """
        return asked_last(await self._rows({"chatId": chat_id}, patience=_NOTING), expected)

    async def _stored(self, query: Mapping[str, str], *, patience: float, largest: int) -> HttpReply:
        """The answer to a request for stored rows, up to `largest` bytes of it."""
        if not self._api_key:
            raise KeyRefused("no FLOWISE_API_KEY, so stored turns cannot be read")
        path = ("chatmessage", self._chatflow_id)
        reply = await self._request("GET", *path, query=query, patience=patience, largest=largest)
        if reply is None:
            raise FlowiseSlow("the stored turns of a chat did not come in time, or not whole")
        return reply

    async def _request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        patience: float = _SMALL_REQUEST,
        largest: int | None = None,
        with_key: bool = True,
    ) -> HttpReply | None:
        """One small request; None where no answer has come in time, or none whole.

        Raises:
            FlowiseUnreachable, FlowiseSlow: no connection.
        """
        try:
            async with asyncio.timeout(min(patience, self._limits.headers)):
                response = await self._session.request(
                    method,
                    self.address(*path),
                    params=query,
                    json=body,
                    headers=self.headers if with_key else None,
                    allow_redirects=False,
                    timeout=connect_timeout(self._limits),
                )
                return await read_reply(response, self._limits.frame_bytes if largest is None else largest)
        except aiohttp.ClientError as error:
            failed = exchange_error(error, self._limits)
            if failed.run is RunState.NOT_STARTED:
                raise failed from error
            log.debug("request failed: %s %s: %s", method, path[0], failed)
            return None
        except TimeoutError:
            log.debug("request failed: %s %s: no answer in time", method, path[0])
            return None


def _unreadable(reply: HttpReply) -> FlowiseError:
    """Why stored rows cannot be read. Every cause but a refused key may be temporary."""
    text = f"stored turns: HTTP {reply.status}: {shortened(reply.message or reply.text)}"
    if reply.status in (401, 403) or KEY_OF_ANOTHER_WORKSPACE in reply.message:
        return KeyRefused(text)
    if not reply.whole:
        return FlowiseBroke("the stored turns of a chat are larger than FLOWISE_FRAME_LIMIT")
    return FlowiseUnreachable(text)
