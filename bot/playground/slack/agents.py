"""Implements the methods that only an agent may call: sessions and suggested prompts."""

from __future__ import annotations

from bot.playground.slack.arguments import Args, text
from bot.playground.slack.pings import pings
from bot.playground.slack.rules import Refusal
from bot.playground.slack.workspace import LocalWorkspace

_STATUSES = frozenset({"processing", "active", "suspended", "closed"})
_LONGEST_TITLE = 200
_MOST_PROMPTS = 4


def set_session(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """agents.sessions.setStatus: a session that is not there is made, with its title."""
    _only_for_agents(workspace)
    channel = workspace.joined(args.get("channel_id"))
    root = workspace.thread_root(channel, args.get("thread_ts"), "invalid_thread_ts")
    status, title = text(args, "status"), text(args, "title")
    if root is None:
        raise Refusal("invalid_thread_ts")
    if status not in _STATUSES or len(title) > _LONGEST_TITLE:
        raise Refusal("invalid_arguments")
    if live := pings(title, (), (), frozenset(), parse=True):
        workspace.blame(f"the title of a session names {sorted(live)}")
    session = workspace.set_session(channel.id, root, status, title)
    return {"status": session.status, "title": session.title}


def suggest(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """assistant.threads.setSuggestedPrompts: what the pane of an agent shows, or one thread of it."""
    _only_for_agents(workspace)
    channel, prompts = workspace.joined(args.get("channel_id")), args.get("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= _MOST_PROMPTS:
        raise Refusal("invalid_arguments")
    if not all(isinstance(each, dict) and each.get("title") and each.get("message") for each in prompts):
        raise Refusal("invalid_arguments")
    workspace.prompts[channel.id] = [dict(each) for each in prompts]
    return {}


def _only_for_agents(workspace: LocalWorkspace) -> None:
    if not workspace.is_agent:
        raise Refusal("not_agent_app")
