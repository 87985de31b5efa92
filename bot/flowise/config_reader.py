"""Reads the public configuration of a flow every five minutes at most, and keeps the last one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import FlowiseError
from bot.flowise.chatbot_config import ChatbotConfig, config_of
from bot.flowise.refusals import HttpReply

log = logging.getLogger(__name__)

# Seconds between two reads. What is switched on in Flowise is seen after so long at the latest.
_KEPT = 300.0


class ChatbotConfigReader:
    """Keeps the configuration of one flow, and reads it anew every five minutes at most.

    `read` requests it and returns None where there is no answer in time; `clock` returns monotonic seconds.
    """

    def __init__(self, read: Callable[[], Awaitable[HttpReply | None]], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._config = ChatbotConfig()

    def read_anew(self) -> None:
        """Read it anew when it is next asked for."""
        self._read_at = None

    async def current(self) -> ChatbotConfig:
        """What the flow offers; what it last did where that cannot be read now. Never raises."""
        async with self._reading:
            if self._read_at is None or self._clock() - self._read_at >= _KEPT:
                self._config = await self._fresh() or self._config
                self._read_at = self._clock()
        return self._config

    async def _fresh(self) -> ChatbotConfig | None:
        try:
            reply = await self._read()
        except FlowiseError as error:
            log.debug("chatbot configuration not read: %s", type(error).__name__)
            return None
        await asyncio.sleep(0)  # reading its JSON may be a step of some milliseconds
        config = config_of(reply)
        if config is None:
            log.debug("chatbot configuration not read: %s", f"HTTP {reply.status}" if reply else "no answer in time")
        return config
