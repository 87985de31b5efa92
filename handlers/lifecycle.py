"""Deletes a workspace's data when the app is uninstalled, and lets nothing in while Slack refuses its token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.workspace.workspace import Workspace

_EVENTS = frozenset({"app_uninstalled", "tokens_revoked"})


def register(app: AsyncApp) -> None:
    """Listen to `app_uninstalled` and `tokens_revoked`, and let nothing else in while there is no way to answer it."""

    @app.middleware
    async def while_there_is_a_token(
        workspace: Workspace,
        body: Mapping[str, object],
        next: Callable[[], Awaitable[None]],  # noqa: A002  # Bolt's own name
    ) -> BoltResponse | None:
        event = body.get("event")
        if not workspace.is_ready and not (isinstance(event, Mapping) and event.get("type") in _EVENTS):
            # Not acknowledged: if the token is taken again, Slack has asked again meanwhile.
            return BoltResponse(status=503, body="no token")
        await next()
        return None

    @app.event("app_uninstalled")
    async def on_uninstalled(workspace: Workspace) -> None:
        workspace.uninstall.report("app_uninstalled")

    @app.event("tokens_revoked")
    async def on_revoked(workspace: Workspace, event: Mapping[str, object]) -> None:
        # The tokens of people who had granted the app something are told of in the same way: not ours.
        tokens = event.get("tokens")
        revoked = tokens.get("bot") if isinstance(tokens, Mapping) else None
        if isinstance(revoked, list) and workspace.identity.bot_user in revoked:
            workspace.uninstall.report("tokens_revoked")
