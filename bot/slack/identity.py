"""Holds who the bot is in a workspace."""

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

    @property
    def organisations(self) -> frozenset[str]:
        return frozenset({self.team, self.enterprise} - {""})
