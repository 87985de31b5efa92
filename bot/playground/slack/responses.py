"""Knows response URLs: where an app answers a command, five times in thirty minutes, member of the channel or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from bot.playground.slack import rules
from bot.playground.slack.arguments import Args, text, truth
from bot.playground.slack.chat import place
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.workspace import Workspace

MOST_USES = 5
LASTS = 1_800.0
"""Seconds (Slack docs, Handling user interaction)."""


@dataclass(slots=True)
class _Address:
    channel: str
    user: str
    since: float
    uses: int = 0
    last: Message | None = None


class ResponseUrls:
    """All response URLs that were handed out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._addresses: dict[str, _Address] = {}

    def new(self, channel: str, user: str) -> str:
        key = uuid4().hex
        self._addresses[key] = _Address(channel, user, self._workspace.clock())
        return f"{self._workspace.origin}/response/{key}"

    def use(self, key: str, args: Args) -> None:
        """Post what an app has sent to a response URL.

        Raises:
            Refusal: expired_url, used_url, or what is wrong with the message.
        """
        address = self._addresses.get(key)
        if address is None or self._workspace.clock() - address.since > LASTS:
            raise Refusal("expired_url")
        if address.uses >= MOST_USES:
            raise Refusal("used_url")
        address.uses += 1
        if truth(args, "delete_original"):
            self._take_away(address)
            return
        rules.check_post(rules.draft(args), total=False)
        if truth(args, "replace_original"):
            self._take_away(address)
        self.answer(address.channel, address.user, args, address)

    def _take_away(self, address: _Address) -> None:
        if address.last is not None:
            self._workspace.hidden.remove(address.last)
            address.last = None

    def answer(self, channel: str, user: str, args: Args, address: _Address | None = None) -> Message:
        """Show an answer to a command: to the person alone, unless `response_type` is in_channel."""
        new = rules.draft(args)
        rules.check_post(new, total=False)
        place_of = self._workspace.channels[channel]
        thread_ts = self._workspace.thread_root(place_of, args.get("thread_ts"))
        if text(args, "response_type") == "in_channel":
            return place(self._workspace, place_of, new, thread_ts, args)
        message = self._workspace.by_bot(channel, new.text or "", thread_ts, to=user)
        message = self._workspace.post(replace(message, blocks=new.blocks or (), attachments=new.attachments or ()))
        if address is not None:
            address.last = message
        return message
