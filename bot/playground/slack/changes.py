"""Defines the changes of a workspace that listeners are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.playground.slack.channels import Channel, Person
from bot.playground.slack.message import Message, Ping


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message is new, has changed or is gone. `previous` is what it was before an update that sends an event."""

    kind: Literal["posted", "updated", "deleted", "ephemeral", "withdrawn"]
    message: Message
    previous: Message | None = None


@dataclass(frozen=True, slots=True)
class StatusSet:
    """The status line under a thread; empty: there is no line now. `by_post`: an answer has taken its place."""

    channel: str
    thread_ts: str
    status: str
    by_post: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with an agent in a thread: whether it is `processing` or `active`, and its name."""

    status: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class SessionSet:
    """An agent has begun a session in a thread, or changed its status."""

    channel: str
    thread_ts: str
    session: Session


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody has put a reaction to a message, or taken it back."""

    message: Message
    user: str
    name: str
    added: bool


@dataclass(frozen=True, slots=True)
class Met:
    """A person is new."""

    person: Person


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation is new, or something of it has changed: its members, whether it is archived."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ViewsChanged:
    """Something has changed in the modals that a person has open."""

    user: str


@dataclass(frozen=True, slots=True)
class HomeChanged:
    """A person's Home tab has been published."""

    user: str


@dataclass(frozen=True, slots=True)
class Blamed:
    """The app did something that Slack lets pass, but that a good app does not do."""

    text: str


@dataclass(frozen=True, slots=True)
class Connected:
    """So many Socket Mode connections take payloads now."""

    sockets: int


WorkspaceChange: TypeAlias = (
    MessageChanged | StatusSet | SessionSet | Reacted | Met | Opened | ViewsChanged | HomeChanged | Ping | Blamed
)
