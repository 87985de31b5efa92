"""Sends files to Flowise apart from a question, to have them read or added to the flow's vector store; asks what a flow
takes; and fetches what a flow has made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

from bot.errors import FlowiseBroke, FlowiseError, FlowiseFailed, FlowiseSlow, KeyRefused, RunState
from bot.flowise.api import Api
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.limits import Limits
from bot.flowise.prediction import Upload
from bot.flowise.refusals import HttpReply, shortened
from bot.flowise.request_body import MULTIPART, form
from bot.flowise.stream import connect_timeout, each, exchange_error, read_reply
from bot.flowise.texts import TooMuchTextError
from bot.flowise.uploads import Accepted, accepted

# Seconds. A file is read while we wait; a text takes some 50 ms, an upsert 0.3 s (measured on Flowise 3.1.4), a large
# PDF may take a minute.
_SECONDS = 120.0
_KEPT = 60.0
_CHUNK = 64 * 1024


class Attachments:
    """The requests about files of one chatflow. `config` returns what the flow offers, `clock` is monotonic."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api: Api,
        chatflow_id: str,
        limits: Limits,
        clock: Callable[[], float],
        *,
        has_key: bool,
        config: Callable[[], Awaitable[ChatbotConfig]],
    ) -> None:
        self._session = session
        self._api = api
        self._chatflow_id = chatflow_id
        self._limits = limits
        self._clock = clock
        self._has_key = has_key
        self._config = config
        self._known: tuple[float, object] | None = None

    async def accepted(self, *, may_store: bool) -> Accepted:
        """What the flow takes, as known for a minute, and for documents by its `config`. It needs no key.

        Raises:
            FlowiseError: Flowise does not tell.
        """
        now = self._clock()
        if self._known is None or now - self._known[0] >= _KEPT:
            self._known = (now, await self._told("chatflows-uploads"))
        types = (await self._config()).document_types
        return accepted(self._known[1], types, may_store=may_store and self._has_key)

    async def _told(self, what: str) -> Mapping[str, object]:
        reply = await self._api.asked(what, self._chatflow_id)
        if reply is None:
            raise FlowiseSlow(f"no answer to {what} in time", run=RunState.NOT_STARTED)
        body = reply.json() if reply.status == 200 and reply.whole else None
        return body if isinstance(body, dict) else {}

    async def read(self, chat_id: str, file: Upload, *, most: int) -> str:
        """Have Flowise read a file, and keep it with a chat; returns its text. May be repeated.

        Raises:
            TooMuchTextError: it has more than `most` characters, or than FLOWISE_FRAME_LIMIT.
            FlowiseFailed: Flowise does not take the file, or cannot read it.
            FlowiseError: it did not get there.
        """
        reply = await self._sent(("attachments", self._chatflow_id, chat_id), {}, file)
        if reply.status == 200 and not reply.whole:
            raise TooMuchTextError(f"over {self._limits.frame_bytes} bytes (FLOWISE_FRAME_LIMIT)")
        body = reply.json()
        match body:
            case [{"content": str(text)}, *_] if reply.status == 200:
                if len(text) > most:
                    raise TooMuchTextError(f"{len(text)} characters")
                return text
        raise _refused(reply)

    async def store(self, chat_id: str, file: Upload) -> int:
        """Add a file to the flow's vector store, for one chat; returns how many pieces were added, 0: it was refused.

        Never repeat it: each time adds another copy (measured on 3.1.4).

        Raises:
            FlowiseFailed, KeyRefused: Flowise does not take the file.
            FlowiseError: whether it was added is not known.
        """
        reply = await self._sent(("vector", "upsert", self._chatflow_id), {"chatId": chat_id}, file)
        match reply.json():
            case {"numAdded": int(number)} if reply.status == 200:
                return number
        raise _refused(reply)

    async def made(self, chat_id: str, name: str, *, largest: int) -> bytearray:
        """The bytes of a file that the flow has made on a chat, under its name there. It needs no key.

        Raises:
            FlowiseFailed: there is no such file, or it has more than `largest` bytes.
            FlowiseError: it has not come.
        """
        query = {"chatflowId": self._chatflow_id, "chatId": chat_id, "fileName": name}
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._session.get(
                    self._api.address("get-upload-file"),
                    params=query,
                    headers={**self._api.headers, "Accept-Encoding": "identity"},
                    allow_redirects=False,
                    timeout=connect_timeout(self._limits),
                ) as response,
            ):
                return await _bytes_of(response, largest)
        except aiohttp.ClientError as error:
            raise exchange_error(error, self._limits) from error
        except TimeoutError:
            raise FlowiseSlow(f"a file has not come within {_SECONDS:g} s") from None

    async def _sent(self, path: tuple[str, ...], fields: Mapping[str, str], file: Upload) -> HttpReply:
        length, pieces = form(fields, file)
        headers = {**self._api.headers, "Content-Type": MULTIPART, "Content-Length": str(length)}
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._session.post(
                    self._api.address(*path),
                    data=each(pieces),
                    headers=headers,
                    allow_redirects=False,
                    timeout=connect_timeout(self._limits),
                )
                return await read_reply(response, self._limits.frame_bytes)
        except aiohttp.ClientError as error:
            raise exchange_error(error, self._limits) from error
        except TimeoutError:
            raise FlowiseSlow(f"a file was not read within {_SECONDS:g} s") from None


async def _bytes_of(response: aiohttp.ClientResponse, largest: int) -> bytearray:
    """The body of an answer. It tells no length before (measured on Flowise 3.1.4), so it is counted as it comes."""
    if response.status != 200:
        raise FlowiseFailed(f"a file that was made: HTTP {response.status}", run=RunState.OVER)
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        if len(content) + len(chunk) > largest:
            raise FlowiseFailed(f"a file that was made has over {largest} bytes", run=RunState.OVER)
        content += chunk
    return content


def _refused(reply: HttpReply) -> FlowiseError:
    text = f"HTTP {reply.status}: {shortened(reply.message or reply.text)}"
    if reply.status in (401, 403):
        return KeyRefused(text)
    if reply.message or 400 <= reply.status < 500:
        return FlowiseFailed(text, run=RunState.NOT_STARTED)
    return FlowiseBroke(text)
