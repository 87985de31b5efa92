"""Groups Slack's error codes by what they mean: the token, the place or the message is gone, or the form is wrong."""

from __future__ import annotations

from typing import Final

NO_TOKEN: Final = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "team_access_not_granted"}
    | {"org_login_required"}
)
"""The token is no longer valid: no call with it can succeed (Slack docs, errors of every method)."""

BLOCK_MISMATCH: Final = "block_mismatch"
"""The blocks of a message cannot be replaced by these (Slack docs, chat.update)."""

SHAPE: Final = frozenset(
    {"msg_too_long", "msg_blocks_too_long", "msg_blocks_too_many", "invalid_blocks", "invalid_blocks_format"}
    | {BLOCK_MISMATCH, "no_text"}
)
"""Slack refuses the form of the message, not the message: the same text is sent again in a plainer form."""

NOT_WANTED: Final = frozenset(
    {"message_not_found", "is_archived", "is_inactive", "channel_not_found", "not_in_channel"}
)
"""Somebody has deleted the message, archived the channel or removed the bot from it, on purpose: the answer ends
there without another message."""

STOPPED_BY_USER: Final = "stopped_by_user"
"""A person has ended a stream with Slack's own button: the answer is no longer wanted (Slack docs,
chat.appendStream)."""

UNINSTALLED: Final = frozenset({"token_revoked", "account_inactive"})
"""The part of NO_TOKEN after which installing the app again gives a token that works (Slack docs, auth.test)."""

SOCKET_MODE_OFF: Final = frozenset({"socket_mode_disabled", "forbidden_team", "access_denied"})
"""The app-level token is valid, but Socket Mode is switched off in the app (Slack docs, apps.connections.open)."""

RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
"""One call too many for now, as with HTTP status 429."""

SLACK_FAILED: Final = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack itself failed, and may have done part of the work all the same (Slack docs, errors of every method)."""
