"""Writes messages, files, people and conversations as JSON, for the Web API and events alike."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from bot.playground.slack.channels import Channel, Person
from bot.playground.slack.elements import named
from bot.playground.slack.message import File, Message
from bot.playground.slack.views import View
from bot.playground.slack.workspace import LocalWorkspace


def message_json(workspace: LocalWorkspace, message: Message, *, with_metadata: bool = False) -> dict[str, object]:
    """A message. Blocks and elements that the app gave no ids have them here, as in Slack."""
    person = workspace.people.get(message.user)
    shown: dict[str, object] = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": person.team if person else workspace.team_id,
    }
    channel = workspace.channels[message.channel]
    replies = 0 if message.to else channel.replies(message.ts)
    parent = channel.messages.get(message.thread_ts) if message.thread_ts is not None else None
    optional: Mapping[str, object] = {
        "client_msg_id": message.client_msg_id,
        "thread_ts": message.ts if replies else message.thread_ts,
        "reply_count": replies,
        "parent_user_id": parent.user if parent else "",
        "blocks": named(message.blocks),
        "attachments": list(message.attachments),
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "bot_profile": _profile(workspace, message) if message.bot_id else None,
        "edited": message.edited,
        "streaming_state": message.streaming_state,
        "files": [shared_file_json(workspace, file) for file in message.files],
        "reactions": reactions_json(workspace, message),
        "metadata": message.metadata if with_metadata else None,
    }
    return shown | {key: value for key, value in optional.items() if value}


def reactions_json(workspace: LocalWorkspace, message: Message) -> list[dict[str, object]]:
    """The reactions to a message in the order in which each was first given."""
    given = workspace.reactions.get((message.channel, message.ts), {})
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in given.items()]


def _profile(workspace: LocalWorkspace, message: Message) -> dict[str, object]:
    return {
        "id": message.bot_id,
        "app_id": message.app_id,
        "name": workspace.bot_name if message.bot_id == workspace.bot_id else message.app_id,
        "team_id": workspace.team_id,
        "deleted": False,
    }


def view_json(workspace: LocalWorkspace, view: View, state: Mapping[str, object] | None = None) -> dict[str, object]:
    """A view; `state` is what a person has put in so far."""
    unset: dict[str, object] = {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "title": None,
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
    }
    return {
        **unset,
        **view.body,
        "id": view.id,
        "team_id": workspace.team_id,
        "app_id": workspace.app_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
        "blocks": view.blocks,
        "state": state or {"values": {}},
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
    }


def file_json(workspace: LocalWorkspace, file: File) -> dict[str, object]:
    address = f"{workspace.origin}/files-pri/{file.id}/{quote(file.name, safe='')}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2],
        "size": len(file.content),
        "mode": "hosted",
        "url_private": address,
        "url_private_download": address,
        **file.details,
    }


def shared_file_json(workspace: LocalWorkspace, file: File) -> dict[str, object]:
    """A file as a message gives it."""
    if file.is_stub:
        return {"id": file.id, "mode": "file_access", "file_access": "check_file_info"}
    return file_json(workspace, file)


def channel_json(workspace: LocalWorkspace, channel: Channel) -> dict[str, object]:
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


def person_json(workspace: LocalWorkspace, person: Person) -> dict[str, object]:
    tells_enterprise = bool(person.enterprise) and "siblings" not in workspace.reported
    return {
        "id": person.id,
        "team_id": person.team,
        "name": person.name.lower().replace(" ", "."),
        "real_name": person.name,
        "deleted": False,
        "is_bot": person.is_bot,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": False,
        "is_stranger": person.team != workspace.team_id and not person.enterprise,
        **({"enterprise_user": {"enterprise_id": person.enterprise}} if tells_enterprise else {}),
        "profile": {"display_name": person.name, "real_name": person.name, "team": person.team},
    }
