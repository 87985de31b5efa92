"""Records what an app's message would do to people: whom it would notify, what Slack would fetch."""

from __future__ import annotations

from bot.playground.slack.arguments import Args, text, truth
from bot.playground.slack.message import Message, Ping, Preview
from bot.playground.slack.pings import pings, urls
from bot.playground.slack.workspace import LocalWorkspace

# A workspace has these two even where nobody has opened them here, so that their bare names are live too.
_ALWAYS_THERE = frozenset({"general", "random"})


def note(workspace: LocalWorkspace, message: Message, args: Args) -> None:
    """Note whom an app's message would notify, and arguments that make a model's text live."""
    parse = text(args, "parse") == "full" or bool(truth(args, "link_names"))
    if parse:
        workspace.blame(f"link_names or parse=full on a message in {message.channel}")
    found = pings(message.text, message.blocks, message.attachments, _names(workspace), parse=parse)
    for target in found:
        workspace.ping(Ping(message.channel, message.ts, target))


def note_status(workspace: LocalWorkspace, channel: str, thread_ts: str, status: str) -> None:
    """Note whom a status would notify. Slack does not say how it reads one, so that everything in it counts as live."""
    for target in pings(status, (), (), _names(workspace), parse=True):
        workspace.ping(Ping(channel, thread_ts, target))


def _names(workspace: LocalWorkspace) -> frozenset[str]:
    return frozenset(c.name for c in workspace.channels.values() if c.kind == "channel") | _ALWAYS_THERE


def note_previews(workspace: LocalWorkspace, message: Message) -> None:
    """Note the addresses that Slack would fetch for a message whose previews are not switched off."""
    found = urls(message.text, message.blocks)
    workspace.previews += [Preview(message.channel, message.ts, url) for url in found]
