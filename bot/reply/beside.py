"""Keeps what has come of an answer beside its words: of each kind, what later events have not replaced."""

from __future__ import annotations

from bot.flowise.events import CalledTools
from bot.reply.contract import Remark, ReplyEvent


class Beside:
    """The events of an answer but its words, in as few as tell the same: a flow may send thousands of them."""

    def __init__(self) -> None:
        self._events: dict[object, ReplyEvent] = {}
        self._notes = 0

    def add(self, event: ReplyEvent) -> None:
        match event:
            case Remark():  # ours, a handful at most
                self._notes += 1
                self._events[Remark, self._notes] = event
            case CalledTools(names=names) if names:
                self._events.pop(_TOOLS_ENDED, None)
                self._events[CalledTools] = event
            case CalledTools():
                # That a tool was called still says that what follows is a new paragraph.
                self._events[_TOOLS_ENDED] = event
            case _:
                self._events[type(event)] = event

    def add_all(self, later: Beside) -> None:
        """Take what has come since."""
        for event in later.events:
            self.add(event)

    @property
    def events(self) -> tuple[ReplyEvent, ...]:
        """What is left, in the order in which its kinds came first."""
        return tuple(self._events.values())


_TOOLS_ENDED = "tools ended"
