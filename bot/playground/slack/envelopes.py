"""Knows what Slack sends to an app: events in their envelopes, and slash commands."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from bot.playground.slack.message import Message
from bot.playground.slack.pings import mentions
from bot.playground.slack.workspace import Channel, Workspace

HISTORY_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"}


def events(
    workspace: Workspace, kind: str, message: Message, previous: Message | None, scopes: frozenset[str]
) -> list[dict[str, object]]:
    """The envelopes that a change in a channel sends to the app: none where it is not a member or lacks the scope.

    A person's mention of the bot makes two of them, each with its own `event_id`.
    """
    channel = workspace.channels.get(message.channel)
    if channel is None or message.to or workspace.bot_user_id not in channel.members:
        return []
    inner: list[dict[str, object]] = []
    if HISTORY_SCOPES[channel.kind] in scopes:
        inner += _message_events(workspace, channel, kind, message, previous)
    if _is_mention(workspace, channel, kind, message, previous) and "app_mentions:read" in scopes:
        inner.append(_mention_event(workspace, channel, message))
    return [envelope(workspace, channel, event) for event in inner]


def farewells(workspace: Workspace) -> list[dict[str, object]]:
    """What the app is sent when it is uninstalled: `tokens_revoked` names users, not tokens (Slack docs)."""
    revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [workspace.bot_user_id]}}
    return [envelope(workspace, None, event) for event in (revoked, {"type": "app_uninstalled"})]


def envelope(workspace: Workspace, channel: Channel | None, event: Mapping[str, object]) -> dict[str, object]:
    """The outer part of an event, with a fresh `event_id`; `channel` None: it is of the whole workspace."""
    authorization = {
        "enterprise_id": None,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": "deprecated",
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "context_enterprise_id": None,
        "api_app_id": workspace.app_id,
        "type": "event_callback",
        "event_id": f"Ev{uuid4().hex[:10].upper()}",
        "event_time": int(workspace.wall()),
        "event_context": f"EC{uuid4().hex}",
        "is_ext_shared_channel": channel is not None and channel.shared,
        "authorizations": [authorization],
        "event": dict(event),
    }


def _message_events(
    workspace: Workspace, channel: Channel, kind: str, message: Message, previous: Message | None
) -> list[dict[str, object]]:
    where: dict[str, object] = {"type": "message", "channel": channel.id, "channel_type": channel.kind}
    if kind == "posted":
        subtype: dict[str, object] = {"subtype": "file_share"} if message.files else {}
        shown = workspace.as_json(message, with_metadata=True)
        return [shown | where | subtype | {"event_ts": message.ts} | _stranger(workspace, message)]
    hidden = where | {"hidden": True, "ts": workspace.new_ts()}
    hidden["event_ts"] = hidden["ts"]
    if kind == "updated" and previous is not None:
        changed = {
            "subtype": "message_changed",
            "message": workspace.as_json(message) | _stranger(workspace, message),
            "previous_message": workspace.as_json(previous),
        }
        return [hidden | changed]
    if kind == "deleted":
        gone = {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": workspace.as_json(message)}
        return [hidden | gone]
    return []


def _is_mention(workspace: Workspace, channel: Channel, kind: str, message: Message, previous: Message | None) -> bool:
    happened = kind == "posted" or (kind == "updated" and previous is not None)
    in_channel = channel.kind in {"channel", "group", "mpim"}
    return happened and in_channel and not message.bot_id and mentions(message.text, workspace.bot_user_id)


def _mention_event(workspace: Workspace, channel: Channel, message: Message) -> dict[str, object]:
    """No `channel_type`, no subtype; an edit has the old `ts` and an `edited`."""
    shown = workspace.as_json(message)
    shown.pop("parent_user_id", None)
    event_ts = message.edited["ts"] if message.edited else message.ts
    return shown | {"type": "app_mention", "channel": channel.id, "event_ts": event_ts} | _stranger(workspace, message)


def _stranger(workspace: Workspace, message: Message) -> dict[str, object]:
    person = workspace.people.get(message.user)
    if person is None or person.team == workspace.team_id:
        return {}
    return {"user_team": person.team, "source_team": person.team}


def command(
    workspace: Workspace, channel: Channel, user: str, name: str, text: str, response_url: str
) -> dict[str, object]:
    """A slash command; it knows no thread and has no `ts`."""
    person = workspace.people[user]
    return {
        "token": "deprecated",
        "team_id": person.team,
        "team_domain": "local",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.kind == "im" else channel.name,
        "user_id": user,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": f"{uuid4().int % 10**13}.{uuid4().int % 10**13}.{uuid4().hex}",
    }


def press(workspace: Workspace, message: Message, user: str, label: str) -> dict[str, object]:
    """What the press of the button of that label in a message sends (Slack docs, block_actions payload).

    Raises:
        LookupError: there is no such button.
    """
    person = workspace.people[user]
    action = _button(message, label)
    return {
        "type": "block_actions",
        "token": "deprecated",
        "api_app_id": workspace.app_id,
        "team": {"id": workspace.team_id, "domain": "local"},
        "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team},
        "channel": {"id": message.channel, "name": workspace.channels[message.channel].name},
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": bool(message.to),
        },
        "message": workspace.as_json(message),
        "actions": [action | {"action_ts": workspace.new_ts()}],
        "trigger_id": f"{uuid4().int % 10**13}.{uuid4().int % 10**13}.{uuid4().hex}",
    }


def _button(message: Message, label: str) -> dict[str, object]:
    for number, block in enumerate(message.blocks):
        elements = block.get("elements")
        for element in elements if block.get("type") == "actions" and isinstance(elements, list) else ():
            text = element.get("text")
            if element.get("type") == "button" and isinstance(text, Mapping) and text.get("text") == label:
                return {**element, "block_id": block.get("block_id", f"b{number}")}
    raise LookupError(f"there is no button {label!r} in {message.ts}")
