"""Knows the state of a workspace: people, channels, messages, threads, status lines, and what the app did wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.playground.slack.message import Edit, File, Message, Ping, Preview
from bot.playground.slack.rules import Refusal

STATUS_LASTS = 120.0
"""Seconds until Slack takes a status line away by itself (Slack docs, assistant.threads.setStatus)."""

Told = Callable[[str, Message, Message | None], None]
"""Hears of each change: what happened ("posted", "updated", "deleted", "ephemeral", "status"), the message as it is
now, and as it was before an update."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    team: str
    is_bot: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation. `kind` is Slack's `channel_type`: channel, group (private), im or mpim."""

    id: str
    name: str
    kind: str = "channel"
    shared: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)


class Workspace:
    """One workspace with one app in it. `clock` is steady and in seconds, `wall` is seconds since the epoch."""

    team_id, bot_user_id, bot_id, app_id = "T0LOCAL01", "U0LOCALBOT", "B0LOCALBOT", "A0LOCALAPP"
    bot_name = "flowise"

    def __init__(self, clock: Callable[[], float], wall: Callable[[], float], told: Told) -> None:
        self.clock, self.wall, self.told = clock, wall, told
        self.origin = ""
        """Where the server answers, for addresses that it hands out: "http://127.0.0.1:PORT"."""
        bot = Person(self.bot_user_id, self.bot_name, self.team_id, is_bot=True)
        self.people: dict[str, Person] = {bot.id: bot}
        self.channels: dict[str, Channel] = {}
        self.hidden: list[Message] = []
        """All ephemeral messages."""
        self.files: dict[str, File] = {}
        self.reactions: set[tuple[str, str, str]] = set()
        self.pings: list[Ping] = []
        self.previews: list[Preview] = []
        self.violations: list[str] = []
        self._statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self._last = 0
        self._ids = 0

    def new_id(self, letter: str) -> str:
        self._ids += 1
        return f"{letter}0{self._ids:08X}"

    def new_ts(self) -> str:
        """A `ts` later than every other one of the workspace."""
        self._last = max(self._last + 1, int(self.wall() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def person(self, name: str, team: str | None = None) -> Person:
        """The person of that name, new if there is none; `team` names another organisation's workspace."""
        home = self.team_id if team is None else team
        for person in self.people.values():
            if (person.name, person.team) == (name, home):
                return person
        person = Person(self.new_id("U"), name, home)
        self.people[person.id] = person
        return person

    def open_channel(
        self, name: str, members: Iterable[str], kind: str = "channel", *, shared: bool = False
    ) -> Channel:
        """The conversation of that name, new if there is none; the members are in it then."""
        for channel in self.channels.values():
            if (channel.name, channel.kind) == (name, kind):
                channel.members |= set(members)
                return channel
        channel = Channel(self.new_id({"im": "D"}.get(kind, "C")), name, kind, shared, members=set(members))
        self.channels[channel.id] = channel
        return channel

    def direct(self, *users: str) -> Channel:
        """The direct message between the bot and one person, or several."""
        name = "-".join(sorted(users))
        return self.open_channel(name, {self.bot_user_id, *users}, "im" if len(users) == 1 else "mpim")

    def visible(self, channel: object) -> Channel:
        """A channel that the app can see: public, or one that it is in.

        Raises:
            Refusal: channel_not_found.
        """
        found = self.channels.get(str(channel))
        if found is None or (found.kind != "channel" and self.bot_user_id not in found.members):
            raise Refusal("channel_not_found")
        return found

    def joined(self, channel: object) -> Channel:
        """A channel that the app is in.

        Raises:
            Refusal: channel_not_found, not_in_channel.
        """
        found = self.visible(channel)
        if self.bot_user_id not in found.members:
            raise Refusal("not_in_channel")
        return found

    def thread_root(self, channel: Channel, thread_ts: object, word: str = "thread_not_found") -> str | None:
        """The thread that a post with this `thread_ts` lands in; None at top level.

        Raises:
            Refusal: `word`, where `thread_ts` is of no message.
        """
        if thread_ts is None or thread_ts == "":
            return None
        parent = channel.messages.get(str(thread_ts))
        if parent is None:
            raise Refusal(word)
        if parent.thread_ts is not None:
            # Slack takes it, and says in chat.postMessage: "Avoid using a reply's ts value; use its parent instead."
            self.violations.append(f"thread_ts {thread_ts} in {channel.id} is the ts of a reply")
        return parent.root

    def own(self, channel: Channel, ts: object) -> Message:
        """One of the app's own messages.

        Raises:
            Refusal: message_not_found, cant_update_message.
        """
        found = channel.messages.get(str(ts))
        if found is None:
            raise Refusal("message_not_found")
        if found.bot_id != self.bot_id:
            raise Refusal("cant_update_message")
        return found

    def by_bot(self, channel: str, text: str, thread_ts: str | None = None, to: str = "") -> Message:
        """A new message of the app, not posted yet."""
        ts = self.new_ts()
        return Message(
            channel, ts, self.bot_user_id, text, self.clock(), thread_ts, bot_id=self.bot_id, app_id=self.app_id, to=to
        )

    def post(self, message: Message) -> Message:
        """Put a message into its channel, or before the eyes of the one person it is for."""
        if message.to:
            self.hidden.append(message)
            self.told("ephemeral", message, None)
            return message
        self.channels[message.channel].messages[message.ts] = message
        if message.bot_id and message.thread_ts:
            self._statuses.pop((message.channel, message.thread_ts), None)
        self.told("posted", message, None)
        return message

    def change(self, old: Message, new: Message, *, quietly: bool = False) -> Message:
        """Put `new` in the place of `old`. `quietly`: people see it, but no event goes out."""
        new = replace(new, edits=(*old.edits, Edit(self.clock(), new.text, new.blocks)))
        self.channels[old.channel].messages[old.ts] = new
        self.told("updated", new, None if quietly else old)
        return new

    def delete(self, message: Message) -> None:
        del self.channels[message.channel].messages[message.ts]
        self.told("deleted", message, None)

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        self._statuses[channel, thread_ts] = (status, self.clock())
        self.told("status", replace(self.by_bot(channel, status, thread_ts), ts=""), None)

    def status(self, channel: str, thread_ts: str) -> str:
        """The status line under a thread; empty where there is none or it is older than two minutes."""
        status, since = self._statuses.get((channel, thread_ts), ("", 0.0))
        return status if self.clock() - since < STATUS_LASTS else ""

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread's first message and its replies, oldest first."""
        return [m for m in self.channels[channel].messages.values() if m.root == thread_ts]

    def as_json(self, message: Message, *, with_metadata: bool = False) -> dict[str, object]:
        """A message as the Web API and the events show it."""
        person = self.people.get(message.user)
        shown: dict[str, object] = {
            "type": "message",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "team": person.team if person else self.team_id,
        }
        replies = sum(m.thread_ts == message.ts for m in self.channels[message.channel].messages.values())
        optional: Mapping[str, object] = {
            "client_msg_id": message.client_msg_id,
            "thread_ts": message.ts if replies else message.thread_ts,
            "reply_count": replies,
            "parent_user_id": self._parent(message),
            "blocks": list(message.blocks),
            "attachments": list(message.attachments),
            "bot_id": message.bot_id,
            "app_id": message.app_id,
            "bot_profile": self._profile() if message.bot_id else None,
            "edited": message.edited,
            "files": [self.file_json(file) for file in message.files],
            "metadata": message.metadata if with_metadata else None,
        }
        return shown | {key: value for key, value in optional.items() if value}

    def _parent(self, message: Message) -> str:
        if message.thread_ts is None:
            return ""
        parent = self.channels[message.channel].messages.get(message.thread_ts)
        return parent.user if parent else ""

    def _profile(self) -> dict[str, object]:
        return {
            "id": self.bot_id,
            "app_id": self.app_id,
            "name": self.bot_name,
            "team_id": self.team_id,
            "deleted": False,
        }

    def file_json(self, file: File) -> dict[str, object]:
        address = f"{self.origin}/files-pri/{file.id}/{file.name}"
        kind = file.name.rpartition(".")[2]
        return {
            "id": file.id,
            "name": file.name,
            "title": file.name,
            "mimetype": file.mimetype,
            "filetype": kind,
            "size": len(file.content),
            "url_private": address,
            "url_private_download": address,
        }
