"""Sends a question, a second time only where nothing can have started, and reads the events of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import aiohttp

from bot.errors import (
    FlowiseBroke,
    FlowiseRateLimited,
    FlowiseUnreachable,
    NotFlowise,
    RunState,
)
from bot.flowise.api import Api
from bot.flowise.events import (
    End,
    Event,
)
from bot.flowise.limits import Limits
from bot.flowise.parse import parse, whole_answer
from bot.flowise.prediction import Prediction
from bot.flowise.refusals import HttpReply, refusal, seconds_to_wait
from bot.flowise.stream import NotAStreamError, PredictionStream
from bot.flowise.texts import body_without_nul

# A message of more characters is decoded in a step of the event loop of its own.
_LARGE = 4 * 1024


class Asking:
    """Asks one chatflow; `clock` is monotonic."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api: Api,
        chatflow_id: str,
        limits: Limits,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._session = session
        self._api = api
        self._chatflow_id = chatflow_id
        self._limits = limits
        self._clock = clock
        self._sleep = sleep

    async def opened(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Ask, and return the events of the answer. It asks a second time only if no run can have started."""
        try:
            return await self._asked(prediction)
        except FlowiseUnreachable as error:
            if error.run is not RunState.NOT_STARTED:
                raise
            pause = self._limits.refused_pause
        except FlowiseRateLimited as error:
            if error.retry_after is None or error.retry_after > self._limits.retry_after_cap:
                raise
            pause = error.retry_after
        await self._sleep(pause)
        return await self._asked(prediction)

    async def _asked(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        # A server that does not know the probe is asked for a stream nevertheless.
        streaming = await self._api.streams() is not False
        stream = PredictionStream(
            self._session,
            self._api.address("prediction", self._chatflow_id),
            body_without_nul({**prediction.asks, "chatId": prediction.chat_id, "streaming": streaming}),
            self._api.headers,
            self._limits,
            streaming=streaming,
            clock=self._clock,
            uploads=prediction.uploads,
        )
        if prediction.asking is not None:
            await prediction.asking()
        try:
            await stream.connect()
        except NotAStreamError as other:
            if other.reply.status == 200 and "json" in other.reply.content_type:
                return self._whole(other.reply)
            raise refusal(other.reply, seconds_to_wait(other.reply)) from None
        return self._streamed(stream)

    async def _streamed(self, stream: PredictionStream) -> AsyncGenerator[Event, None]:
        try:
            async for message in stream:
                is_large = len(message.data) > _LARGE
                if is_large:
                    await asyncio.sleep(0)
                event = parse(message.message, message.data)
                if is_large:
                    await asyncio.sleep(0)
                if event is not None:
                    yield event
                if isinstance(event, End):
                    return
        except NotAStreamError as other:
            raise refusal(other.reply, None) from None
        finally:
            await stream.close()
        raise FlowiseBroke("the stream ended without Flowise's end event")

    async def _whole(self, reply: HttpReply) -> AsyncGenerator[Event, None]:
        if not reply.whole:
            text = f"the answer is over {self._limits.frame_bytes} bytes (FLOWISE_FRAME_LIMIT)"
            raise FlowiseBroke(text, run=RunState.OVER)
        body = reply.json()
        await asyncio.sleep(0)
        events = whole_answer(body)
        del body
        if events is None:
            raise NotFlowise("HTTP 200: JSON, but no answer of Flowise's", run=RunState.NOT_STARTED)
        for event in events:
            yield event
        yield End()
