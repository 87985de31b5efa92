"""What people read who may not ask: why, and whom to ask about it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack import wording


def channel(who: str) -> str:
    """Nobody may ask in this channel."""
    return f"I don't answer in this channel. To change that, please ask {who}."


def person(who: str) -> str:
    """This person may not ask."""
    return f"I can't answer you: not everybody here may ask me. To change that, please ask {who}."


def guest(who: str) -> str:
    """No guest may ask."""
    return f"I can't answer you: guests of this workspace may not ask me. To change that, please ask {who}."


def unknown(who: str) -> str:
    """It cannot be seen whether this person may ask."""
    return f"I can't see right now whether you may ask me. Please try again in a few minutes, or ask {who}."


def admins(names: Sequence[str]) -> str:
    """Whom to ask: those who look after the bot, by name, or else whoever looks after the workspace."""
    return wording.listed(names) if names else "your workspace admin"
