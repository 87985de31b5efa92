"""Implements the chat methods and the status line."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.playground.slack import behaviours, rules
from bot.playground.slack.arguments import Args, text, truth
from bot.playground.slack.channels import Channel
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Draft, Refusal
from bot.playground.slack.side_effects import note, note_previews, note_status
from bot.playground.slack.streams import Streams
from bot.playground.slack.wire import message_json
from bot.playground.slack.workspace import LocalWorkspace


def post_message(workspace: LocalWorkspace, args: Args, scopes: frozenset[str]) -> dict[str, object]:
    channel = _writable(workspace, args, scopes)
    new = rules.draft(args)
    rules.check_post(new)
    behaviours.check_reported(workspace, new.blocks or ())
    thread_ts = workspace.thread_root(channel, args.get("thread_ts"))
    message = place(workspace, channel, new, thread_ts, args)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(workspace, message, with_metadata=True)}


def place(workspace: LocalWorkspace, channel: Channel, new: Draft, thread_ts: str | None, args: Args) -> Message:
    """Post a checked draft as the app, and note what it would ping and preview."""
    message = workspace.by_bot(channel.id, _cut(workspace, new.text or ""), thread_ts)
    message = replace(message, blocks=new.blocks or (), attachments=new.attachments or (), metadata=new.metadata)
    note(workspace, message, args)
    previews_off = truth(args, "unfurl_links") is False and truth(args, "unfurl_media") is False
    if not previews_off:
        note_previews(workspace, message)
    return workspace.post(behaviours.posted(workspace, message, previews_off=previews_off))


def _writable(workspace: LocalWorkspace, args: Args, scopes: frozenset[str]) -> Channel:
    channel = workspace.visible(args.get("channel"))
    if channel.archived:
        raise Refusal("is_archived")
    public = channel.kind == "channel" and "chat:write.public" in scopes
    return channel if public else workspace.joined(channel.id)


def _cut(workspace: LocalWorkspace, written: str) -> str:
    if len(written) > rules.MOST_POSTED:
        workspace.blame(f"a text of {len(written)} characters was cut at {rules.MOST_POSTED}")
    return written[: rules.MOST_POSTED]


def update(workspace: LocalWorkspace, streams: Streams, args: Args) -> dict[str, object]:
    """chat.update. Text without blocks removes the blocks; what is not given stays. The "(edited)" mark comes with
    text alone, not with blocks (Slack docs, chat.update)."""
    channel = workspace.visible(args.get("channel"))
    if channel.archived:
        raise Refusal("is_inactive")
    old = workspace.own(channel, args.get("ts"))
    if streams.running(old):
        raise Refusal("streaming_state_conflict")
    new = rules.draft(args)
    rules.check_update(new, old)
    behaviours.check_reported(workspace, new.blocks or ())
    behaviours.check_edit(workspace, old, new.blocks)
    blocks = old.blocks if new.blocks is None and new.text is None else (new.blocks or ())
    marked = (new.text is not None and not new.blocks) or "edit_unmarked" in workspace.reported
    changed = replace(
        old,
        text=old.text if new.text is None else new.text,
        blocks=blocks,
        attachments=old.attachments if new.attachments is None else new.attachments,
        metadata=old.metadata if new.metadata is None else new.metadata,
        edited={"user": old.user, "ts": workspace.new_ts()} if marked else old.edited,
    )
    note(workspace, changed, args)
    changed = workspace.change(old, behaviours.edited(workspace, changed))
    shown = message_json(workspace, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": shown}


def delete(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    channel = workspace.visible(args.get("channel"))
    message = channel.messages.get(text(args, "ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message.bot_id != workspace.bot_id:
        raise Refusal("cant_delete_message")
    workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    channel = workspace.joined(args.get("channel"))
    if channel.archived:
        raise Refusal("is_archived")
    user = text(args, "user")
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    new = rules.draft(args)
    rules.check_post(new)
    thread_ts = workspace.thread_root(channel, args.get("thread_ts"))
    if thread_ts is not None and len(workspace.thread(channel.id, thread_ts)) < 2:
        workspace.blame("chat.postEphemeral in a thread that has no reply yet: nobody sees it there")
    message = workspace.by_bot(channel.id, _cut(workspace, new.text or ""), thread_ts, to=user)
    workspace.post(replace(message, blocks=new.blocks or (), attachments=new.attachments or ()))
    return {"message_ts": message.ts}


def set_status(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    """assistant.threads.setStatus: at most ten loading messages of at most 50 characters."""
    channel = workspace.joined(args.get("channel_id"))
    root = workspace.thread_root(channel, args.get("thread_ts"), "invalid_thread_ts")
    if root is None:
        raise Refusal("invalid_thread_ts")
    if "status_line" in workspace.reported and channel.kind != "im":
        raise Refusal("channel_type_not_supported")
    loading = args.get("loading_messages")
    loading = loading.split(",") if isinstance(loading, str) else loading
    if loading is not None and not (isinstance(loading, list) and 1 <= len(loading) <= 10):
        raise Refusal("invalid_arguments", "[ERROR] 1 to 10 items allowed [json-pointer:/loading_messages]")
    if loading and not all(isinstance(line, str) and 1 <= len(line) <= 50 for line in loading):
        raise Refusal("invalid_arguments", f"[ERROR] 1 to 50 characters: {json.dumps(loading)}")
    status = text(args, "status")
    note_status(workspace, channel.id, root, status)
    workspace.set_status(channel.id, root, status)
    return {}
