"""Declares what conversations need of Slack, as protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.records.thread import Thread
from bot.slack.calls import Call, Result
from bot.slack.messages import EarlierMessage, Marked
from bot.slack.people import Person
from bot.slack.shared_files import SharedFile


class Slack(Protocol):
    """One workspace, as the bot's token sees it."""

    async def call(self, call: Call) -> Result:
        """Make one call, once. Errors of Slack and the network are results, and are not raised."""
        ...

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        """The last `limit` messages of a thread before the message `before`, oldest first.

        With `after`, those that others have written after the message `after`, read with one request: none where
        Slack does not tell all of them at once. What only tells the bot what to do (`help`, `quiet`) is left out.
        They hold the names of channels that the `asker`, a user id, can see.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        ...

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        """The bot's messages for one question after the message `since`: those posted with a mark that begins with
        `reference` and a hyphen. A message keeps its mark when it is edited.

        Raises:
            SlackRefused, SlackUnavailable: they cannot be read.
        """
        ...

    async def name(self, user: str) -> str:
        """The display name of a user id, cached for a while; empty if Slack does not tell."""
        ...

    async def person(self, user: str) -> Person | None:
        """Who a user is, cached for a while; None if Slack does not tell."""
        ...

    async def channel_name(self, channel: str) -> str:
        """The name of a public channel, cached for a while; empty for any other, or if Slack does not tell."""
        ...


class HomeTabs(Protocol):
    """The Home tabs of one workspace."""

    async def publish_home(self, user: str, view: Mapping[str, object]) -> Result:
        """Show a person a Home in place of the one before, once. Errors are results, and are not raised."""
        ...


class AttachedFiles(Protocol):
    """The files that people have attached in one workspace."""

    async def file(self, file_id: str) -> SharedFile:
        """A file by its id, where a message gives no more of it.

        Raises:
            SlackRefused, SlackUnavailable: Slack does not tell.
        """
        ...

    async def content(self, file: SharedFile) -> bytearray:
        """The bytes of a file: at most as many as its `size` says.

        Raises:
            FileRefusedError: it cannot be fetched.
        """
        ...
