"""Finds the workspace that a payload is for, before any listener; acknowledges and drops what is for no one here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog
from slack_bolt.async_app import AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot.slack.installation import Installation, installation_of
from bot.workspace.registry import Registry

log = structlog.get_logger(__name__)

Middleware = Callable[
    [Mapping[str, object], AsyncBoltContext, Callable[[], Awaitable[None]]], Awaitable[BoltResponse | None]
]

# What is for no installation: Slack tries whether the address is ours. Bolt answers it.
_HANDSHAKES = ("url_verification", "ssl_check")
# Installations that were told of; where there are more, they are told of anew.
_MOST_LOGGED = 1_000


def finding_the_workspace(registry: Registry) -> Middleware:
    """The middleware that comes before Bolt's authorization. Listeners have what it finds as `workspace`."""
    logged: set[Installation] = set()

    async def find(
        body: Mapping[str, object],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[None]],  # noqa: A002  # Bolt's own name
    ) -> BoltResponse | None:
        if body.get("type") in _HANDSHAKES:
            await next()
            return None
        named = installation_of(body)
        workspace = registry.find(named)
        if workspace is None:
            if named not in logged:
                if len(logged) >= _MOST_LOGGED:
                    logged.clear()
                logged.add(named)
                log.warning(
                    "payload of another installation dropped",
                    app=named.app,
                    enterprise=named.enterprise,
                    team=named.team,
                )
            return BoltResponse(status=200, body="")  # not to be delivered again
        context["workspace"] = workspace
        await next()
        return None

    return find
