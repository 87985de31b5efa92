"""Dispatches the methods of the Web API that the local Slack has, each with the arguments that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.slack import agents, chat, reactions
from bot.playground.slack import read_methods as reading
from bot.playground.slack import view_methods as viewing
from bot.playground.slack.arguments import Args, need
from bot.playground.slack.envelopes import HISTORY_SCOPES
from bot.playground.slack.rules import Refusal
from bot.playground.slack.streams import Streams
from bot.playground.slack.triggers import Triggers
from bot.playground.slack.uploads import Uploads
from bot.playground.slack.workspace import LocalWorkspace

SCOPES = frozenset(
    {
        *("app_mentions:read", "chat:write", "commands", "users:read", "files:read", "files:write"),
        *("reactions:read", "reactions:write"),
        *("channels:history", "groups:history", "im:history", "mpim:history"),
        *("channels:read", "groups:read", "im:read", "mpim:read", "im:write", "mpim:write"),
        *("usergroups:read", "assistant:write"),
    }
)
"""What the app has been granted unless a test says otherwise: all that the methods here can ask for."""

OF_EMAIL = "users:read.email"
"""A scope beyond those, with which people's addresses are told."""

_OPENING = ("trigger_id", "view")
_REACTION = ("channel", "timestamp", "name")
_READ_SCOPES = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}


@dataclass(frozen=True, slots=True)
class _Method:
    do: Callable[[Args], dict[str, object]]
    needs: tuple[str, ...] = ()
    scope: str | dict[str, str] = ""
    """One scope, or one for each kind of channel."""


class Methods:
    """All methods, on one workspace, for an app with `scopes`."""

    def __init__(self, workspace: LocalWorkspace, uploads: Uploads, triggers: Triggers, scopes: frozenset[str]) -> None:
        self._workspace, self._scopes = workspace, scopes
        self.streams = streams = Streams(workspace)
        read = reading
        self._table = {
            "auth.test": _Method(lambda args: read.auth_test(workspace)),
            "chat.postMessage": _Method(
                lambda args: chat.post_message(workspace, args, scopes), ("channel",), "chat:write"
            ),
            "chat.update": _Method(lambda a: chat.update(workspace, streams, a), ("channel", "ts"), "chat:write"),
            "chat.delete": _Method(lambda args: chat.delete(workspace, args), ("channel", "ts"), "chat:write"),
            "chat.postEphemeral": _Method(
                lambda args: chat.post_ephemeral(workspace, args), ("channel", "user"), "chat:write"
            ),
            "chat.startStream": _Method(streams.start, ("channel", "thread_ts"), "chat:write"),
            "chat.appendStream": _Method(streams.append, ("channel", "ts"), "chat:write"),
            "chat.stopStream": _Method(streams.stop, ("channel", "ts"), "chat:write"),
            "assistant.threads.setStatus": _Method(
                lambda args: chat.set_status(workspace, args), ("channel_id", "thread_ts"), "chat:write"
            ),
            "assistant.threads.setSuggestedPrompts": _Method(
                lambda args: agents.suggest(workspace, args), ("channel_id", "prompts"), "assistant:write"
            ),
            "agents.sessions.setStatus": _Method(
                lambda args: agents.set_session(workspace, args), ("status",), "chat:write"
            ),
            "conversations.replies": _Method(
                lambda args: read.replies(workspace, args), ("channel", "ts"), HISTORY_SCOPES
            ),
            "conversations.history": _Method(lambda args: read.history(workspace, args), ("channel",), HISTORY_SCOPES),
            "conversations.info": _Method(lambda args: read.info(workspace, args), ("channel",), _READ_SCOPES),
            "conversations.open": _Method(lambda args: read.open_direct(workspace, args), (), "im:write"),
            "bots.info": _Method(lambda args: read.bot_info(workspace, args), ("bot",), "users:read"),
            "users.info": _Method(
                lambda args: read.user_info(workspace, args, with_email=OF_EMAIL in scopes), ("user",), "users:read"
            ),
            "usergroups.list": _Method(lambda args: read.user_groups(workspace), (), "usergroups:read"),
            "usergroups.users.list": _Method(
                lambda args: read.group_members(workspace, args), ("usergroup",), "usergroups:read"
            ),
            "users.list": _Method(lambda args: read.users(workspace, args), (), "users:read"),
            "conversations.list": _Method(lambda args: read.channels(workspace, args), (), "channels:read"),
            "users.conversations": _Method(lambda args: read.own_channels(workspace, args), (), "channels:read"),
            "conversations.members": _Method(lambda args: read.members(workspace, args), ("channel",), _READ_SCOPES),
            "reactions.add": _Method(lambda args: reactions.add(workspace, args), _REACTION, "reactions:write"),
            "reactions.remove": _Method(lambda args: reactions.remove(workspace, args), _REACTION, "reactions:write"),
            "reactions.get": _Method(lambda args: reactions.get(workspace, args), _REACTION[:2], "reactions:read"),
            "views.open": _Method(lambda args: viewing.open_modal(workspace, triggers, args), _OPENING),
            "views.push": _Method(lambda args: viewing.push(workspace, triggers, args), _OPENING),
            "views.update": _Method(lambda args: viewing.update(workspace, args), ("view",)),
            "views.publish": _Method(lambda args: viewing.publish(workspace, args), ("user_id", "view")),
            "files.info": _Method(lambda args: read.file_info(workspace, args), ("file",), "files:read"),
            "files.getUploadURLExternal": _Method(uploads.announce, ("filename", "length"), "files:write"),
            "files.delete": _Method(uploads.delete, ("file",), "files:write"),
            "files.completeUploadExternal": _Method(uploads.complete, ("files", "channel_id"), "files:write"),
        }

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def do(self, name: str, args: Args) -> dict[str, object]:
        """Do the work of a call and return its answer, without `ok`.

        Raises:
            Refusal: Slack says no.
        """
        method = self._table[name]
        self._check_scope(method, args)
        need(args, *method.needs)
        return method.do(args)

    def _check_scope(self, method: _Method, args: Args) -> None:
        scope = method.scope
        if isinstance(scope, dict):
            channel = self._workspace.channels.get(str(args.get("channel")))
            scope = scope[channel.kind if channel else "channel"]
        if scope and scope not in self._scopes:
            raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(self._scopes)))
