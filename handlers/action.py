"""Knows what to do with buttons, menus and shortcuts: none is ours yet, but Slack wants each answered."""

from __future__ import annotations

import re

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

log = structlog.get_logger(__name__)


def register(app: AsyncApp) -> None:
    """Acknowledge what a link button or a left-over of another version of the app sends; Slack would show an error."""

    async def on_any(ack: AsyncAck) -> None:
        await ack()
        log.info("an interaction that nothing handles")

    anything = re.compile(".*")
    app.action(anything)(on_any)
    app.shortcut(anything)(on_any)
    app.view(anything)(on_any)
    app.options(anything)(on_any)
