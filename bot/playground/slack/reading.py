"""Knows what the reading methods tell of a workspace, and the two small ones beside them: reactions, opening a DM."""

from __future__ import annotations

import re

from bot.playground.slack.arguments import Args, text, truth, whole
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.workspace import Channel, Workspace


def auth_test(workspace: Workspace) -> dict[str, object]:
    return {
        "url": f"{workspace.origin}/",
        "team": "Local",
        "user": workspace.bot_name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def replies(workspace: Workspace, args: Args) -> dict[str, object]:
    """conversations.replies: oldest first, the thread's first message always at the head of the first page."""
    channel = workspace.joined(args.get("channel"))
    root = channel.messages.get(text(args, "ts"))
    if root is None:
        raise Refusal("thread_not_found")
    thread = workspace.thread(channel.id, root.root)
    chosen = [m for m in thread if m.ts == root.root or _within(m, args)]
    return _page(workspace, args, chosen, whole(args, "limit", 1_000, 1_000))


def history(workspace: Workspace, args: Args) -> dict[str, object]:
    """conversations.history: newest first, without the replies in threads."""
    channel = workspace.joined(args.get("channel"))
    top = [m for m in channel.messages.values() if m.thread_ts is None and _within(m, args)]
    return _page(workspace, args, top[::-1], whole(args, "limit", 100, 999))


def _within(message: Message, args: Args) -> bool:
    oldest, latest = text(args, "oldest"), text(args, "latest")
    if truth(args, "inclusive") and message.ts in {oldest, latest}:
        return True
    after = not oldest or oldest == "0" or _order(message.ts) > _order(oldest)
    return after and (not latest or _order(message.ts) < _order(latest))


def _order(ts: str) -> tuple[int, int]:
    seconds, _, micros = ts.partition(".")
    try:
        return int(seconds), int((micros or "0").ljust(6, "0")[:6])
    except ValueError:
        raise Refusal("invalid_ts_latest") from None


def _page(workspace: Workspace, args: Args, chosen: list[Message], limit: int) -> dict[str, object]:
    cursor = text(args, "cursor")
    if cursor and not re.fullmatch(r"next:[0-9]+", cursor):
        raise Refusal("invalid_cursor")
    start = int(cursor.removeprefix("next:") or 0)
    with_metadata = bool(truth(args, "include_all_metadata"))
    page = [workspace.as_json(m, with_metadata=with_metadata) for m in chosen[start : start + limit]]
    more = len(chosen) > start + limit
    answer: dict[str, object] = {"messages": page, "has_more": more}
    if more:
        answer["response_metadata"] = {"next_cursor": f"next:{start + limit}"}
    return answer


def info(workspace: Workspace, args: Args) -> dict[str, object]:
    return {"channel": _channel_json(workspace, workspace.visible(args.get("channel")))}


def _channel_json(workspace: Workspace, channel: Channel) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": channel.id,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_archived": channel.archived,
        "is_member": workspace.bot_user_id in channel.members,
        "is_ext_shared": channel.shared,
        "context_team_id": workspace.team_id,
    }
    if channel.kind == "im":
        return shown | {"user": next(iter(channel.members - {workspace.bot_user_id}))}
    return shown | {"name": channel.name, "name_normalized": channel.name}


def open_direct(workspace: Workspace, args: Args) -> dict[str, object]:
    if args.get("channel"):
        channel = workspace.visible(args.get("channel"))
    else:
        users = [user for user in text(args, "users").split(",") if user]
        if not users:
            raise Refusal("users_list_not_supplied")
        if any(user not in workspace.people for user in users):
            raise Refusal("user_not_found")
        channel = workspace.direct(*users)
    full = _channel_json(workspace, channel)
    return {"channel": full if truth(args, "return_im") else {"id": channel.id}}


def bot_info(workspace: Workspace, args: Args) -> dict[str, object]:
    if text(args, "bot") != workspace.bot_id:
        raise Refusal("bot_not_found")
    shown = {
        "id": workspace.bot_id,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user_id,
        "name": workspace.bot_name,
        "deleted": False,
    }
    return {"bot": shown}


def user_info(workspace: Workspace, args: Args) -> dict[str, object]:
    person = workspace.people.get(text(args, "user"))
    if person is None:
        raise Refusal("user_not_found")
    shown = {
        "id": person.id,
        "team_id": person.team,
        "name": person.name.lower().replace(" ", "."),
        "real_name": person.name,
        "deleted": False,
        "is_bot": person.is_bot,
        "is_stranger": person.team != workspace.team_id,
        "profile": {"display_name": person.name, "real_name": person.name, "team": person.team},
    }
    return {"user": shown}


def add_reaction(workspace: Workspace, args: Args) -> dict[str, object]:
    channel = workspace.joined(args.get("channel"))
    ts, name = text(args, "timestamp"), text(args, "name")
    if ts not in channel.messages:
        raise Refusal("message_not_found")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise Refusal("invalid_name")
    if (channel.id, ts, name) in workspace.reactions:
        raise Refusal("already_reacted")
    workspace.reactions.add((channel.id, ts, name))
    return {}
