"""Keeps the state of a workspace: people, channels, messages, threads, status lines, and what the app did wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from bot.playground.slack.changes import (
    Blamed,
    MessageChanged,
    Met,
    Opened,
    Reacted,
    Session,
    SessionSet,
    StatusSet,
    WorkspaceChange,
)
from bot.playground.slack.channels import Channel, Person
from bot.playground.slack.message import Edit, File, Message, Ping, Preview
from bot.playground.slack.rules import Refusal
from bot.playground.slack.views import Views

UPLOAD = ""
STATUS_LASTS = 120.0
"""Seconds until Slack removes a status line by itself (Slack docs, assistant.threads.setStatus)."""


class LocalWorkspace:
    """One workspace with one app in it. `clock` is steady and in seconds, `wall` is seconds since the epoch."""

    team_id, bot_user_id, bot_id, app_id = "T0LOCAL01", "U0LOCALBOT", "B0LOCALBOT", "A0LOCALAPP"
    team_name, bot_name = "Local", "flowise"

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        changed: Callable[[WorkspaceChange], None],
        team_id: str = team_id,
    ) -> None:
        self.clock, self.wall, self.changed, self.team_id = clock, wall, changed, team_id
        self.origin = ""
        """Where the server answers, for addresses that it gives out: "http://127.0.0.1:PORT"."""
        bot = Person(self.bot_user_id, self.bot_name, self.team_id, is_bot=True)
        self.people: dict[str, Person] = {bot.id: bot}
        self.channels: dict[str, Channel] = {}
        self.hidden: list[Message] = []
        """All ephemeral messages."""
        self.views = Views(self.new_id, wall, changed)
        self.files: dict[str, File] = {}
        self.file_waits: dict[str, Callable[[], Awaitable[object]]] = {}
        """What is awaited before the bytes of a file are given, by its id; for UPLOAD, once the next ones have come."""
        self.user_groups: dict[str, str] = {}
        """The ids of the user groups by their handles."""
        self.group_members: dict[str, list[str]] = {}
        """The ids of the people in each user group, by its id."""
        self.enterprise_id = ""
        """The organisation that the workspace belongs to; empty: to none."""
        self.longest_page = 1_000
        """So many messages of a thread or channel are given at a time, whatever the app asks for."""
        self.reported: set[str] = set()
        """The names of the behaviours that are as somebody has reported them, not as documented."""
        self.stream_seconds = 300.0
        """Seconds after which a stream is over, even while it is appended to (slackapi/python-slack-sdk#1859)."""
        self.reactions: dict[tuple[str, str], dict[str, list[str]]] = {}
        """Of each message by (channel, ts): the names given to it, and who gave each, both in order."""
        self.is_agent = False
        self.sessions: dict[tuple[str, str], Session] = {}
        """Those of an agent, by (channel, thread_ts)."""
        self.prompts: dict[str, list[dict[str, str]]] = {}
        """What an agent's pane suggests, by the channel of its direct message."""
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

    def person(
        self, name: str, team: str | None = None, *, guest: bool = False, bot: bool = False, enterprise: str = ""
    ) -> Person:
        """The person of that name, or the bot, new if there is none; `team` names another workspace."""
        home = self.team_id if team is None else team
        for person in self.people.values():
            if (person.name, person.team) == (name, home):
                return person
        person = Person(self.new_id("U"), name, home, bot, guest, enterprise)
        self.people[person.id] = person
        self.changed(Met(person))
        return person

    def open_channel(
        self, name: str, members: Iterable[str], kind: str = "channel", *, shared: bool = False
    ) -> Channel:
        """The conversation of that name, new if there is none; the members are in it then."""
        for channel in self.channels.values():
            if (channel.name, channel.kind) == (name, kind):
                self.join(channel, *members)
                return channel
        channel = Channel(self.new_id({"im": "D"}.get(kind, "C")), name, kind, shared, members=set(members))
        self.channels[channel.id] = channel
        self.changed(Opened(channel))
        return channel

    def join(self, channel: Channel, *users: str) -> None:
        """Add people to a channel; whoever is in it already stays."""
        if not channel.members.issuperset(users):
            channel.members.update(users)
            self.changed(Opened(channel))

    def leave(self, channel: Channel, user: str) -> None:
        channel.members.discard(user)
        self.changed(Opened(channel))

    def archive(self, channel: Channel) -> None:
        channel.archived = True
        self.changed(Opened(channel))

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
            self.blame(f"thread_ts {thread_ts} in {channel.id} is the ts of a reply")
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
        """Post a message into its channel, or to the one person it is for."""
        channel = self.channels[message.channel]
        if message.to:
            self.hidden.append(message)
            channel.roots[message.ts] = message.root
            self.changed(MessageChanged("ephemeral", message))
            return message
        channel.put(message)
        if message.bot_id == self.bot_id and message.thread_ts:
            self._clear_status(message.channel, message.thread_ts)
        self.changed(MessageChanged("posted", message))
        return message

    def change(self, old: Message, new: Message, *, quietly: bool = False) -> Message:
        """Replace `old` by `new`. `quietly`: people see it, but no event goes out."""
        began = old.began or Edit(old.at, old.text, old.blocks)
        new = replace(new, edits=(*old.edits, Edit(self.clock(), new.text, new.blocks)), began=began)
        self.channels[old.channel].put(new)
        self.changed(MessageChanged("updated", new, None if quietly else old))
        return new

    def delete(self, message: Message) -> None:
        self.channels[message.channel].drop(message)
        self.changed(MessageChanged("deleted", message))
        self.reactions.pop((message.channel, message.ts), None)

    def withdraw(self, message: Message) -> None:
        """Remove an ephemeral message from what its reader sees."""
        self.hidden.remove(message)
        self.changed(MessageChanged("withdrawn", message))

    def react(self, message: Message, user: str, name: str, *, on: bool) -> bool:
        """Add a person's reaction to a message, or remove it; False where it already is so."""
        given = self.reactions.setdefault((message.channel, message.ts), {})
        users = given.setdefault(name, [])
        changed = (user in users) is not on
        if changed and on:
            users.append(user)
        elif changed:
            users.remove(user)
        if not users:
            del given[name]
        if changed:
            self.changed(Reacted(message, user, name, on))
        return changed

    def ping(self, ping: Ping) -> None:
        """Note that a message of the app would notify somebody."""
        self.pings.append(ping)
        self.changed(ping)

    def blame(self, text: str) -> None:
        """Note what the app did that Slack lets pass, but that a good app does not do."""
        self.violations.append(text)
        self.changed(Blamed(text))

    def set_session(self, channel: str, thread_ts: str, status: str, title: str = "") -> Session:
        """Make an agent's session, or change its status: one that is there keeps its title."""
        known = self.sessions.get((channel, thread_ts))
        session = self.sessions[channel, thread_ts] = Session(status, known.title if known else title)
        self.changed(SessionSet(channel, thread_ts, session))
        return session

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        self._statuses[channel, thread_ts] = (status, self.clock())
        self.changed(StatusSet(channel, thread_ts, status))

    def _clear_status(self, channel: str, thread_ts: str) -> None:
        status, _ = self._statuses.pop((channel, thread_ts), ("", 0.0))
        if status:
            self.changed(StatusSet(channel, thread_ts, "", by_post=True))

    def status(self, channel: str, thread_ts: str) -> str:
        """The status line under a thread; empty where there is none or it is older than two minutes."""
        status, since = self._statuses.get((channel, thread_ts), ("", 0.0))
        return status if self.clock() - since < STATUS_LASTS else ""

    def shown_status(self, channel: str, thread_ts: str, status: str) -> Message:
        """A status line in the form of a message that has no `ts`."""
        return replace(self.by_bot(channel, status, thread_ts), ts="")

    @property
    def statuses(self) -> list[StatusSet]:
        """Every status line that is shown now."""
        return [StatusSet(*place, status) for place in self._statuses if (status := self.status(*place))]

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread's first message and its replies, oldest first."""
        return self.channels[channel].thread(thread_ts)
