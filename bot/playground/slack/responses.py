"""Implements response URLs: an app answers a command or a click, five times in thirty minutes, member or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from bot.playground.slack import rules
from bot.playground.slack.arguments import Args, text, truth
from bot.playground.slack.chat import place
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.workspace import LocalWorkspace

MOST_USES = 5
LASTS = 1_800.0
"""Seconds (Slack docs, Handling user interaction)."""


@dataclass(slots=True)
class _Address:
    """`original` is what `replace_original` and `delete_original` mean: the message that was clicked in, or the last
    answer to a command that only its reader sees."""

    channel: str
    user: str
    since: float
    original: Message | None = None
    uses: int = 0


class ResponseUrls:
    """All response URLs that were given out."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._workspace = workspace
        self._addresses: dict[str, _Address] = {}

    def new(self, channel: str, user: str, original: Message | None = None) -> str:
        """An address for what a person did in a channel; `original` is the message they clicked in."""
        key = uuid4().hex
        self._addresses[key] = _Address(channel, user, self._workspace.clock(), original)
        return f"{self._workspace.origin}/response/{key}"

    def channel(self, key: str) -> str:
        """The channel that an address belongs to; empty where the address is unknown."""
        return self._addresses[key].channel if key in self._addresses else ""

    def use(self, key: str, args: Args) -> Message | None:
        """Post what an app has sent to a response URL; gives the message, or None where one was deleted.

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
            return None
        rules.check_post(rules.draft(args), total=False)
        standing = self._standing(address.original)
        if truth(args, "replace_original") and standing is not None and not standing.to:
            return self._replace(standing, args)
        if truth(args, "replace_original"):
            self._take_away(address)
        message = self.answer(address.channel, address.user, args)
        if message.to and (address.original is None or truth(args, "replace_original")):
            address.original = message
        return message

    def _standing(self, message: Message | None) -> Message | None:
        """A message as it is now; None where it is gone."""
        if message is None or message.to:
            return message if message in self._workspace.hidden else None
        return self._workspace.channels[message.channel].messages.get(message.ts)

    def _take_away(self, address: _Address) -> None:
        standing, address.original = self._standing(address.original), None
        if standing is not None and standing.to:
            self._workspace.withdraw(standing)
        elif standing is not None:
            self._workspace.delete(standing)

    def _replace(self, standing: Message, args: Args) -> Message:
        new = rules.draft(args)
        changed = replace(standing, text=new.text or "", blocks=new.blocks or (), attachments=new.attachments or ())
        return self._workspace.change(standing, changed)

    def answer(self, channel: str, user: str, args: Args) -> Message:
        """Show an answer to a command: to the person alone, unless `response_type` is in_channel."""
        new = rules.draft(args)
        rules.check_post(new, total=False)
        place_of = self._workspace.channels[channel]
        thread_ts = self._workspace.thread_root(place_of, args.get("thread_ts"))
        if text(args, "response_type") == "in_channel":
            return place(self._workspace, place_of, new, thread_ts, args)
        message = self._workspace.by_bot(channel, new.text or "", thread_ts, to=user)
        return self._workspace.post(replace(message, blocks=new.blocks or (), attachments=new.attachments or ()))
