"""Shows a local Slack, a Flowise and the bot between them in a browser."""

from __future__ import annotations

from bot.playground.page.page import PageServer

__all__ = ["PageServer"]
