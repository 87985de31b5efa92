"""Bounds the bytes of people's files that this process holds at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

MOST_HELD: Final = 64 * 1024 * 1024
"""Bytes. Room for the files of one question, at most `bot.flowise.uploads.MOST_IN_BODY`, and for others meanwhile."""
MOST_INLINE: Final = 16 * 1024 * 1024
"""Bytes of files that flows write into their answers instead of storing them, and which wait for the answer's end."""


MOST_TEXTS: Final = 16
"""Questions whose documents' texts are held, of at most `bot.flowise.texts.MOST_TEXT` characters each."""


class Room:
    """Room for `most` bytes, or anything else that is counted, shared by all questions; who asks for more than is left
    waits in order.

    Whoever holds some must not wait for more, or two might wait for each other for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0
        """How much is held now."""
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Wait for so much room. Raises ValueError if there is never so much."""
        if size > self._most:
            raise ValueError(f"{size} is more than the {self._most} that are ever held")
        if not self._waiting and self.held + size <= self._most:
            self.held += size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was admitted in this very moment
                self.give(size)
            self._admit()
            raise

    def take_at_once(self, size: int) -> bool:
        """Take so many bytes if there is room for them now; else none, and False. Who holds some may ask for it."""
        if self._waiting or self.held + size > self._most:
            return False
        self.held += size
        return True

    def give(self, size: int) -> None:
        """Give room back."""
        self.held -= size
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():  # who was cancelled is gone before they know it
                if self.held + size > self._most:
                    return
                self.held += size
                turn.set_result(None)
            self._waiting.popleft()


class FileRoom(Room):
    """Room for the bytes of files. Beside it, `texts` has room for those of documents that Flowise has read, which stay
    until their question was sent: it is taken before any bytes are."""

    def __init__(self, most: int = MOST_HELD) -> None:
        super().__init__(most)
        self.texts = Room(MOST_TEXTS)
