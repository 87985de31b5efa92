"""Shows a local Slack to a client that watches it: all of it at once, and each change as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict

from bot.playground.slack.changes import (
    Blamed,
    HomeChanged,
    MessageChanged,
    Met,
    Opened,
    Reacted,
    StatusSet,
    ViewsChanged,
)
from bot.playground.slack.channels import Channel, Person
from bot.playground.slack.core import Happening
from bot.playground.slack.delivery import Attempt
from bot.playground.slack.elements import Block, named
from bot.playground.slack.manifest import COMMANDS
from bot.playground.slack.markdown_drawing import MarkdownDrawing
from bot.playground.slack.message import Edit, Message, Ping
from bot.playground.slack.records import Json, call_json, delivery_json
from bot.playground.slack.server import LocalSlack
from bot.playground.slack.web import ApiCall
from bot.playground.slack.wire import message_json, reactions_json, view_json

MOST_CALLS, MOST_DELIVERIES = 500, 200


class ClientState:
    """One local Slack as JSON: `snapshot` is all of it, and `listen` tells each change. Whoever applies every change
    to a snapshot has what a later snapshot shows, but for what goes by itself: a status line after two minutes, and
    the word that a stream is running five minutes after its start, with the Markdown healed for it. Times are seconds
    since the epoch.

    A message is as in the Web API, but for what a client needs to draw it: each of its `markdown` blocks has its
    `tree`, so that no client parses.
    """

    def __init__(self, slack: LocalSlack) -> None:
        self._core, self._workspace = slack.core, slack.core.workspace
        self._listeners: list[Callable[[Json], object]] = []
        self._calls: deque[Json] = deque(maxlen=MOST_CALLS)
        self._deliveries: deque[Json] = deque(maxlen=MOST_DELIVERIES)
        self._called, self._delivered = 0, 0
        self._markdown = MarkdownDrawing()
        for call in self._core.calls:
            self._noted(call)
        for attempt in self._core.attempts:
            self._noted(attempt)
        self._core.listen(self._happened)

    def listen(self, callback: Callable[[Json], object]) -> Callable[[], None]:
        """Call back with each change from now on; call what is returned to end that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def snapshot(self) -> Json:
        """The whole state of the local Slack, as the first message to a client."""
        workspace = self._workspace
        return {
            "kind": "hello",
            "team": {"id": workspace.team_id, "name": workspace.team_name},
            "bot": {
                "user_id": workspace.bot_user_id,
                "bot_id": workspace.bot_id,
                "app_id": workspace.app_id,
                "name": workspace.bot_name,
            },
            "commands": [asdict(command) for command in COMMANDS],
            "people": [self._person(person) for person in workspace.people.values()],
            "channels": [self._channel(channel) for channel in workspace.channels.values()],
            "messages": [self._message(message) for message in self._standing()],
            "ephemerals": [self._message(message) for message in workspace.hidden],
            "statuses": [self._status(status) for status in workspace.statuses],
            "views": {user: self._views(user) for user, stack in workspace.views.modals.items() if stack},
            "homes": {user: self._home(user) for user in workspace.views.homes},
            "calls": list(self._calls),
            "deliveries": list(self._deliveries),
            "pings": [asdict(ping) for ping in workspace.pings],
            "violations": list(workspace.violations),
            "now": workspace.wall(),
        }

    def versions(self, channel: str, ts: str) -> list[Json]:
        """Every state that a message has had, oldest first. Their Markdown has no trees: there may be hundreds of
        them, and a client looks at one at a time.

        Raises:
            LookupError: there is no such message.
        """
        message = self._core.message(channel, ts)
        return [
            {"at": float(ts) + edit.at - message.at, "text": edit.text, "blocks": named(edit.blocks)}
            for edit in _states(message)
        ]

    def version(self, channel: str, ts: str, index: int) -> list[Block]:
        """The blocks of one of these states, as they are drawn.

        Raises:
            LookupError: there is no such message, or no such state of it.
        """
        message = self._core.message(channel, ts)
        states = _states(message)
        if not 0 <= index < len(states):
            raise LookupError("This message has no such version.")
        return self._markdown.blocks(named(states[index].blocks), growing=self._core.methods.streams.running(message))

    # ── what happens ──

    def _happened(self, happening: Happening) -> None:
        record = self._noted(happening) if isinstance(happening, ApiCall | Attempt) else None
        if not self._listeners:
            return
        for change in [record] if record is not None else self._changes(happening):
            for listener in list(self._listeners):
                listener(change)

    def _noted(self, happening: ApiCall | Attempt) -> Json:
        # The steady clock may stand still while the machine sleeps, so that the two are compared anew each time.
        at = happening.at + self._workspace.wall() - self._workspace.clock()
        if isinstance(happening, ApiCall):
            self._called += 1
            self._calls.append(call_json(self._workspace, self._called, happening, at))
            return {"kind": "call", "call": self._calls[-1]}
        self._delivered += 1
        self._deliveries.append(delivery_json(self._workspace, self._delivered, happening, at))
        return {"kind": "delivery", "delivery": self._deliveries[-1]}

    def _changes(self, happening: Happening) -> Iterator[Json]:
        match happening:
            case MessageChanged():
                yield from self._said(happening)
            case Reacted(message=message):
                yield {"kind": "message", "message": self._message(message)}
            case StatusSet():
                yield {"kind": "status"} | self._status(happening)
            case Met(person):
                yield {"kind": "person", "person": self._person(person)}
            case Opened(channel):
                yield {"kind": "channel", "channel": self._channel(channel)}
            case ViewsChanged(user):
                yield {"kind": "views", "user": user, "views": self._views(user)}
            case HomeChanged(user):
                yield {"kind": "home", "user": user, "view": self._home(user)}
            case Ping():
                yield {"kind": "ping", "ping": asdict(happening)}
            case Blamed(text):
                yield {"kind": "violation", "text": text}

    def _said(self, said: MessageChanged) -> Iterator[Json]:
        message = said.message
        if said.kind in ("deleted", "withdrawn"):
            yield {"kind": "deleted", "channel": message.channel, "ts": message.ts}
        else:
            yield {"kind": "message", "message": self._message(message)}
        for other in self._beside(said):
            yield {"kind": "message", "message": self._message(other)}

    def _beside(self, said: MessageChanged) -> list[Message]:
        """Messages that look different because of another one: the first of a thread tells how many replies it has,
        each reply whom it answers."""
        message, channel = said.message, self._workspace.channels[said.message.channel]
        if said.kind not in ("posted", "deleted"):
            return []
        if message.thread_ts is not None:
            first = channel.messages.get(message.root)
            return [first] if first is not None else []
        hidden = [m for m in self._workspace.hidden if (m.channel, m.thread_ts) == (channel.id, message.ts)]
        return [*channel.thread(message.ts), *hidden] if said.kind == "deleted" else []

    # ── how it looks ──

    def _standing(self) -> list[Message]:
        found = [message for channel in self._workspace.channels.values() for message in channel.messages.values()]
        return sorted(found, key=lambda message: float(message.ts))

    def _person(self, person: Person) -> Json:
        outsider = person.team != self._workspace.team_id
        role = "bot" if person.is_bot else "outsider" if outsider else "guest" if person.is_guest else "member"
        return {"id": person.id, "name": person.name, "role": role, "team": person.team}

    def _channel(self, channel: Channel) -> Json:
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "shared": channel.shared,
            "archived": channel.archived,
            "members": sorted(channel.members),
        }

    def _message(self, message: Message) -> Json:
        streaming = self._core.methods.streams.running(message)
        shown = message_json(self._workspace, message, with_metadata=True) | {
            "channel": message.channel,
            "reactions": [] if message.to else reactions_json(self._workspace, message),
            "versions": 1 + len(message.edits),
            "streaming": streaming,
            "at": float(message.ts),
        }
        if message.blocks:
            shown["blocks"] = self._markdown.blocks(named(message.blocks), growing=streaming)
        if message.attachments:
            shown["attachments"] = self._markdown.attachments(message.attachments, growing=streaming)
        return shown | {"to": message.to} if message.to else shown

    def _status(self, status: StatusSet) -> Json:
        return {"channel": status.channel, "thread_ts": status.thread_ts, "status": status.status}

    def _views(self, user: str) -> list[Json]:
        return [
            view_json(self._workspace, view) | {"user": user} for view in self._workspace.views.modals.get(user, ())
        ]

    def _home(self, user: str) -> Json | None:
        view = self._workspace.views.homes.get(user)
        return view_json(self._workspace, view) | {"user": user} if view is not None else None


def _states(message: Message) -> tuple[Edit, ...]:
    return (message.began or Edit(message.at, message.text, message.blocks), *message.edits)
