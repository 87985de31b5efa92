"""Implements the reactions methods: an app adds one to a message, removes it, and asks for all of them."""

from __future__ import annotations

import re

from bot.playground.slack.arguments import Args, text
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.wire import message_json
from bot.playground.slack.workspace import LocalWorkspace

_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    message, name = _message(workspace, args), _name(args)
    if not workspace.react(message, workspace.bot_user_id, name, on=True):
        raise Refusal("already_reacted")
    return {}


def remove(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    message, name = _message(workspace, args), _name(args)
    if not workspace.react(message, workspace.bot_user_id, name, on=False):
        raise Refusal("no_reaction")
    return {}


def get(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    message = _message(workspace, args)
    return {"type": "message", "channel": message.channel, "message": message_json(workspace, message)}


def _message(workspace: LocalWorkspace, args: Args) -> Message:
    channel = workspace.joined(args.get("channel"))
    message = channel.messages.get(text(args, "timestamp"))
    if message is None:
        raise Refusal("message_not_found")
    return message


def _name(args: Args) -> str:
    name = text(args, "name")
    if not _NAME.fullmatch(name):
        raise Refusal("invalid_name")
    return name
