"""Knows what Slack's error words say about our standing: whether the token, the place or the message is gone."""

from __future__ import annotations

from typing import Final

NO_TOKEN: Final = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "team_access_not_granted"}
    | {"org_login_required"}
)
"""The token is not taken any more: no call with it can succeed (Slack docs, errors of every method)."""

NOT_WANTED: Final = frozenset(
    {"message_not_found", "is_archived", "is_inactive", "channel_not_found", "not_in_channel"}
)
"""Somebody has deleted the message, archived the channel or taken us out of it: on purpose, so that an answer ends
there without a further word."""
