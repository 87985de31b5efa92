"""Builds what the app is sent when a person uses it: slash commands, and block_actions of messages and views."""

from __future__ import annotations

from collections.abc import Mapping

from bot.playground.slack import choices
from bot.playground.slack.channels import Channel
from bot.playground.slack.choices import Json
from bot.playground.slack.elements import Block
from bot.playground.slack.message import Message
from bot.playground.slack.views import View
from bot.playground.slack.wire import message_json, view_json
from bot.playground.slack.workspace import LocalWorkspace


def command(workspace: LocalWorkspace, channel: Channel, user: str, name: str, text: str) -> Json:
    """A slash command; it knows no thread and has no `ts`."""
    person = workspace.people[user]
    return {
        "token": "deprecated",
        "team_id": person.team,
        "team_domain": "local",
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
    }


def _channel_name(channel: Channel) -> str:
    return "directmessage" if channel.kind == "im" else channel.name


def interaction(workspace: LocalWorkspace, kind: str, user: str) -> Json:
    """The fields that all interactions have: the kind, the person and their team."""
    person = workspace.people[user]
    return {
        "type": kind,
        "token": "deprecated",
        "api_app_id": workspace.app_id,
        "team": {"id": workspace.team_id, "domain": "local"},
        "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def in_message(workspace: LocalWorkspace, message: Message, user: str, state: Json) -> Json:
    """What a use of an element in a message tells of its place. The app is not told what an ephemeral message holds:
    it is nowhere to be read again."""
    channel = workspace.channels[message.channel]
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    told = interaction(workspace, "block_actions", user) | {
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "container": container | {"is_ephemeral": bool(message.to)},
        "state": state,
    }
    return told if message.to else told | {"message": message_json(workspace, message)}


def in_view(workspace: LocalWorkspace, view: View, state: Json) -> Json:
    """What a use of an element in a view tells of its place."""
    return interaction(workspace, "block_actions", view.user) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(workspace, view, state),
    }


def acted(
    workspace: LocalWorkspace, blocks: list[Block], place: tuple[str, str], user: str, chosen: Mapping[str, object]
) -> dict[str, object]:
    """The entry of `actions` for what a person chose in the element of these (block_id, action_id).

    Raises:
        LookupError: there is no such element, the person does not see it, or it only counts when the view is submitted.
        ValueError: that cannot be chosen in it.
    """
    block, element = choices.find(blocks, *place)
    if block["type"] == "input" and block.get("dispatch_action") is not True:
        raise LookupError(f"what is typed at {'/'.join(place)} is sent with the view, not alone")
    readers = element.get("visible_to_user_ids")
    if isinstance(readers, list) and user not in readers:
        raise LookupError(f"{user} does not see what is at {'/'.join(place)}")
    return choices.action(block, element, chosen, workspace.new_ts())
