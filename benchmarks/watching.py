"""Watches answers under way: each token as the local Flowise sends it, each state as it stands in Slack."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from benchmarks.measuring import Answer, Sent, State, common, words
from bot.playground.flowise.runs import Listener
from bot.playground.slack.message import Message

_DATA = re.compile(rb"^data:(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"question number (\d+)")


def question(number: int) -> str:
    """What a person asks; its number tells which answer is which."""
    return f"Please answer question number {number}."


@dataclass(slots=True, eq=False)
class Watched:
    """One answer: what Flowise has sent of it so far, and each state in Slack."""

    channel: str
    begun: float = 0.0
    tokens: int = 0
    ended: bool = False
    sent: list[Sent] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    _messages: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def frame(self, data: bytes, at: float) -> None:
        """Note a frame that Flowise sends."""
        for frame in map(json.loads, _DATA.findall(data)):
            if frame["event"] == "token":
                self.begun = self.begun or at
                self.tokens += 1
                self.sent += [Sent(word, at) for word in words(frame["data"])]
            self.ended |= frame["event"] == "end"

    def change(self, kind: str, message: Message) -> None:
        """Note a post, an edit or a deletion in Slack of a message of this answer."""
        at = message.edits[-1].at if message.edits else message.at
        if kind == "deleted":  # which is not told in the message
            at = time.monotonic()
        self._messages[message.ts] = () if kind == "deleted" else words(message.body or message.plain)
        whole = (word for ts in sorted(self._messages, key=float) for word in self._messages[ts])
        self.states.append(State(at, tuple(whole)))

    @property
    def whole(self) -> bool:
        """All has been sent, and stands in Slack."""
        shown = self.states[-1].words if self.states else ()
        return self.ended and common(shown, [sent.word for sent in self.sent]) == len(self.sent)

    def until(self, now: float) -> Answer:
        """The answer as far as it has been watched."""
        return Answer(self.begun, self.sent, self.states, now)


@contextmanager
def noting(watched: Mapping[int, Watched]) -> Iterator[None]:
    """Give each frame that a local Flowise sends meanwhile to the answer with the number of its question."""
    send = Listener.send
    known: dict[Listener, Watched] = {}

    async def noted(self: Listener, data: bytes) -> None:
        if self not in known:
            asked = _NUMBER.search((await self.request.json())["question"])
            known[self] = watched[int(asked[1])] if asked else Watched("")
        known[self].frame(data, time.monotonic())
        await send(self, data)

    with patch.object(Listener, "send", noted):
        yield
