"""Defines who the bot is in a workspace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is, by auth.test."""

    team: str
    enterprise: str
    bot_id: str
    bot_user: str
    name: str
    team_name: str = ""
    scopes: frozenset[str] | None = None
    """What the bot token was granted; None where Slack does not say."""
    is_org_wide: bool = False
    """The app is installed in all workspaces of the organisation `enterprise`."""

    @property
    def organisations(self) -> frozenset[str]:
        return frozenset({self.team, self.enterprise} - {""})
