"""Defines what a workspace is made of: people, and conversations with their messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.playground.slack.message import Message


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the workspace. `team` is another one for an outsider, and `enterprise` the Grid that it belongs to; a
    guest is of ours, but limited."""

    id: str
    name: str
    team: str
    is_bot: bool = False
    is_guest: bool = False
    enterprise: str = ""

    @property
    def email(self) -> str:
        """The address that nobody is told of without a scope of its own."""
        return f"{self.id.lower()}@people.example"


@dataclass(slots=True)
class Channel:
    """A conversation. `kind` is Slack's `channel_type`: channel, group (private), im or mpim.

    `roots` gives the thread of every message that ever stood here, the ephemeral and the deleted ones too.
    """

    id: str
    name: str
    kind: str = "channel"
    shared: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    _threads: dict[str, dict[str, None]] = field(default_factory=dict)
    """The replies of each thread by their `ts`: messages are asked for their thread at each call."""

    def put(self, message: Message) -> None:
        """Add a message, or replace the older state of it."""
        self.messages[message.ts] = message
        self.roots[message.ts] = message.root
        if message.thread_ts is not None:
            self._threads.setdefault(message.thread_ts, {})[message.ts] = None

    def drop(self, message: Message) -> None:
        del self.messages[message.ts]
        if message.thread_ts is not None:
            del self._threads[message.thread_ts][message.ts]

    def replies(self, ts: str) -> int:
        """How many replies the message of that `ts` has."""
        return len(self._threads.get(ts, ()))

    def thread(self, root: str) -> list[Message]:
        """A thread's first message, where it still stands, and its replies, oldest first."""
        first = self.messages.get(root)
        head = [first] if first is not None and first.root == root else []
        return [*head, *(self.messages[ts] for ts in self._threads.get(root, ()))]
