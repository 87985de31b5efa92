"""Implements the methods that read a workspace, and the small one beside them that opens a direct message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.playground.slack.arguments import Args, text, truth, whole
from bot.playground.slack.behaviours import SHORT_PAGE
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.wire import channel_json, file_json, message_json, person_json
from bot.playground.slack.workspace import LocalWorkspace

_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def auth_test(workspace: LocalWorkspace) -> dict[str, object]:
    return {
        "url": f"{workspace.origin}/",
        "team": workspace.team_name,
        "user": workspace.bot_name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
        **({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}),
    }


def replies(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """conversations.replies: oldest first, the thread's first message always at the head of the first page."""
    channel = workspace.joined(args.get("channel"))
    root = channel.messages.get(text(args, "ts"))
    if root is None:
        raise Refusal("thread_not_found")
    thread = workspace.thread(channel.id, root.root)
    chosen = [m for m in thread if m.ts == root.root or _within(m, args)]
    return _page(workspace, args, chosen, whole(args, "limit", 1_000, 1_000))


def history(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
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


def _page(workspace: LocalWorkspace, args: Args, chosen: list[Message], limit: int) -> dict[str, object]:
    longest = SHORT_PAGE if "long_pages" in workspace.reported else workspace.longest_page
    start, limit = _start(args), min(limit, longest)
    with_metadata = bool(truth(args, "include_all_metadata")) and "metadata_found" not in workspace.reported
    page = [message_json(workspace, m, with_metadata=with_metadata) for m in chosen[start : start + limit]]
    more = len(chosen) > start + limit
    answer: dict[str, object] = {"messages": page, "has_more": more}
    if more:
        answer["response_metadata"] = {"next_cursor": f"next:{start + limit}"}
    return answer


def _start(args: Args) -> int:
    cursor = text(args, "cursor")
    if cursor and not re.fullmatch(r"next:[0-9]+", cursor):
        raise Refusal("invalid_cursor")
    return int(cursor.removeprefix("next:") or 0)


def info(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    return {"channel": channel_json(workspace, workspace.visible(args.get("channel")))}


def open_direct(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    if args.get("channel"):
        channel = workspace.visible(args.get("channel"))
    else:
        users = [user for user in text(args, "users").split(",") if user]
        if not users:
            raise Refusal("users_list_not_supplied")
        if any(user not in workspace.people for user in users):
            raise Refusal("user_not_found")
        channel = workspace.direct(*users)
    full = channel_json(workspace, channel)
    return {"channel": full if truth(args, "return_im") else {"id": channel.id}}


def bot_info(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
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


def user_info(workspace: LocalWorkspace, args: Args, *, with_email: bool) -> dict[str, object]:
    """users.info: the address only with a scope of its own, the locale only where it is asked for."""
    person = workspace.people.get(text(args, "user"))
    if person is None:
        raise Refusal("user_not_found")
    user = person_json(workspace, person)
    if with_email and isinstance(profile := user["profile"], dict):
        profile["email"] = person.email
    if truth(args, "include_locale"):
        user["locale"] = "en-GB"
    return {"user": user}


def file_info(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    file = workspace.files.get(text(args, "file"))
    if file is None:
        raise Refusal("file_not_found")
    return {"file": file_json(workspace, file)}


def user_groups(workspace: LocalWorkspace) -> dict[str, object]:
    """usergroups.list: all at once."""
    shown = [
        {"id": group, "team_id": workspace.team_id, "handle": handle, "name": handle, "is_usergroup": True}
        for handle, group in workspace.user_groups.items()
    ]
    return {"usergroups": shown}


def group_members(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """usergroups.users.list: the ids of the people in a user group."""
    members = workspace.group_members.get(text(args, "usergroup"))
    if members is None:
        raise Refusal("no_such_subteam")
    return {"users": list(members)}


def members(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    channel = workspace.visible(args.get("channel"))
    return _listed("members", sorted(channel.members), args)


def users(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    shown = [person_json(workspace, person) for person in workspace.people.values()]
    return _listed("members", shown, args)


def channels(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """conversations.list: without other `types`, the public channels."""
    wanted = {_KINDS.get(name.strip()) for name in (text(args, "types") or "public_channel").split(",")}
    if None in wanted:
        raise Refusal("invalid_types")
    shown = [
        channel_json(workspace, channel)
        for channel in workspace.channels.values()
        if channel.kind in wanted
        and (channel.kind == "channel" or workspace.bot_user_id in channel.members)
        and not (channel.archived and truth(args, "exclude_archived"))
    ]
    return _listed("channels", shown, args)


def own_channels(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """users.conversations, of the app itself: the public channels that it is in."""
    if text(args, "types") not in ("", "public_channel"):
        raise Refusal("invalid_types")
    shown = [
        channel_json(workspace, channel)
        for channel in workspace.channels.values()
        if channel.kind == "channel" and workspace.bot_user_id in channel.members and not channel.archived
    ]
    return _listed("channels", shown, args)


def _listed(key: str, items: Sequence[object], args: Args) -> dict[str, object]:
    """A page of a list; these always tell a cursor, empty on the last page."""
    start, limit = _start(args), whole(args, "limit", 100, 1_000)
    more = len(items) > start + limit
    cursor = f"next:{start + limit}" if more else ""
    return {key: list(items[start : start + limit]), "response_metadata": {"next_cursor": cursor}}
