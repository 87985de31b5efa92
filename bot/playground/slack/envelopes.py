"""Builds the events that a change in the workspace sends to the app, in their envelopes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import uuid4

from bot.playground.slack.changes import MessageChanged, Reacted, WorkspaceChange
from bot.playground.slack.channels import Channel
from bot.playground.slack.manifest import MESSAGES
from bot.playground.slack.message import Message
from bot.playground.slack.pings import mentions
from bot.playground.slack.wire import message_json
from bot.playground.slack.workspace import LocalWorkspace

HISTORY_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"}


def events(
    workspace: LocalWorkspace, change: WorkspaceChange, scopes: frozenset[str], subscriptions: Collection[str]
) -> list[dict[str, object]]:
    """The envelopes that a change sends to the app: none where it is not a member of the channel, lacks the scope or
    has not subscribed.

    A mention of the bot makes two of them, each with its own `event_id`.
    """
    if not isinstance(change, MessageChanged | Reacted):
        return []
    channel = workspace.channels[change.message.channel]
    if change.message.to or workspace.bot_user_id not in channel.members:
        return []
    inner: list[dict[str, object]] = []
    match change:
        case MessageChanged(kind, message, previous):
            if HISTORY_SCOPES[channel.kind] in scopes and MESSAGES[channel.kind] in subscriptions:
                inner += _message_events(workspace, channel, kind, message, previous)
            mentioned = _is_mention(workspace, channel, kind, message, previous)
            if mentioned and "app_mentions:read" in scopes and "app_mention" in subscriptions:
                inner.append(_mention_event(workspace, channel, message))
        case Reacted():
            event = _reaction_event(workspace, change)
            if "reactions:read" in scopes and event["type"] in subscriptions:
                inner.append(event)
    return [envelope(workspace, channel, event) for event in inner]


def accepted(
    workspace: LocalWorkspace, message: Message, scopes: frozenset[str], subscriptions: Collection[str]
) -> list[dict[str, object]]:
    """The envelope of a mention that the app hears once it has been invited: none if it may not hear mentions, or if
    the message no longer mentions it."""
    channel = workspace.channels[message.channel]
    heard = "app_mentions:read" in scopes and "app_mention" in subscriptions
    if not heard or not _is_mention(workspace, channel, "posted", message, None):
        return []
    return [envelope(workspace, channel, _mention_event(workspace, channel, message))]


def _reaction_event(workspace: LocalWorkspace, change: Reacted) -> dict[str, object]:
    return {
        "type": "reaction_added" if change.added else "reaction_removed",
        "user": change.user,
        "reaction": change.name,
        "item_user": change.message.user,
        "item": {"type": "message", "channel": change.message.channel, "ts": change.message.ts},
        "event_ts": workspace.new_ts(),
    }


def home_opened(workspace: LocalWorkspace, user: str, tab: str, view: Mapping[str, object] | None) -> dict[str, object]:
    """The envelope that tells that a person looks at the app's Home tab, or at its messages."""
    channel = workspace.direct(user)
    event: dict[str, object] = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
    event["event_ts"] = workspace.new_ts()
    if view is not None and tab == "home":
        event["view"] = view
    return envelope(workspace, channel, event)


def session_stopped(
    workspace: LocalWorkspace, user: str, channel: str, thread_ts: str, streams: Collection[str]
) -> dict[str, object]:
    """The envelope that tells that a person has pressed Slack's own Stop; `streams` are those that it has ended."""
    event: dict[str, object] = {
        "type": "agent_session_stopped",
        "channel": channel,
        "user": user,
        "thread_ts": thread_ts,
    }
    event |= {"streaming_message_ts": list(streams), "event_ts": workspace.new_ts()}
    return envelope(workspace, workspace.channels[channel], event)


def uninstalled(workspace: LocalWorkspace, subscriptions: Collection[str]) -> list[dict[str, object]]:
    """What the app is sent when it is uninstalled: `tokens_revoked` names users, not tokens (Slack docs)."""
    revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [workspace.bot_user_id]}}
    sent = [event for event in (revoked, {"type": "app_uninstalled"}) if event["type"] in subscriptions]
    return [envelope(workspace, None, event) for event in sent]


def envelope(workspace: LocalWorkspace, channel: Channel | None, event: Mapping[str, object]) -> dict[str, object]:
    """The outer part of an event, with a fresh `event_id`; `channel` None: it is of the whole workspace."""
    authorization = {
        "enterprise_id": workspace.enterprise_id or None,
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
    workspace: LocalWorkspace, channel: Channel, kind: str, message: Message, previous: Message | None
) -> list[dict[str, object]]:
    where: dict[str, object] = {"type": "message", "channel": channel.id, "channel_type": channel.kind}
    if kind == "posted":
        subtype: dict[str, object] = {"subtype": "file_share"} if message.files else {}
        shown = message_json(workspace, message, with_metadata=True)
        return [shown | where | subtype | {"event_ts": message.ts} | _stranger(workspace, message)]
    hidden = where | {"hidden": True, "ts": workspace.new_ts()}
    hidden["event_ts"] = hidden["ts"]
    if kind == "updated" and previous is not None:
        changed = {
            "subtype": "message_changed",
            "message": message_json(workspace, message) | _stranger(workspace, message),
            "previous_message": message_json(workspace, previous),
        }
        return [hidden | changed]
    if kind == "deleted":
        gone = {
            "subtype": "message_deleted",
            "deleted_ts": message.ts,
            "previous_message": message_json(workspace, message),
        }
        return [hidden | gone]
    return []


def _is_mention(
    workspace: LocalWorkspace, channel: Channel, kind: str, message: Message, previous: Message | None
) -> bool:
    happened = kind == "posted" or (kind == "updated" and previous is not None)
    in_channel = channel.kind in {"channel", "group", "mpim"}
    own = message.bot_id == workspace.bot_id
    return happened and in_channel and not own and mentions(message.text, workspace.bot_user_id)


def _mention_event(workspace: LocalWorkspace, channel: Channel, message: Message) -> dict[str, object]:
    """No `channel_type`, no subtype; an edit has the old `ts` and an `edited`."""
    shown = message_json(workspace, message)
    shown.pop("parent_user_id", None)
    event_ts = message.edited["ts"] if message.edited else message.ts
    return shown | {"type": "app_mention", "channel": channel.id, "event_ts": event_ts} | _stranger(workspace, message)


def _stranger(workspace: LocalWorkspace, message: Message) -> dict[str, object]:
    person = workspace.people.get(message.user)
    if person is None or person.team == workspace.team_id:
        return {}
    return {"user_team": person.team, "source_team": person.team}
