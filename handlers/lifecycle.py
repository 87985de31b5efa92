"""Knows what to do when the app is uninstalled, and what comes when Slack takes no calls of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.workspace.uninstall import Uninstall

_EVENTS = frozenset({"app_uninstalled", "tokens_revoked"})


def register(app: AsyncApp, farewell: Uninstall, bot_user: str) -> None:
    """Listen to `app_uninstalled` and `tokens_revoked`, and let nothing else in while there is no way to answer it."""

    @app.middleware
    async def while_there_is_a_token(
        body: Mapping[str, object],
        next: Callable[[], Awaitable[None]],  # noqa: A002  # Bolt's own name
    ) -> BoltResponse | None:
        event = body.get("event")
        if farewell.is_over and not (isinstance(event, Mapping) and event.get("type") in _EVENTS):
            # Not acknowledged: if the token is taken again, Slack has asked again meanwhile.
            return BoltResponse(status=503, body="no token")
        await next()
        return None

    @app.event("app_uninstalled")
    async def on_uninstalled() -> None:
        farewell.say("app_uninstalled")

    @app.event("tokens_revoked")
    async def on_revoked(event: Mapping[str, object]) -> None:
        # The tokens of people who had granted the app something are told of in the same way: not ours.
        tokens = event.get("tokens")
        revoked = tokens.get("bot") if isinstance(tokens, Mapping) else None
        if isinstance(revoked, list) and bot_user in revoked:
            farewell.say("tokens_revoked")
